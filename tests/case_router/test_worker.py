"""The classifying worker: every case gets a kind, and says so, whatever a text does to the child."""

from __future__ import annotations

import asyncio
from typing import cast

import pytest
from sqlalchemy import text

from case_router import worker
from case_router.opinion import Job, Opinion
from case_router.worker import Worker
from speakup.events import CaseClassified, Kind
from speakup.relay import Relay
from speakup.sandbox import Sandbox, SandboxError
from tests.building import submission_event
from tests.case_router.router import CLOCKS, Router


class Child(Sandbox):
    """Calls a text that asks something a question, and dies of a deadly one."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def run(self, job: bytes) -> bytes:
        """An opinion."""
        words = Job.model_validate_json(job).text
        self.asked.append(words)
        await asyncio.sleep(0)
        if "deadly" in words:
            raise SandboxError("crashed")
        kind = Kind.policy_inquiry if "?" in words else Kind.breach_report
        return (
            Opinion(kind=kind, probability=0.9, needs_triage=False, version="test")
            .model_dump_json()
            .encode()
        )


def working(router: Router) -> Worker:
    return Worker(
        engine=router.engine,
        vault=router.vault,
        relay=cast("Relay", router.published),
        clocks=CLOCKS,
        retry=300,
    )


async def opened(router: Router, *texts: str) -> None:
    await router.opening.handle([submission_event(router.keys, text=each) for each in texts])


async def kinds(router: Router) -> list[tuple[str, bool]]:
    async with router.engine.connect() as connection:
        rows = await connection.execute(
            text("SELECT kind, needs_triage FROM cases WHERE kind IS NOT NULL ORDER BY kind")
        )
        return [(row.kind, row.needs_triage) for row in rows]


async def test_cases_get_their_kinds_and_say_so(router: Router) -> None:
    await opened(router, "They steal.", "May I take a gift?")
    await working(router)._classify_some(Child())
    assert await kinds(router) == [("breach_report", False), ("policy_inquiry", False)]
    said = [e.payload for e in router.said() if isinstance(e.payload, CaseClassified)]
    assert {(each.kind, each.sequence) for each in said} == {
        (Kind.breach_report, 2),
        (Kind.policy_inquiry, 2),
    }


async def test_a_text_that_kills_the_child_is_for_a_person_and_the_others_go_on(
    router: Router,
) -> None:
    await opened(router, "deadly?", "May I take a gift?")
    await working(router)._classify_some(Child())
    assert await kinds(router) == [("breach_report", True), ("policy_inquiry", False)]


async def test_two_workers_never_take_the_same_case(
    router: Router, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "AT_A_TIME", 2)
    await opened(router, *(f"text {place}" for place in range(4)))
    child = Child()
    await asyncio.gather(*(working(router)._classify_some(child) for _ in range(2)))
    assert len(child.asked) == len(set(child.asked)) == 4


async def test_what_has_a_kind_is_left_alone(router: Router) -> None:
    await opened(router, "They steal.")
    child = Child()
    assert [await working(router)._classify_some(child) for _ in range(2)] == [1, 0]
