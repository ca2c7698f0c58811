"""From 250 to visible in the case API, at 50 mails a second on a whole running system; its memory."""

from __future__ import annotations

import asyncio
import statistics
import time
from pathlib import Path

import httpx
import psutil

from tests.bench.smtp_client import mails, send_all
from tests.mailbox import open_mailbox
from tests.system import System, run_system

RATE = 50
SECONDS = 20
ROUNDS = 3
"""Each on a new system: the machine's own speed changes from minute to minute."""
GOAL_P99 = 300
GOAL_MEGABYTES = 700


async def measure(_folder: Path) -> str:
    """Lines for the table."""
    rounds = []
    for _ in range(ROUNDS):
        with run_system() as system, open_mailbox(system.relay_port):
            await send_all(system.smtp_port, mails(20))
            waits = sorted(await _waits(system))
            memory = _memory(system)
        rounds.append([waits[int(len(waits) * share)] * 1000 for share in (0.5, 0.99)])
    p50, p99 = (statistics.median(each) for each in zip(*rounds, strict=True))
    parts = ", ".join(f"{name} {size:.0f}" for name, size in memory.items())
    return (
        f"250 to visible in the API at {RATE} mails/s: p50 {p50:.0f} ms, p99 {p99:.0f} ms "
        f"(goal < {GOAL_P99}; median of {ROUNDS} rounds, "
        f"p99 from {min(r[1] for r in rounds):.0f} to {max(r[1] for r in rounds):.0f})\n"
        f"memory of `make run`, model loaded: {sum(memory.values()):.0f} MB "
        f"(goal < {GOAL_MEGABYTES}): {parts}"
    )


async def _waits(system: System) -> list[float]:
    """Seconds between the k-th 250 and the moment at which k cases are visible."""
    token = await system.token("officer")
    before = {case["case_number"] for case in await system.cases()}
    accepted: list[float] = []
    visible: list[float] = []
    messages = mails(RATE * SECONDS)

    async def watch() -> None:
        seen = set(before)
        async with httpx.AsyncClient(
            base_url=system.url, headers={"Authorization": f"Bearer {token}"}
        ) as client:
            while len(visible) < len(messages):
                asked: dict[str, str | int] = {"limit": 20}
                while True:
                    page = (await client.get("/api/v1/cases", params=asked)).json()
                    now = time.perf_counter()
                    new = {item["case_number"] for item in page["items"]} - seen
                    visible.extend([now] * len(new))
                    seen |= new
                    if len(new) < len(page["items"]) or not page["next"]:
                        break
                    asked["cursor"] = page["next"]
                await asyncio.sleep(0.05)

    watching = asyncio.create_task(watch())
    start = time.perf_counter()
    sending = []
    for place, message in enumerate(messages):
        await asyncio.sleep(max(0.0, start + place / RATE - time.perf_counter()))
        sending.append(
            asyncio.create_task(
                send_all(system.smtp_port, [message], lambda: accepted.append(time.perf_counter()))
            )
        )
    await asyncio.gather(*sending)
    async with asyncio.timeout(60):
        await watching
    return [seen - said for said, seen in zip(sorted(accepted), visible, strict=True)]


def _memory(system: System) -> dict[str, float]:
    """Megabytes by program: each process's own memory and its share of what it shares (PSS)."""
    found: dict[str, float] = {}
    root = psutil.Process(system.pid)
    for process in (root, *root.children(recursive=True)):
        try:
            name = _name(process.cmdline())
            size = process.memory_full_info().pss / 2**20
        except psutil.NoSuchProcess:
            continue
        found[name] = found.get(name, 0.0) + size
    return found


def _name(command: list[str]) -> str:
    line = " ".join(command)
    for word in ("embedded.services", "speakup.sandbox", "tansu", "embedded"):
        if word in line and "postgres" not in line:
            return word
    return "postgres"
