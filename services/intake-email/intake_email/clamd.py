"""ClamAV's word on a mail, asked of a clamd that may be away (its INSTREAM command). Never a gate."""

from __future__ import annotations

import asyncio
import re
from contextlib import suppress

CLEAN, NOT_SCANNED, FOUND = "clean", "not scanned", "found: "
SCAN_BYTES = 25 * 1024 * 1024
"""clamd's own StreamMaxLength by default."""
SECONDS = 5.0
AT_A_TIME = 8
_CHUNK = 64 * 1024
_UNCLEAN = re.compile(r"[^\x20-\x7e]")


class Clamd:
    """`host:port`, or the path of a unix socket."""

    def __init__(self, address: str, *, seconds: float = SECONDS) -> None:
        self._address, self._seconds = address, seconds
        self._at_work = asyncio.Semaphore(AT_A_TIME)

    async def scan(self, raw: bytes) -> str:
        """`clean`, `found: <signature>`, or `not scanned` where clamd doesn't say. Never fails."""
        if len(raw) > SCAN_BYTES:
            return NOT_SCANNED
        with suppress(OSError, TimeoutError, ValueError, asyncio.IncompleteReadError):
            async with asyncio.timeout(self._seconds), self._at_work:
                return _verdict(await self._ask(raw))
        return NOT_SCANNED

    async def _ask(self, raw: bytes) -> bytes:
        reader, writer = await self._connect()
        try:
            writer.write(b"zINSTREAM\0")
            for start in range(0, len(raw), _CHUNK):
                chunk = raw[start : start + _CHUNK]
                writer.write(len(chunk).to_bytes(4, "big") + chunk)
                await writer.drain()
            writer.write(bytes(4))
            await writer.drain()
            return await reader.read(1000)
        finally:
            writer.transport.abort()

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self._address.startswith("/"):
            return await asyncio.open_unix_connection(self._address)
        host, _, port = self._address.rpartition(":")
        return await asyncio.open_connection(host.strip("[]"), int(port))


def _verdict(answer: bytes) -> str:
    words = answer.rstrip(b"\0\r\n").decode("ascii", "replace").removeprefix("stream: ")
    if words == "OK":
        return CLEAN
    if words.endswith(" FOUND"):
        return FOUND + _UNCLEAN.sub("", words.removesuffix(" FOUND"))[:100]
    return NOT_SCANNED
