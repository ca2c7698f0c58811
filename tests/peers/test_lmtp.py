"""A real Postfix hands mails on by LMTP: each becomes one submission, however often it has to try."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiosmtplib
import pytest
from sqlalchemy import text

from embedded import ports
from intake_email import lmtp
from intake_email.settings import Settings
from intake_email.tls import server_context
from tests.intake_email.intake import HOTLINE, Intake
from tests.intake_email.test_accept import MAIL
from tests.peers.postfix import Postfix, run_postfix
from tests.waiting import eventually


@asynccontextmanager
async def lmtp_server(intake: Intake, var: Path, **where: Any) -> AsyncIterator[None]:
    settings = Settings(var=var, **where)
    async with lmtp.listen(settings, intake.acceptor, intake.addresses, server_context(settings)):
        yield


async def send(postfix: Postfix, mail: bytes = MAIL, *to: str) -> None:
    await aiosmtplib.send(
        mail,
        sender="asel@example.kz",
        recipients=list(to) or [HOTLINE],
        hostname="127.0.0.1",
        port=postfix.port,
        start_tls=False,
    )


def hands_on(port: int) -> dict[str, str]:
    return {
        "relay_domains": "localhost",
        "transport_maps": f"inline:{{localhost=lmtp:inet:127.0.0.1:{port}}}",
        "lmtp_destination_recipient_limit": "1",
    }


@pytest.mark.parametrize("to", [(HOTLINE,), (HOTLINE, "speakup+elsewhere@localhost")])
async def test_a_mail_is_one_submission_for_each_recipient(
    intake: Intake, tmp_path: Path, to: tuple[str, ...]
) -> None:
    port = ports.free_port()
    with run_postfix(hands_on(port)) as postfix:
        async with lmtp_server(intake, tmp_path, lmtp_port=port):
            await send(postfix, MAIL, *to)
            await eventually(lambda: len(intake.payloads()) == len(to))
            await eventually(lambda: postfix.log().count("status=sent") == len(to))


async def test_a_mail_waits_in_postfix_while_we_are_away(intake: Intake, tmp_path: Path) -> None:
    port = ports.free_port()
    with run_postfix(hands_on(port)) as postfix:
        await send(postfix)
        await eventually(lambda: "status=deferred" in postfix.log())
        async with lmtp_server(intake, tmp_path, lmtp_port=port):
            await eventually(lambda: len(intake.payloads()) == 1)


async def test_a_mail_waits_in_postfix_while_our_database_fails(
    intake: Intake, tmp_path: Path
) -> None:
    port = ports.free_port()
    async with intake.engine.begin() as connection:
        await connection.execute(text("ALTER TABLE accepted RENAME TO away"))
    with run_postfix(hands_on(port)) as postfix:
        async with lmtp_server(intake, tmp_path, lmtp_port=port):
            await send(postfix)
            await eventually(lambda: "said: 451 4.3.0" in postfix.log())
            assert intake.payloads() == []
            async with intake.engine.begin() as connection:
                await connection.execute(text("ALTER TABLE away RENAME TO accepted"))
            await eventually(lambda: len(intake.payloads()) == 1)


async def said(where: Path | int, *lines: bytes) -> list[bytes]:
    """The last line of each answer."""
    reader, writer = await (
        asyncio.open_unix_connection(where)
        if isinstance(where, Path)
        else asyncio.open_connection("127.0.0.1", where)
    )
    # All at once: an LMTP server has to take pipelined commands.
    writer.write(b"".join(line + b"\r\n" for line in lines))
    answers = []
    for _ in range(len(lines) + 1):
        answer = await reader.readline()
        while answer[3:4] == b"-":
            answer = await reader.readline()
        answers.append(answer)
    writer.close()
    await writer.wait_closed()
    return answers


async def test_on_a_unix_socket_one_recipient_is_taken_and_answered(
    intake: Intake, tmp_path: Path
) -> None:
    path = tmp_path / "lmtp.sock"
    async with lmtp_server(intake, tmp_path, lmtp_socket=path):
        answers = await said(
            path,
            b"LHLO mx",
            b"MAIL FROM:<asel@example.kz>",
            b"RCPT TO:<somebody@localhost>",
            b"RCPT TO:<speakup@localhost>",
            b"RCPT TO:<postmaster@localhost>",
            b"DATA",
            MAIL + b".",
            b"QUIT",
        )
    codes = [answer[:3] for answer in answers]
    assert codes == [b"220", b"250", b"250", b"550", b"250", b"452", b"354", b"250", b"221"]
    assert len(intake.payloads()) == 1


async def test_smtp_is_not_spoken_here(intake: Intake, tmp_path: Path) -> None:
    port = ports.free_port()
    async with lmtp_server(intake, tmp_path, lmtp_port=port):
        answers = await said(port, b"EHLO mx", b"HELO mx", b"QUIT")
    assert [answer[:3] for answer in answers] == [b"220", b"500", b"500", b"221"]
