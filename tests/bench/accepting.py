"""Accepted mails a second: intake-email with its database and broker, against bare aiosmtpd."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from embedded import ports
from tests.bench.servers import processor_seconds, start_servers, start_service
from tests.bench.smtp_client import mails, send_all
from tests.waiting import eventually

MAILS = 3000
GOAL = 0.35


async def measure(folder: Path) -> str:
    """A line for the table."""
    bare = await _bare()
    with start_servers(folder) as servers:
        port = ports.free_port()
        async with start_service("intake_email", servers, SPEAKUP_SMTP_PORT=str(port)) as pid:
            await send_all(port, mails(300))
            used = processor_seconds(pid, servers)
            ours = MAILS / await send_all(port, mails(MAILS))
            spent = {
                name: (seconds - used.get(name, 0)) / MAILS
                for name, seconds in processor_seconds(pid, servers).items()
            }
    parts = ", ".join(f"{name} {seconds * 1000:.2f}" for name, seconds in spent.items())
    return (
        f"accepted mails/s: {ours:,.0f}; bare aiosmtpd that drops them: {bare:,.0f}; "
        f"ratio {ours / bare:.2f} (goal >= {GOAL})\n"
        f"  processor time, ms a mail: {parts}"
    )


async def _bare() -> float:
    port = ports.free_port()
    process = subprocess.Popen([sys.executable, "-m", "tests.bench.bare", str(port)])
    try:
        await eventually(lambda: ports.accepts(port))
        await send_all(port, mails(300))
        return MAILS / await send_all(port, mails(MAILS))
    finally:
        process.terminate()
        process.wait()
