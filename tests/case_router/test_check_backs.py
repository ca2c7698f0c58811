"""After a breach report is closed its handler asks the reporter about retaliation, twice."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from case_router.store.tasks import open_title
from speakup.events import Language
from speakup.i18n import texts
from tests.case_router.test_clocks import CLOSING
from tests.case_router.world import START, World

CLOSED: dict[str, Any] = {"status": "answered", "triaged_at": START, "acknowledged_at": START}


async def tasks(world: World, number: str) -> list[Any]:
    query = "SELECT * FROM tasks WHERE case_number = :n ORDER BY due_on"
    return list(await world.rows(query, n=number))


async def test_two_tasks_wait_for_the_handler_of_a_closed_report(world: World) -> None:
    number = await world.add_case(None, kind="breach_report", handler="handler", **CLOSED)
    answer = await world.change(number, "status", CLOSING, "handler")
    assert answer.status_code == 200, answer.text
    first, second = await tasks(world, number)
    closed = datetime.now(UTC).astimezone(world.parts.timezone).date()
    assert [first.due_on, second.due_on] == [closed + timedelta(days=n) for n in (30, 90)]
    assert first.assignee == second.assignee == world.accounts["handler"]
    key = (await world.vault.keys_of([number]))[number]
    title = open_title(key, number, first.task_id, first.title_locked)
    assert title.step is not None
    assert texts()(Language.en, title.step) == "Ask the reporter about retaliation"


async def test_reopening_takes_back_what_isnt_done(world: World) -> None:
    number = await world.add_case(None, kind="breach_report", **CLOSED)
    await world.change(number, "status", CLOSING)
    first, _ = await tasks(world, number)
    await world.execute("UPDATE tasks SET done_at = now() WHERE task_id = :t", t=first.task_id)
    await world.change(number, "status", {"status": "reopened", "reason": "More came."})
    assert [task.task_id for task in await tasks(world, number)] == [first.task_id]


@pytest.mark.parametrize("kind", ["policy_inquiry", "out_of_scope"])
async def test_nobody_is_asked_about_what_was_no_report(world: World, kind: str) -> None:
    number = await world.add_case(None, kind=kind, **CLOSED)
    closing = {"status": "closed", "disposition": "considered"}
    assert (await world.change(number, "status", closing)).status_code == 200
    assert await tasks(world, number) == []


async def test_the_profile_says_when(world: World) -> None:
    await world.put("/profiles/sla", {"check_back_days": [10]})
    number = await world.add_case(None, kind="breach_report", **CLOSED)
    await world.change(number, "status", CLOSING)
    assert len(await tasks(world, number)) == 1
