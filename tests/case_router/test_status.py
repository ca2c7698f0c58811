"""The life of a case: the steps there are, what closing asks for, who works on it."""

from __future__ import annotations

import itertools

import pytest

from case_router.transitions import Closing, refusal
from speakup.events import (
    Action,
    CaseAnswered,
    CaseAssigned,
    CaseClosed,
    CaseStatusChanged,
    Disposition,
    Finding,
    Kind,
    Status,
)
from tests.case_router.world import World

CLOSING = {
    "status": "closed",
    "disposition": "considered",
    "finding": "substantiated",
    "action": "training",
}

LEGAL = {
    ("new", "in_review"),
    ("in_review", "in_progress"),
    ("in_progress", "answered"),
    ("closed", "reopened"),
    ("reopened", "in_review"),
    ("reopened", "in_progress"),
}


@pytest.mark.parametrize(("status", "wanted"), list(itertools.product(Status, Status)))
def test_a_case_goes_the_ways_that_there_are(status: Status, wanted: Status) -> None:
    if wanted is not Status.closed:
        allowed = refusal(status, wanted, Kind.policy_inquiry, None) is None
        assert allowed is ((status, wanted) in LEGAL)


@pytest.mark.parametrize("status", list(Status))
def test_an_answered_case_can_be_closed_and_no_other(status: Status) -> None:
    allowed = refusal(status, Status.closed, Kind.policy_inquiry, Closing(Disposition.considered))
    assert (allowed is None) is (status is Status.answered)


@pytest.mark.parametrize("status", list(Status))
def test_what_is_out_of_scope_is_closed_unanswered(status: Status) -> None:
    closing = Closing(Disposition.left_without_consideration)
    allowed = refusal(status, Status.closed, Kind.out_of_scope, closing)
    assert (allowed is None) is (status is not Status.closed)


@pytest.mark.parametrize("status", list(Status))
def test_what_others_answer_is_closed_once_it_has_been_looked_at(status: Status) -> None:
    allowed = refusal(status, Status.closed, Kind.policy_inquiry, Closing(Disposition.forwarded))
    assert (allowed is None) is (status not in (Status.new, Status.closed))


@pytest.mark.parametrize(
    ("kind", "closing"),
    [
        (Kind.breach_report, None),
        (None, Closing(Disposition.considered)),
        (Kind.breach_report, Closing(Disposition.considered)),
        (Kind.breach_report, Closing(Disposition.considered, Finding.substantiated)),
        (Kind.breach_report, Closing(Disposition.considered, None, Action.none)),
        (Kind.policy_inquiry, Closing(Disposition.considered, Finding.substantiated, Action.none)),
        (Kind.policy_inquiry, Closing(Disposition.pending)),
    ],
)
def test_closing_asks_for_what_its_kind_needs(kind: Kind | None, closing: Closing | None) -> None:
    assert refusal(Status.answered, Status.closed, kind, closing) is not None


async def test_a_step_is_told_as_an_event_and_audited(world: World) -> None:
    number = await world.add_case()
    answer = await world.change(number, "status", {"status": "in_review"})
    assert answer.json() == {"case_number": number, "status": "in_review", "sequence": 2}
    (event,) = await world.events()
    assert isinstance(event.payload, CaseStatusChanged)
    assert (event.payload.status, event.payload.sequence) == ("in_review", 2)
    assert (await world.audit())[-1] == ("case.status_changed", "officer", number)


async def test_an_illegal_step_is_refused_with_the_legal_ones(world: World) -> None:
    number = await world.add_case()
    answer = await world.change(number, "status", {"status": "answered"})
    assert answer.status_code == 409
    assert answer.json()["detail"] == "A case that is new can become in_review."
    assert await world.events() == []


async def test_closing_a_report_tells_what_was_found(world: World) -> None:
    number = await world.add_case(kind="breach_report", status="answered")
    answer = await world.change(number, "status", CLOSING)
    assert answer.status_code == 200, answer.text
    closed, changed = [event.payload for event in await world.events()]
    assert isinstance(closed, CaseClosed)
    assert isinstance(changed, CaseStatusChanged)
    assert (closed.disposition, closed.finding, closed.action) == (
        "considered",
        "substantiated",
        "training",
    )
    assert (closed.sequence, changed.sequence, changed.status) == (2, 3, "closed")
    case = (await world.get(f"/cases/{number}")).json()
    assert {name: case[name] for name in CLOSING} == CLOSING


async def test_a_reopened_case_has_no_finding_any_more(world: World) -> None:
    number = await world.add_case(kind="breach_report", status="answered")
    await world.change(number, "status", CLOSING)
    await world.change(number, "status", {"status": "reopened", "reason": "More came."})
    case = (await world.get(f"/cases/{number}")).json()
    assert (case["status"], case["disposition"], case["finding"], case["action"]) == (
        "reopened",
        None,
        None,
        None,
    )


async def test_a_finding_without_a_disposition_is_refused(world: World) -> None:
    number = await world.add_case()
    body = {"status": "in_review", "finding": "substantiated"}
    answer = await world.change(number, "status", body)
    assert answer.status_code == 409


async def test_an_answer_given_by_other_means_counts_as_one(world: World) -> None:
    number = await world.add_case(status="in_progress")
    await world.change(number, "status", {"status": "answered"})
    assert [type(e.payload) for e in await world.events()] == [CaseAnswered, CaseStatusChanged]


async def test_an_assigned_case_is_its_handlers(world: World) -> None:
    number = await world.add_case()
    answer = await world.change(number, "assignment", {"handler": "handler"})
    assert answer.status_code == 200
    assert (await world.get(f"/cases/{number}", "handler")).json()["handler"] == "handler"
    (event,) = await world.events()
    assert isinstance(event.payload, CaseAssigned)
    entries = await world.rows("SELECT object FROM audit WHERE action = 'case.assigned'")
    assert [row.object for row in entries] == [str(world.accounts["handler"])]


async def test_assigning_to_the_same_handler_changes_nothing(world: World) -> None:
    number = await world.add_case(handler="handler")
    answer = await world.change(number, "assignment", {"handler": "handler"})
    assert (answer.status_code, answer.json()["sequence"]) == (200, 1)
    assert await world.events() == []


@pytest.mark.parametrize("name", ["nobody", "auditor", "officer", ""])
async def test_a_case_is_given_to_handlers_only(world: World, name: str) -> None:
    number = await world.add_case()
    answer = await world.change(number, "assignment", {"handler": name})
    assert answer.status_code == 422
    assert "/api/v1/handlers" in answer.json()["detail"]


async def test_the_chair_assigns_restricted_cases(world: World) -> None:
    number = await world.add_case(restricted=True)
    answer = await world.change(number, "assignment", {"handler": "handler"}, "chair")
    assert answer.status_code == 200
    assert (await world.get(f"/cases/{number}", "handler")).status_code == 200
    assert (await world.get(f"/cases/{number}", "officer")).status_code == 404


async def test_a_handler_assigns_not_even_their_own_case(world: World) -> None:
    number = await world.add_case(handler="handler")
    answer = await world.change(number, "assignment", {"handler": "handler"}, "handler")
    assert answer.status_code == 404
