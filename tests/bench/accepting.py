"""Accepted mails a second: intake-email with its database and broker, against bare aiosmtpd."""

from __future__ import annotations

import statistics
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from embedded import ports
from tests.bench.servers import processor_seconds, start_servers, start_service
from tests.bench.smtp_client import mails, send_all
from tests.waiting import eventually

MAILS = 1500
ROUNDS = 5
"""Each measures both, one after the other: the machine's own speed changes from minute to minute."""
GOAL = 0.35


async def measure(folder: Path) -> str:
    """A line for the table."""
    with start_servers(folder) as servers:
        port = ports.free_port()
        async with (
            _bare() as bare_port,
            start_service("intake_email", servers, SPEAKUP_SMTP_PORT=str(port)) as pid,
        ):
            for each in (bare_port, port):
                await send_all(each, mails(300))
            used = processor_seconds(pid, servers)
            rounds = [
                (
                    MAILS / await send_all(port, mails(MAILS)),
                    MAILS / await send_all(bare_port, mails(MAILS)),
                )
                for _ in range(ROUNDS)
            ]
            spent = {
                name: (seconds - used.get(name, 0)) / MAILS / ROUNDS
                for name, seconds in processor_seconds(pid, servers).items()
            }
    ours, bare = (statistics.median(each) for each in zip(*rounds, strict=True))
    ratio = statistics.median(ours / bare for ours, bare in rounds)
    parts = ", ".join(f"{name} {seconds * 1000:.2f}" for name, seconds in spent.items())
    return (
        f"accepted mails/s: {ours:,.0f}; bare aiosmtpd that drops them: {bare:,.0f}; "
        f"ratio {ratio:.2f} (goal >= {GOAL}; median of {ROUNDS} rounds)\n"
        f"  processor time, ms a mail: {parts}"
    )


@asynccontextmanager
async def _bare() -> AsyncIterator[int]:
    port = ports.free_port()
    process = subprocess.Popen([sys.executable, "-m", "tests.bench.bare", str(port)])
    try:
        await eventually(lambda: ports.accepts(port))
        yield port
    finally:
        process.terminate()
        process.wait()
