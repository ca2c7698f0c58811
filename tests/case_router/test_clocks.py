"""Due dates: begun at opening, set anew by what changes them, and lists by them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, cast
from uuid import uuid4

import pytest
from sqlalchemy import text

from case_router.opinion import Opinion
from case_router.sla import Facts, Sla, acknowledge_by, feedback_by
from case_router.worker import Worker
from speakup.events import Event, Kind, Purpose, ReplyDelivered
from speakup.relay import Relay
from speakup.sandbox import Sandbox
from tests.building import submission_event
from tests.case_router.router import CLOCKS, Router
from tests.case_router.test_case_list import numbers
from tests.case_router.world import START, World, deliveries

HOUR = timedelta(hours=1)
CLOSING = {
    "status": "closed",
    "disposition": "considered",
    "finding": "unsubstantiated",
    "action": "none",
}


class Says:
    """A sandbox whose classifier is of one opinion."""

    def __init__(self, kind: Kind) -> None:
        self.kind = kind

    async def run(self, _job: bytes) -> bytes:
        opinion = Opinion(kind=self.kind, probability=0.9, needs_triage=False, version="test")
        return opinion.model_dump_json().encode()


async def row(router: Router) -> Any:
    async with router.engine.connect() as connection:
        return (await connection.execute(text("SELECT * FROM cases"))).one()


async def facts(world: World, number: str) -> Any:
    (found,) = await world.rows("SELECT * FROM cases WHERE case_number = :n", n=number)
    return found


async def test_a_new_case_is_to_be_acknowledged_within_seven_days(router: Router) -> None:
    await router.opening.handle([submission_event(router.keys)])
    case = await row(router)
    assert case.acknowledge_by == acknowledge_by(case.received_at, Sla(), CLOCKS.zone)
    assert case.due_at == case.acknowledge_by


async def test_nobody_waits_for_an_acknowledgement_that_cant_be_sent(router: Router) -> None:
    await router.opening.handle([submission_event(router.keys, address=None)])
    case = await row(router)
    assert (case.acknowledge_by, case.due_at) == (None, None)


@pytest.mark.parametrize("kind", list(Kind))
async def test_feedback_is_owed_once_the_case_is_classified(router: Router, kind: Kind) -> None:
    await router.opening.handle([submission_event(router.keys, address=None)])
    relay = cast("Relay", router.published)
    worker = Worker(engine=router.engine, vault=router.vault, relay=relay, clocks=CLOCKS, retry=300)
    await worker._classify_some(cast("Sandbox", Says(kind)))
    case = await row(router)
    due = feedback_by(Facts(kind, case.received_at, None), Sla(), CLOCKS.zone)
    assert (case.feedback_by, case.due_at) == (due, due)


async def test_the_months_run_from_the_acknowledgement(world: World) -> None:
    number = await world.add_case(kind="breach_report", acknowledge_by=START)
    at = datetime(2026, 11, 30, 8, tzinfo=UTC)
    told = ReplyDelivered(
        reply_id=uuid4(),
        case_number=number,
        purpose=Purpose.acknowledgement,
        delivered_at=at,
    )
    await deliveries(world).handle([Event(uuid4(), "/intake-email", at, number, told)])
    case = await facts(world, number)
    assert case.due_at == datetime(2027, 2, 28, 18, 59, 59, tzinfo=UTC)


async def test_another_kind_at_triage_is_another_clock(world: World) -> None:
    number = await world.add_case(kind="breach_report", acknowledged_at=START, feedback_by=START)
    triage = {"kind": "policy_inquiry", "reason": "A question.", "retaliation_risk": "none"}
    answer = await world.change(number, "triage", triage)
    assert answer.status_code == 200, answer.text
    case = await facts(world, number)
    # Received on 1 March 2026: the holidays of March are between.
    assert case.due_at == datetime(2026, 3, 26, 18, 59, 59, tzinfo=UTC)


async def test_what_is_answered_or_closed_owes_nothing(world: World) -> None:
    number = await world.add_case(
        kind="breach_report", status="in_progress", acknowledged_at=START, feedback_by=START
    )
    await world.change(number, "status", {"status": "answered"})
    answered = await facts(world, number)
    assert answered.due_at is None
    assert answered.answered_at is not None
    await world.change(number, "status", CLOSING)
    assert (await facts(world, number)).closed_at is not None


async def test_a_case_that_is_reopened_has_its_clock_anew(world: World) -> None:
    number = await world.add_case(
        kind="breach_report", status="answered", acknowledged_at=START, feedback_by=START
    )
    await world.change(number, "status", CLOSING)
    await world.change(number, "status", {"status": "reopened", "reason": "More came."})
    case = await facts(world, number)
    assert (case.closed_at, case.answered_at) == (None, None)
    assert case.due_at > datetime.now(UTC) + timedelta(days=80)


async def test_the_lists_of_what_is_due_keep_to_their_bounds(world: World) -> None:
    now = datetime.now(UTC)
    times = {
        "late": now - HOUR,
        "soon": now + timedelta(days=3) - HOUR,
        "later": now + timedelta(days=3) + HOUR,
    }
    made = {
        name: await world.add_case(kind="breach_report", acknowledged_at=START, feedback_by=due)
        for name, due in times.items()
    }
    await world.add_case(kind="out_of_scope", acknowledge_by=now - HOUR)
    assert await numbers(world, "?due=overdue") == [made["late"]]
    assert await numbers(world, "?due=due_soon") == [made["soon"]]


async def test_due_dates_are_shown_with_the_case(world: World) -> None:
    number = await world.add_case(acknowledge_by=START)
    read = (await world.get(f"/cases/{number}")).json()
    (listed,) = (await world.get("/cases")).json()["items"]
    for shown in (read, listed):
        assert shown["acknowledge_by"] == shown["due_at"] == "2026-03-01T09:00:00Z"
        assert shown["feedback_by"] is None


async def test_an_admin_sets_the_profile_at_run_time(world: World) -> None:
    before = (await world.get("/profiles/sla", "admin")).json()
    assert (before["acknowledge_days"], before["feedback_months"]) == (7, 3)
    answer = await world.put("/profiles/sla", before | {"due_soon_days": 10})
    assert answer.status_code == 200, answer.text
    assert (await world.get("/profiles/sla", "admin")).json()["due_soon_days"] == 10
    due = datetime.now(UTC) + timedelta(days=9)
    soon = await world.add_case(kind="breach_report", acknowledged_at=START, feedback_by=due)
    assert await numbers(world, "?due=due_soon") == [soon]
    assert (await world.audit())[-1] == ("profile.changed", "admin", None)


@pytest.mark.parametrize("name", ["sla", "retention", "alerts"])
async def test_only_an_admin_sees_and_sets_profiles(world: World, name: str) -> None:
    assert (await world.get(f"/profiles/{name}", "admin")).status_code == 200
    for other in ("officer", "chair", "handler", "auditor", "mailroom"):
        assert (await world.get(f"/profiles/{name}", other)).status_code == 404
        assert (await world.put(f"/profiles/{name}", {}, other)).status_code == 404


async def test_a_profile_without_sense_is_refused(world: World) -> None:
    answer = await world.put("/profiles/alerts", {"repeat_minutes": 0})
    assert answer.status_code == 422
    assert (await world.get("/profiles/alerts", "admin")).json()["repeat_minutes"] == 15
