"""What somebody who opens a case is to do next: one thing at a time, and what else they may do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from case_router import transitions
from speakup.events import Disposition, Kind, Status


@dataclass(frozen=True, slots=True)
class NextStep:
    """`name`: of the step that is next (`triage`, `assign`, `answer`, `move`, `close`, `closed`, `erased`);
    `offered`: the forms to show, in the order of a case's life.
    """

    name: str
    offered: Sequence[str] = ()
    moves: Sequence[Status] = ()
    dispositions: Sequence[Disposition] = ()


def next_step(case: Mapping[str, Any], *, assigns: bool, triages: bool) -> NextStep:
    """`case` as the API tells it; `assigns`, `triages`: the reader may give cases to handlers, may triage."""
    if case["erased"]:
        return NextStep("erased")
    status, kind = Status(case["status"]), Kind(case["kind"]) if case["kind"] else None
    moves = transitions.following(status)
    if status is Status.closed:
        return NextStep("closed", ("move",), moves)
    closings = transitions.dispositions(status, kind)
    triaged = case["triaged_at"] is not None
    offered = [
        name
        for name, wanted in (
            ("triage", triages),
            ("concerned", triages),
            ("assign", assigns and triaged),
            ("write", True),
            ("move", triaged and bool(moves)),
            ("close", triaged and bool(closings)),
            ("unseal", True),
        )
        if wanted
    ]
    name = _name(case, status, kind, assigns=assigns, triages=triages)
    return NextStep(name, offered, moves, closings)


def _name(
    case: Mapping[str, Any], status: Status, kind: Kind | None, *, assigns: bool, triages: bool
) -> str:
    if triages and (case["triaged_at"] is None or kind is None):
        return "triage"
    if kind is Kind.out_of_scope or status is Status.answered:
        return "close"
    if assigns and case["handler"] is None:
        return "assign"
    return "answer" if case["replies_go_by"] else "move"
