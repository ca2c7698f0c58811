"""What an event says about a case, and under which figures the case counts. Plain values, no I/O.

Events may come in any order and more than once. Each group of attributes knows the sequence of the event
that set it last (or first, for things that count when they first happen), and only a later (an earlier)
one sets it again: so the same events give the same facts, whatever their order.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, tzinfo
from functools import singledispatch
from typing import NamedTuple

from speakup import events

UNTOLD = 0
"""The sequence of what no event has said yet; the first event of a case is 1."""


@dataclass(frozen=True, slots=True)
class Facts:
    """A case as the figures know it. Without `channel` it isn't opened yet, as far as is known."""

    case_number: str

    channel: str | None = None
    relation: str | None = None
    relation_sequence: int = UNTOLD
    person: str | None = None
    person_sequence: int = UNTOLD
    anonymity: str | None = None
    received_at: datetime | None = None
    opened_at: datetime | None = None
    day: date | None = None
    """Of `received_at`, where the company is: the day that the case counts for."""
    opened_sequence: int = UNTOLD

    language: str | None = None
    language_sequence: int = UNTOLD

    kind: str | None = None
    category: str | None = None
    needs_triage: bool = False
    kind_by_person: bool = False
    kind_sequence: int = UNTOLD

    status: str | None = None
    status_sequence: int = UNTOLD

    finding: str | None = None
    disposition: str | None = None
    action: str | None = None
    closed_at: datetime | None = None
    outcome_sequence: int = UNTOLD

    acknowledged_at: datetime | None = None
    acknowledged_sequence: int = UNTOLD
    answered_at: datetime | None = None
    """The first answer."""
    answered_sequence: int = UNTOLD

    erased: bool = False


class Cell(NamedTuple):
    """What is counted together; '' stands for what isn't known (yet)."""

    day: date
    channel: str
    kind: str
    language: str
    status: str


def cell(facts: Facts) -> Cell | None:
    """Where a case counts; None while it isn't opened."""
    if facts.channel is None or facts.day is None:
        return None
    return Cell(
        facts.day, facts.channel, facts.kind or "", facts.language or "", facts.status or ""
    )


def moves(changes: Iterable[tuple[Facts, Facts]]) -> dict[Cell, int]:
    """By how much each figure changes when cases go from the one to the other; no zeros."""
    counts: Counter[Cell] = Counter()
    for before, after in changes:
        old, new = cell(before), cell(after)
        if old is not None:
            counts[old] -= 1
        if new is not None:
            counts[new] += 1
    return {key: count for key, count in counts.items() if count}


class Calls(NamedTuple):
    """Where calls are counted together; '' stands for no language chosen."""

    day: date
    language: str


def calls(ended: Iterable[events.CallRecorded], zone: tzinfo) -> dict[Calls, tuple[int, int]]:
    """How many ended, and how many of them left no submission."""
    counts: dict[Calls, tuple[int, int]] = {}
    for call in ended:
        place = Calls(call.ended_at.astimezone(zone).date(), call.language or "")
        all_of_them, abandoned = counts.get(place, (0, 0))
        counts[place] = (all_of_them + 1, abandoned + (not call.submitted))
    return counts


@singledispatch
def apply(payload: events.Payload, facts: Facts, zone: tzinfo) -> Facts:
    """The facts with what the event adds. An event that bears on no figure adds nothing."""
    return facts


@apply.register
def _(payload: events.CaseOpened, facts: Facts, zone: tzinfo) -> Facts:
    if payload.sequence > facts.opened_sequence:
        facts = replace(
            facts,
            channel=payload.channel,
            anonymity=payload.anonymity,
            received_at=payload.received_at,
            opened_at=payload.occurred_at,
            day=payload.received_at.astimezone(zone).date(),
            opened_sequence=payload.sequence,
        )
    facts = _said(facts, payload.relation, payload.person, payload.sequence)
    facts = _in_language(facts, payload.language, payload.sequence)
    return _in_status(facts, events.Status.new, payload.sequence)


@apply.register
def _(payload: events.CaseAmended, facts: Facts, zone: tzinfo) -> Facts:
    return _said(facts, payload.relation, payload.person, payload.sequence)


@apply.register
def _(payload: events.CaseClassified, facts: Facts, zone: tzinfo) -> Facts:
    # A person's word stands above the machine's, whichever came last.
    if not facts.kind_by_person and payload.sequence > facts.kind_sequence:
        facts = replace(
            facts,
            kind=payload.kind,
            category=payload.category,
            needs_triage=payload.needs_triage,
            kind_sequence=payload.sequence,
        )
    return _in_language(facts, payload.language, payload.sequence)


@apply.register
def _(payload: events.CaseTriaged, facts: Facts, zone: tzinfo) -> Facts:
    if facts.kind_by_person and payload.sequence <= facts.kind_sequence:
        return facts
    return replace(
        facts,
        kind=payload.kind,
        category=payload.category,
        needs_triage=False,
        kind_by_person=True,
        kind_sequence=payload.sequence,
    )


@apply.register
def _(payload: events.CaseStatusChanged, facts: Facts, zone: tzinfo) -> Facts:
    if payload.status == events.Status.reopened and payload.sequence > facts.outcome_sequence:
        # What was found is open again.
        facts = replace(
            facts,
            finding=None,
            disposition=None,
            action=None,
            closed_at=None,
            outcome_sequence=payload.sequence,
        )
    return _in_status(facts, payload.status, payload.sequence)


@apply.register
def _(payload: events.CaseClosed, facts: Facts, zone: tzinfo) -> Facts:
    if payload.sequence > facts.outcome_sequence:
        facts = replace(
            facts,
            finding=payload.finding,
            disposition=payload.disposition,
            action=payload.action,
            closed_at=payload.occurred_at,
            outcome_sequence=payload.sequence,
        )
    return _in_status(facts, events.Status.closed, payload.sequence)


@apply.register
def _(payload: events.CaseAcknowledged, facts: Facts, zone: tzinfo) -> Facts:
    if _is_first(payload.sequence, facts.acknowledged_sequence):
        facts = replace(
            facts,
            acknowledged_at=payload.occurred_at,
            acknowledged_sequence=payload.sequence,
        )
    return facts


@apply.register
def _(payload: events.CaseAnswered, facts: Facts, zone: tzinfo) -> Facts:
    if _is_first(payload.sequence, facts.answered_sequence):
        facts = replace(facts, answered_at=payload.occurred_at, answered_sequence=payload.sequence)
    return facts


@apply.register
def _(payload: events.CaseErased, facts: Facts, zone: tzinfo) -> Facts:
    return replace(facts, erased=True)


def _is_first(sequence: int, known: int) -> bool:
    return known == UNTOLD or sequence < known


def _said(
    facts: Facts, relation: events.Relation | None, person: events.Person | None, sequence: int
) -> Facts:
    if relation is not None and sequence > facts.relation_sequence:
        facts = replace(facts, relation=relation, relation_sequence=sequence)
    if person is not None and sequence > facts.person_sequence:
        facts = replace(facts, person=person, person_sequence=sequence)
    return facts


def _in_language(facts: Facts, language: events.Language | None, sequence: int) -> Facts:
    if language is None or sequence <= facts.language_sequence:
        return facts
    return replace(facts, language=language, language_sequence=sequence)


def _in_status(facts: Facts, status: events.Status, sequence: int) -> Facts:
    if sequence <= facts.status_sequence:
        return facts
    return replace(facts, status=status, status_sequence=sequence)
