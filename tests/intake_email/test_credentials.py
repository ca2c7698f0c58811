"""Tokens for XOAUTH2: asked for when needed, asked for again in time, a new refresh token kept."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import parse_qs

import pytest

from intake_email.credentials import Credentials, NoTokenError
from intake_email.mailbox import Mailbox


@asynccontextmanager
async def token_server(
    *answers: dict[str, object],
) -> AsyncIterator[tuple[str, list[dict[str, str]]]]:
    """On loopback: gives these answers one after another and keeps what it was asked."""
    left, asked = list(answers), []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        length = int(head.split(b"content-length: ")[1].split(b"\r\n")[0])
        form = parse_qs((await reader.readexactly(length)).decode())
        asked.append({name: values[0] for name, values in form.items()})
        body = json.dumps(left.pop(0)).encode()
        status = b"200 OK" if b"access_token" in body else b"400 Bad Request"
        writer.write(
            b"HTTP/1.1 %b\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % (status, len(body))
        )
        writer.write(body)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/token", asked
    finally:
        server.close()


def credentials(url: str, **oauth: object) -> Credentials:
    settings = {"token_url": url, "client_id": "app", "client_secret": "s", **oauth}
    mailbox = {"host": "mail.example.kz", "user": "speakup@example.kz", "oauth": settings}
    return Credentials(Mailbox.model_validate(mailbox))


async def test_a_token_is_asked_for_once_while_it_is_good() -> None:
    async with token_server({"access_token": "one", "expires_in": 3600}) as (url, asked):
        source = credentials(url, scope="https://outlook.office365.com/.default")
        assert [(await source.secret()).text for _ in range(3)] == ["one"] * 3
    assert asked == [
        {
            "client_id": "app",
            "client_secret": "s",
            "grant_type": "client_credentials",
            "scope": "https://outlook.office365.com/.default",
        }
    ]


async def test_a_token_that_ends_soon_or_was_refused_is_replaced() -> None:
    answers: list[dict[str, object]] = [
        {"access_token": str(n), "expires_in": 30 if n == 0 else 3600} for n in range(3)
    ]
    async with token_server(*answers) as (url, _):
        source = credentials(url)
        assert (await source.secret()).text == "0"
        assert (await source.secret()).text == "1"
        source.refused()
        assert (await source.secret()).text == "2"


async def test_a_new_refresh_token_is_kept(tmp_path: Path) -> None:
    kept = tmp_path / "refresh"
    kept.write_text("old\n")
    async with token_server({"access_token": "a", "refresh_token": "new"}) as (url, asked):
        await credentials(url, refresh_token_file=kept).secret()
    assert (asked[0]["grant_type"], asked[0]["refresh_token"]) == ("refresh_token", "old")
    assert kept.read_text() == "new"


async def test_without_a_token_there_is_an_error_that_quotes_nothing() -> None:
    async with token_server({"error": "invalid_client"}) as (url, _):
        with pytest.raises(NoTokenError) as refused:
            await credentials(url).secret()
    assert str(refused.value) == ""


async def test_a_token_file_is_read_anew_each_time(tmp_path: Path) -> None:
    file = tmp_path / "token"
    mailbox = {"host": "mail.example.kz", "user": "u", "token_file": file}
    source = Credentials(Mailbox.model_validate(mailbox))
    for token in ("one", "two"):
        file.write_text(token + "\n")
        secret = await source.secret()
        assert (secret.text, secret.is_token) == (token, True)
