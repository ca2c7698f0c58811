"""The baseline of accepting: aiosmtpd under uvloop that drops what it gets. `python -m tests.bench.bare PORT`."""

from __future__ import annotations

import asyncio
import logging
import sys

import uvloop
from aiosmtpd.smtp import SMTP


class Drop:
    async def handle_DATA(self, _server: object, _session: object, _envelope: object) -> str:  # noqa: N802
        return "250 dropped"


async def serve(port: int) -> None:
    logging.getLogger("mail").setLevel(logging.CRITICAL)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(Drop(), data_size_limit=40 * 1024 * 1024, hostname="bare", loop=loop),
        "127.0.0.1",
        port,
    )
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1])))
