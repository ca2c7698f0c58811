"""A lean SMTP client, so that the server is what is measured."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence

CONNECTIONS = 32
PER_CONNECTION = 25
"""Mails over one connection, as a company's mail server sends a burst."""


def mails(count: int) -> list[bytes]:
    """Usual mails of about 2 kB."""
    text = (
        "The foreman of the second shift sells diesel from our tank, twice a week since May.\r\n"
        * 18
    )
    return [
        (
            f"From: Reporter {number} <r{number}@example.kz>\r\nTo: speakup@localhost\r\n"
            f"Subject: About fuel {number}\r\nMessage-ID: <{number}.{time.time_ns()}@example.kz>\r\n"
            "Date: Sun, 22 Nov 2026 10:00:00 +0500\r\nMIME-Version: 1.0\r\n"
            f"Content-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n{number}\r\n"
        ).encode()
        for number in range(count)
    ]


async def send_all(
    port: int, messages: Sequence[bytes], on_accepted: Callable[[], None] | None = None
) -> float:
    """Send them all and return the seconds that it took. Raises RuntimeError on any refusal."""
    left = list(messages)

    async def send_some() -> None:
        while left:
            batch = [left.pop() for _ in range(min(PER_CONNECTION, len(left)))]
            await _connection(port, batch, on_accepted)

    start = time.perf_counter()
    await asyncio.gather(*(send_some() for _ in range(CONNECTIONS)))
    return time.perf_counter() - start


async def _connection(
    port: int, messages: Sequence[bytes], on_accepted: Callable[[], None] | None
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)

    async def answered(wanted: bytes) -> None:
        while True:
            line = await reader.readline()
            if line[3:4] != b"-":
                break
        if not line.startswith(wanted):
            raise RuntimeError(f"the server said {line[:60]!r}")

    await answered(b"220")
    writer.write(b"EHLO bench\r\n")
    await answered(b"250")
    for message in messages:
        for command, wanted in (
            (b"MAIL FROM:<r@example.kz>\r\n", b"250"),
            (b"RCPT TO:<speakup@localhost>\r\n", b"250"),
            (b"DATA\r\n", b"354"),
            (message + b".\r\n", b"250"),
        ):
            writer.write(command)
            await answered(wanted)
        if on_accepted is not None:
            on_accepted()
    writer.write(b"QUIT\r\n")
    writer.close()
