"""A pile of letters while the services and their workers are killed: none lost, none doubled, no gap in the register."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import date

import psutil
import pytest

from tests.clerk import Clerk, pile
from tests.faults.breaking import RANDOM
from tests.faults.conftest import SCALES, Scale
from tests.intake_mail.rendered import letter
from tests.system import System, run_system
from tests.waiting import eventually

WORDS = (
    "They sell our diesel at gate number {}. It happens every night and the foreman knows about it."
)


@pytest.fixture
def quiet() -> Iterator[System]:
    """A system of its own, without a classifier."""
    environment = {"SPEAKUP_CLASSIFY_WORKERS": "0", "SPEAKUP_OUTBOX_RETRY_SECONDS": "2"}
    with run_system(environment) as started:
        yield started


async def test_a_pile_is_whole_however_often_the_services_are_killed(
    quiet: System, scale: Scale
) -> None:
    large = scale == SCALES["large"]
    piles, of_each, kills = (6, 5, 30) if large else (2, 3, 3)
    clerk = Clerk(quiet)
    working = asyncio.create_task(_work(clerk, piles, of_each))
    for _ in range(kills):
        # Back at work, so that each kill meets letters in some state, and none meets a mere start.
        await clerk.register()
        await asyncio.sleep(RANDOM.uniform(0.2, 5))
        _kill(quiet)
    await working

    expected = piles * of_each
    lines = await clerk.register()
    year = date.today().year  # noqa: DTZ011
    assert [line["number"] for line in lines] == [
        f"{year}-M-{place:06d}" for place in range(1, expected + 1)
    ]

    async def opened() -> list[str]:
        found = [case["case_number"] for case in await quiet.cases()]
        return found if len(found) >= expected else []

    numbers = await eventually(opened, seconds=120, every=1)
    texts = []
    for number in numbers:
        case = (await clerk.surely("GET", f"/api/v1/cases/{number}", by="officer")).json()
        (submission,) = case["submissions"]
        texts.append(submission["narrative"]["text"])
    gates = sorted(
        gate
        for text in texts
        for gate in range(expected)
        if f"number {gate}." in text.replace("\n", " ")
    )
    assert gates == list(range(expected))


async def _work(clerk: Clerk, piles: int, of_each: int) -> None:
    for one in range(piles):
        gates = range(one * of_each, (one + 1) * of_each)
        pages = [[letter(WORDS.format(gate))[0]] for gate in gates]
        await clerk.bring(pile(pages))
        for line in await clerk.read((one + 1) * of_each, seconds=240):
            if line["state"] == "draft":
                await clerk.send(line["letter_id"])


def _kill(system: System) -> None:
    """The services, or one of the programs that they have started."""
    services = system.child("embedded.services")
    if services is None:
        return
    try:
        workers = services.children(recursive=True)
        victim = RANDOM.choice([services, *workers[:1], services])
        victim.kill()
    except psutil.NoSuchProcess:
        return
