"""Histories of cases as the router would tell them, for tests: random, or of a wished size."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import strategies as st

from speakup import events
from speakup.events import Event, Payload

START = datetime(2025, 12, 30, tzinfo=UTC)

Tell = Callable[[random.Random, str, int, datetime], Payload]


def opened(rng: random.Random, number: str, sequence: int, at: datetime) -> Payload:
    return events.CaseOpened(
        case_number=number,
        sequence=sequence,
        occurred_at=at,
        submission_id=UUID(int=rng.getrandbits(128)),
        channel=rng.choice(list(events.Channel)),
        received_at=at - timedelta(minutes=rng.randrange(600)),
        language=rng.choice([None, *events.Language]),
        relation=rng.choice(list(events.Relation)),
        person=rng.choice(list(events.Person)),
        anonymity=rng.choice(list(events.Anonymity)),
    )


def classified(rng: random.Random, number: str, sequence: int, at: datetime) -> Payload:
    return events.CaseClassified(
        case_number=number,
        sequence=sequence,
        occurred_at=at,
        kind=rng.choice(list(events.Kind)),
        probability=0.5,
        needs_triage=rng.random() < 0.5,
        category=rng.choice([None, "procurement", "labour"]),
        language=rng.choice([None, *events.Language]),
        version="test",
    )


def amended(rng: random.Random, number: str, sequence: int, at: datetime) -> Payload:
    return events.CaseAmended(
        case_number=number,
        sequence=sequence,
        occurred_at=at,
        submission_id=UUID(int=rng.getrandbits(128)),
        event_id=UUID(int=rng.getrandbits(128)),
        amendment=events.Amendment.answers,
        relation=rng.choice([None, *events.Relation]),
        person=rng.choice([None, *events.Person]),
    )


def triaged(rng: random.Random, number: str, sequence: int, at: datetime) -> Payload:
    return events.CaseTriaged(
        case_number=number,
        sequence=sequence,
        occurred_at=at,
        kind=rng.choice(list(events.Kind)),
        category=rng.choice([None, "procurement", "labour"]),
    )


def moved(rng: random.Random, number: str, sequence: int, at: datetime) -> Payload:
    return events.CaseStatusChanged(
        case_number=number,
        sequence=sequence,
        occurred_at=at,
        status=rng.choice(list(events.Status)),
    )


def closed(rng: random.Random, number: str, sequence: int, at: datetime) -> Payload:
    return events.CaseClosed(
        case_number=number,
        sequence=sequence,
        occurred_at=at,
        disposition=rng.choice(list(events.Disposition)),
        finding=rng.choice([None, *events.Finding]),
        action=rng.choice([None, *events.Action]),
    )


def plain(rng: random.Random, number: str, sequence: int, at: datetime) -> Payload:
    made = rng.choice(
        [events.CaseAcknowledged, events.CaseAnswered, events.CaseAssigned, events.CaseErased]
    )
    return made(case_number=number, sequence=sequence, occurred_at=at)


LATER: Sequence[Tell] = (
    classified,
    classified,
    triaged,
    moved,
    moved,
    closed,
    plain,
    plain,
    amended,
)


def history(seed: int, cases: int, longest: int = 8) -> list[Event]:
    """Each case's events in order, one case after the other; the same for the same seed."""
    rng = random.Random(seed)  # noqa: S311 - repeatable, not secret
    told: list[Event] = []
    for index in range(cases):
        number = f"2{index:09d}"
        at = START + timedelta(minutes=rng.randrange(60 * 24 * 60))
        for sequence in range(1, rng.randint(1, longest) + 1):
            tell = opened if sequence == 1 else rng.choice(LATER)
            at += timedelta(minutes=rng.randrange(5000))
            told.append(event(tell(rng, number, sequence, at), UUID(int=rng.getrandbits(128))))
    return told


def event(payload: Payload, event_id: UUID) -> Event:
    return Event(event_id, "/case-router", START, "2000000000", payload)


@st.composite
def heard(draw: st.DrawFn) -> tuple[list[Event], list[Event]]:
    """A history, and the same as it may be heard: in any order, some of it twice or more."""
    told = history(draw(st.integers(0, 2**32)), draw(st.integers(1, 5)))
    order = draw(st.permutations(range(len(told))))
    again = draw(st.lists(st.sampled_from(range(len(told))), max_size=len(told)))
    places = [draw(st.integers(0, len(told))) for _ in again]
    mixed = list(order)
    for index, place in zip(again, places, strict=True):
        mixed.insert(place, index)
    return told, [told[index] for index in mixed]
