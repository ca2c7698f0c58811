"""The slow, plain recount: reads each case's whole history in order, forgets nothing, shares no code."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from speakup import events
from speakup.events import Event

Row = tuple[date, str, str, str, str]


def cases(told: Sequence[Event]) -> dict[str, list[Any]]:
    """The payloads of each case, each once, by sequence."""
    by_case: dict[str, dict[int, Any]] = {}
    for event in told:
        payload: Any = event.payload
        by_case.setdefault(payload.case_number, {})[payload.sequence] = payload
    return {number: [told[n] for n in sorted(told)] for number, told in by_case.items()}


def figures(told: Sequence[Event], zone: ZoneInfo) -> Counter[Row]:
    """How many cases there are of each day, channel, kind, language and status."""
    counts: Counter[Row] = Counter()
    for history in cases(told).values():
        first = history[0]
        if not isinstance(first, events.CaseOpened):
            continue
        counts[
            first.received_at.astimezone(zone).date(),
            first.channel.value,
            kind(history),
            language(history),
            status(history),
        ] += 1
    return counts


def kind(history: Sequence[Any]) -> str:
    by_person = [p.kind.value for p in history if isinstance(p, events.CaseTriaged)]
    by_machine = [p.kind.value for p in history if isinstance(p, events.CaseClassified)]
    return str((["", *by_machine, *by_person] if by_person else ["", *by_machine])[-1])


def language(history: Sequence[Any]) -> str:
    tellers = events.CaseOpened | events.CaseClassified
    return str(
        (["", *(p.language.value for p in history if isinstance(p, tellers) and p.language)])[-1]
    )


def status(history: Sequence[Any]) -> str:
    now = "new"
    for payload in history:
        if isinstance(payload, events.CaseStatusChanged):
            now = payload.status.value
        elif isinstance(payload, events.CaseClosed):
            now = "closed"
    return now


def outcome(history: Sequence[Any]) -> tuple[Any, ...]:
    """Finding, disposition, action and moment of the closing that still holds."""
    found: tuple[Any, ...] = (None, None, None, None)
    for payload in history:
        if isinstance(payload, events.CaseClosed):
            found = (payload.finding, payload.disposition, payload.action, payload.occurred_at)
        elif isinstance(payload, events.CaseStatusChanged) and payload.status == "reopened":
            found = (None, None, None, None)
    return found


def first_moment(history: Sequence[Any], kind: type[Any]) -> Any:
    """When the first event of the type happened, or None."""
    return next((p.occurred_at for p in history if isinstance(p, kind)), None)
