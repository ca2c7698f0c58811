"""Webhooks of 100 calls at once on a whole running system: how long Twilio waits for each answer."""

from __future__ import annotations

import asyncio
import random
import statistics
import time
from pathlib import Path

import httpx

from embedded import practice_audio, practice_credentials
from embedded.practice_caller import Caller, Webhook
from embedded.practice_line import Line
from tests.system import run_system

CALLS = 100
"""At a time."""
PACE = (2.0, 8.0)
"""Seconds between two things that a caller does: nobody presses keys faster while they listen."""
GOAL_MS = 50
KEYS = ("3", "1", "1", "speech", "#", "1", "2", "1", "1", "wait")
"""A whole report."""


class _Timed(Line):
    """A line that measures each answer to a webhook."""

    def __init__(self, *given: object, **named: object) -> None:
        super().__init__(*given, **named)  # type: ignore[arg-type]
        self.seconds: list[float] = []

    async def send(self, webhook: Webhook) -> httpx.Response:
        started = time.perf_counter()
        answer = await super().send(webhook)
        if webhook.method == "POST":
            self.seconds.append(time.perf_counter() - started)
        return answer


async def measure(_folder: Path) -> str:
    """Lines for the table."""
    account = practice_credentials.make()
    with run_system(dict(account.environment)) as system:
        phone = f"{system.url}/phone"
        async with _Timed(account, f"{phone}/voice", status_url=f"{phone}/status") as line:
            # The first ones import and connect.
            await asyncio.gather(*(_call(line, random.Random(n)) for n in range(10)))  # noqa: S311
            alone = await _bare(system.url)
            line.seconds.clear()
            started = time.perf_counter()
            await asyncio.gather(*(_call(line, random.Random(n)) for n in range(CALLS)))  # noqa: S311
            took = time.perf_counter() - started
            times = sorted(line.seconds)
    p50, p99 = (1000 * times[int(len(times) * share)] for share in (0.5, 0.99))
    return (
        f"webhooks of {CALLS} calls at once ({len(times) / took:.0f} a second): p50 {p50:.1f} ms, "
        f"p99 {p99:.1f} ms, longest {1000 * times[-1]:.0f} ms (goal p99 < {GOAL_MS}); "
        f"a request that does nothing (/healthz) takes {1000 * alone:.1f} ms: p50 is {p50 / 1000 / alone:.1f} times that"
    )


async def _call(line: Line, pace: random.Random) -> None:
    await asyncio.sleep(pace.uniform(0, PACE[1]))
    async with line.call() as caller:
        for key in KEYS:
            await asyncio.sleep(pace.uniform(*PACE))
            await _do(caller, key)


async def _do(caller: Caller, key: str) -> None:
    if key == "speech":
        await caller.speaks(practice_audio.tone(2))
    elif key == "wait":
        await caller.waits()
    else:
        await caller.press(key)


async def _bare(url: str) -> float:
    """Seconds of a request that does nothing, by the same kind of client."""
    times = []
    async with httpx.AsyncClient(base_url=url) as client:
        for _ in range(200):
            started = time.perf_counter()
            await client.get("/healthz")
            times.append(time.perf_counter() - started)
    return statistics.median(times)
