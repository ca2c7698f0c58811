"""The life of a case: which status may follow which, and what closing asks for (design.md, 2)."""

from __future__ import annotations

from dataclasses import dataclass

from speakup.events import Action, Disposition, Finding, Kind, Status

_NEXT: dict[Status, frozenset[Status]] = {
    Status.new: frozenset({Status.in_review}),
    Status.in_review: frozenset({Status.in_progress}),
    Status.in_progress: frozenset({Status.answered}),
    Status.answered: frozenset({Status.closed}),
    Status.closed: frozenset({Status.reopened}),
    Status.reopened: frozenset({Status.in_review, Status.in_progress}),
}

_WITHOUT_ANSWER = frozenset({Disposition.forwarded, Disposition.left_without_consideration})
"""Dispositions under which somebody else answers, or nobody does."""


@dataclass(frozen=True, slots=True)
class Closing:
    """How a case ends."""

    disposition: Disposition
    finding: Finding | None = None
    action: Action | None = None


def refusal(
    status: Status, wanted: Status, kind: Kind | None, closing: Closing | None
) -> str | None:
    """Why a case may not move on so, in words; None where it may."""
    if wanted is Status.closed and closing is not None:
        return _closing_refusal(status, kind, closing)
    if wanted is Status.closed:
        return "To close a case, say its `disposition`."
    if closing is not None:
        return "A disposition, finding or action belongs to closing a case only."
    if wanted not in _NEXT[status]:
        return _steps(status)
    return None


def _closing_refusal(status: Status, kind: Kind | None, closing: Closing) -> str | None:
    if kind is None:
        return "The case has no kind yet; it can be closed once it is classified."
    early = status not in (Status.answered, Status.closed) and (
        kind is Kind.out_of_scope
        or (status is not Status.new and closing.disposition in _WITHOUT_ANSWER)
    )
    if not early and Status.closed not in _NEXT[status]:
        return _steps(status)
    if closing.disposition is Disposition.pending:
        return "A case that is pending isn't closed; choose another disposition."
    outcome = (closing.finding, closing.action)
    if kind is Kind.breach_report and None in outcome:
        return "To close a breach report, say its `finding` and `action` as well."
    if kind is not Kind.breach_report and outcome != (None, None):
        return "Only a breach report has a finding and an action."
    return None


def _steps(status: Status) -> str:
    following = " or ".join(sorted(_NEXT[status]))
    return f"A case that is {status} can become {following}."


def after_question(status: Status) -> Status:
    """The status once the reporter has been asked something: somebody works on the case."""
    return Status.in_progress if status is Status.new else status


def may_be_written_to(status: Status) -> bool:
    """Whether the reporter can be written to; a closed case is reopened first."""
    return status is not Status.closed


def following(status: Status) -> tuple[Status, ...]:
    """Where a case may go on by one step, closing apart, in the order of its life."""
    return tuple(one for one in Status if one in _NEXT[status] and one is not Status.closed)


def dispositions(status: Status, kind: Kind | None) -> tuple[Disposition, ...]:
    """How a case may be closed as it is now; empty: it can't be closed yet."""
    breach = kind is Kind.breach_report
    outcome = (Finding.insufficient_information, Action.none) if breach else (None, None)
    return tuple(
        one
        for one in Disposition
        if refusal(status, Status.closed, kind, Closing(one, *outcome)) is None
    )
