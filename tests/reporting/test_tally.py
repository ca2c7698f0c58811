"""Facts and figures are the same whatever the order of events, and however often each is heard."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from hypothesis import given, settings

from reporting.tally import Cell, Facts, apply, cell, moves
from speakup import events
from speakup.events import Event
from tests.reporting import recount
from tests.reporting.histories import heard

ZONE = ZoneInfo("Asia/Almaty")
NUMBER = "2000000001"
AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


def facts_of(told: Sequence[Event]) -> dict[str, Facts]:
    known: dict[str, Facts] = {}
    for event in told:
        number = event.payload.case_number  # type: ignore[attr-defined]
        known[number] = apply(event.payload, known.get(number) or Facts(number), ZONE)
    return known


def figures_of(told: Sequence[Event]) -> dict[Cell, int]:
    """Kept event by event, as the service keeps them."""
    known: dict[str, Facts] = {}
    figures: dict[Cell, int] = {}
    for event in told:
        number = event.payload.case_number  # type: ignore[attr-defined]
        before = known.get(number) or Facts(number)
        known[number] = apply(event.payload, before, ZONE)
        for key, count in moves([(before, known[number])]).items():
            figures[key] = figures.get(key, 0) + count
    return {key: count for key, count in figures.items() if count}


@given(heard())
@settings(max_examples=300, deadline=None)
def test_any_order_and_any_repetition_give_the_same_facts(
    histories: tuple[list[Event], list[Event]],
) -> None:
    told, mixed = histories
    assert facts_of(mixed) == facts_of(told)


@given(heard())
@settings(max_examples=300, deadline=None)
def test_figures_kept_event_by_event_are_those_of_a_plain_recount(
    histories: tuple[list[Event], list[Event]],
) -> None:
    told, mixed = histories
    assert figures_of(mixed) == dict(recount.figures(told, ZONE))


@given(heard())
@settings(max_examples=300, deadline=None)
def test_outcome_and_first_moments_are_those_of_a_plain_recount(
    histories: tuple[list[Event], list[Event]],
) -> None:
    told, mixed = histories
    facts = facts_of(mixed)
    for number, history in recount.cases(told).items():
        one = facts[number]
        assert (one.finding, one.disposition, one.action, one.closed_at) == recount.outcome(history)
        assert one.acknowledged_at == recount.first_moment(history, events.CaseAcknowledged)
        assert one.answered_at == recount.first_moment(history, events.CaseAnswered)


def opened(received_at: datetime) -> events.CaseOpened:
    return events.CaseOpened(
        case_number=NUMBER,
        sequence=1,
        occurred_at=received_at,
        submission_id=UUID(int=1),
        channel=events.Channel.email,
        received_at=received_at,
    )


def test_a_case_counts_for_the_day_of_its_receipt_where_the_company_is() -> None:
    before_midnight_utc = datetime(2026, 2, 28, 20, 30, tzinfo=UTC)
    facts = apply(opened(before_midnight_utc), Facts(NUMBER), ZONE)
    assert facts.day == date(2026, 3, 1)


def test_a_case_that_is_not_opened_yet_is_not_counted() -> None:
    later = events.CaseTriaged(
        case_number=NUMBER, sequence=2, occurred_at=AT, kind=events.Kind.breach_report
    )
    waiting = apply(later, Facts(NUMBER), ZONE)
    assert cell(waiting) is None
    assert moves([(Facts(NUMBER), waiting)]) == {}


def test_an_opened_case_counts_without_kind_and_language() -> None:
    facts = apply(opened(AT), Facts(NUMBER), ZONE)
    assert moves([(Facts(NUMBER), facts)]) == {Cell(date(2026, 3, 1), "email", "", "", "new"): 1}


def test_a_persons_word_stands_above_a_later_one_of_the_machine() -> None:
    triaged = events.CaseTriaged(
        case_number=NUMBER, sequence=2, occurred_at=AT, kind=events.Kind.policy_inquiry
    )
    classified = events.CaseClassified(
        case_number=NUMBER,
        sequence=3,
        occurred_at=AT,
        kind=events.Kind.breach_report,
        probability=0.9,
        needs_triage=True,
        version="test",
    )
    facts = apply(classified, apply(triaged, Facts(NUMBER), ZONE), ZONE)
    assert (facts.kind, facts.needs_triage) == ("policy_inquiry", False)


def test_an_event_without_figures_changes_no_facts() -> None:
    facts = apply(opened(AT), Facts(NUMBER), ZONE)
    assigned = events.CaseAssigned(case_number=NUMBER, sequence=2, occurred_at=AT)
    assert apply(assigned, facts, ZONE) == facts
