"""Calls while the services are killed: whatever a caller was told is kept, and each message is one case."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from embedded import practice_credentials
from embedded.demo_calls import words_of
from embedded.practice_caller import LineError
from tests import calling
from tests.faults.breaking import RANDOM
from tests.faults.conftest import Scale
from tests.system import System, run_system
from tests.twilio_double import TwilioDouble
from tests.waiting import eventually

CALLERS = 4
"""At a time."""


@pytest.fixture
async def called() -> AsyncIterator[tuple[System, TwilioDouble]]:
    """A system of its own, and the line to it."""
    account = practice_credentials.make()
    with run_system({**account.environment, "SPEAKUP_CLASSIFY_WORKERS": "0"}) as system:
        url = f"{system.url}/phone"
        async with TwilioDouble(
            account, f"{url}/voice", status_url=f"{url}/status", words=words_of
        ) as line:
            yield system, line


async def test_no_message_is_lost_or_doubled_when_the_services_are_killed(
    called: tuple[System, TwilioDouble], scale: Scale
) -> None:
    system, line = called
    callers = [asyncio.create_task(_call(line, scale.mails // 8)) for _ in range(CALLERS)]
    for _ in range(scale.kills):
        await asyncio.sleep(RANDOM.uniform(0.5, 2.5))
        system.kill("embedded.services")
        await eventually(lambda: system.child("embedded.services") is not None, seconds=30)
    told = {number for numbers in await asyncio.gather(*callers) for number in numbers}
    # What was cut off in a call that nobody was told of.
    await eventually(lambda: _is_well(system), seconds=60)
    await calling.reconcile(system)

    async def all_there() -> bool:
        known = {case["case_number"] for case in await system.cases()}
        return told <= known and not any(one.status == "completed" for one in line.recordings)

    await eventually(all_there, seconds=120, every=1)
    for number in sorted(told):
        case = await calling.case(system, number)
        assert len(case["submissions"]) == 1
        assert [one["audio"] for one in case["recordings"]] == [True]


async def _call(line: TwilioDouble, times: int) -> list[str]:
    """Numbers that were told. Who is cut off before calls again."""
    told: list[str] = []
    while len(told) < times:
        try:
            told.append((await calling.leave_message(line)).number)
        except (LineError, AssertionError, LookupError):
            await asyncio.sleep(0.2)
    return told


async def _is_well(system: System) -> bool:
    return bool(await system.cases())
