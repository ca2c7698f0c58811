"""XOAUTH2 at the door of a mailbox, as Microsoft 365 speaks it; Debian's Dovecot has no token server."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from intake_email.credentials import Secret
from intake_email.imap import Connection, LoginError
from intake_email.mailbox import Mailbox

RIGHT = b"user=speakup@example.kz\x01auth=Bearer token\x01\x01"


@asynccontextmanager
async def imap_door() -> AsyncIterator[tuple[int, list[bytes]]]:
    """Lets in who has the token; else asks with an error, as RFC 7628 has it, and says NO."""
    said: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"* OK [CAPABILITY IMAP4rev1 AUTH=XOAUTH2 SASL-IR] ready\r\n")
        while line := await reader.readline():
            tag, command = line.split()[:2]
            answer = b" OK done\r\n"
            if command.upper() == b"CAPABILITY":
                writer.write(b"* CAPABILITY IMAP4rev1 AUTH=XOAUTH2 IDLE UIDPLUS\r\n")
            elif command.upper() == b"AUTHENTICATE":
                writer.write(b"+ \r\n")
                said.append(base64.b64decode(await reader.readline()))
                if said[-1] != RIGHT:
                    writer.write(b"+ " + base64.b64encode(b'{"status":"401"}') + b"\r\n")
                    said.append(base64.b64decode(await reader.readline()))
                    answer = b" NO AUTHENTICATE failed.\r\n"
            writer.write(tag + answer)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1], said
    finally:
        server.close()


async def connect(port: int, token: str) -> Connection:
    mailbox = Mailbox(
        host="127.0.0.1", port=port, security="none", user="speakup@example.kz", token_file="/x"
    )
    return await asyncio.to_thread(Connection, mailbox, Secret(token, is_token=True))


async def test_who_has_the_token_is_let_in() -> None:
    async with imap_door() as (port, said):
        connection = await connect(port, "token")
        assert connection.can_idle
        connection.drop()
    assert said == [RIGHT]


async def test_to_a_refusal_there_is_an_empty_answer_and_then_an_error() -> None:
    async with imap_door() as (port, said):
        with pytest.raises(LoginError):
            await connect(port, "stale")
    assert said[1:] == [b""]
