"""Breaking something while mails arrive, and counting the cases afterwards."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable

from tests.faults.conftest import Scale
from tests.load import LONGEST, Load
from tests.system import System
from tests.waiting import eventually

RANDOM = random.Random(20261122)  # noqa: S311 - moments, not secrets


async def broken_while_sending(
    system: System, scale: Scale, break_it: Callable[[], Awaitable[None]], times: int
) -> None:
    """Send mails; break something at random moments meanwhile; count the cases."""
    load = Load(system, scale.mails)
    sending = asyncio.create_task(load.send_all())
    moments = sorted(RANDOM.uniform(0.02, 0.95) for _ in range(times))
    for moment in moments:
        await eventually(lambda: sending.done() or load.share >= moment, seconds=LONGEST)  # noqa: B023
        await break_it()
    await sending
    await load.each_is_one_case()


def bootstrap(system: System) -> str:
    """Where the embedded broker listens, as its command line says."""
    process = system.child("tansu")
    if process is None:
        raise RuntimeError("the broker isn't there")
    command = process.cmdline()
    return command[command.index("--listener-url") + 1].removeprefix("tcp://")
