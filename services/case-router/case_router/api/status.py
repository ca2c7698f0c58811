"""Moving a case on in its life, and closing it."""

from __future__ import annotations

from functools import partial
from typing import Annotated
from uuid import uuid4

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from case_router import transitions
from case_router.api.answers import CaseChanged, problems
from case_router.api.change import Change, IdempotencyKey, IfMatch, make
from case_router.api.one_case import Number
from case_router.api.parts import CASE_WORKERS, IN_THE_DOCS, PREFIX, Parts
from case_router.store import changes, triages
from case_router.store.rows import AnyRow
from speakup.events import (
    Action,
    CaseAnswered,
    CaseClosed,
    CaseStatusChanged,
    Disposition,
    Finding,
    Kind,
    Status,
)
from speakup.problems import Problem
from speakup.staff import Staff


class StatusBody(BaseModel):
    """Where the case is to go."""

    model_config = ConfigDict(
        hide_input_in_errors=True,
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"status": "in_review"},
                {
                    "status": "closed",
                    "disposition": "considered",
                    "finding": "substantiated",
                    "action": "training",
                },
            ]
        },
    )

    status: Status
    disposition: Disposition | None = Field(default=None, description="Needed to close a case.")
    finding: Finding | None = Field(default=None, description="Needed to close a breach report.")
    action: Action | None = Field(default=None, description="Needed to close a breach report.")
    reason: Annotated[str, StringConstraints(strip_whitespace=True, max_length=2000)] = Field(
        default="", description="Needed to reopen a case: why."
    )


def router(parts: Parts) -> APIRouter:
    """`POST /cases/{number}/status`."""
    routes = APIRouter(prefix=PREFIX, tags=["cases"], dependencies=[IN_THE_DOCS])
    caller = Depends(parts.caller(CASE_WORKERS))

    @routes.post(
        "/cases/{number}/status",
        summary="Move a case on",
        response_model=CaseChanged,
        responses=problems(401, 404, 409, 412, 422, 428),
    )
    async def move(
        request: Request,
        number: Number,
        body: StatusBody,
        if_match: IfMatch = None,
        idempotency_key: IdempotencyKey = None,
        staff: Staff = caller,
    ) -> Response:
        """`new → in_review → in_progress → answered → closed`, and `closed → reopened →` on.

        What is out of scope can be closed at once; what is forwarded or left without consideration,
        once it has been looked at. `answered` here is for answers given by other means than a reply.
        """
        return await make(parts, request, staff, number, body, partial(_move, body))

    return routes


async def _move(body: StatusBody, change: Change) -> dict[str, str]:
    closing = _closing(body)
    kind = Kind(change.case.kind) if change.case.kind else None
    reason = transitions.refusal(Status(change.case.status), body.status, kind, closing)
    if reason is not None:
        raise Problem(409, reason)
    _require_triage(body.status, change.case)
    events: list[changes.Numbered] = [partial(CaseStatusChanged, status=body.status)]
    if body.status is Status.answered:
        events.insert(0, CaseAnswered)
    if closing is not None:
        how = {"finding": closing.finding, "action": closing.action}
        events.insert(0, partial(CaseClosed, disposition=closing.disposition, **how))
    await change.tell(*events)
    facts: dict[str, object] = {"status": body.status}
    if body.status in (Status.closed, Status.reopened):
        facts |= {
            "disposition": body.disposition,
            "finding": body.finding,
            "action": body.action,
        }
    await changes.set_facts(change.connection, change.number, **facts)
    if body.status is Status.reopened:
        await _keep_reason(change, body.reason)
    await change.note("case.status_changed", body.status)
    return {}


def _require_triage(wanted: Status, case: AnyRow) -> None:
    if case.triaged_at is None:
        raise Problem(409, f"Say first what the case is (triage); then it can become {wanted}.")


async def _keep_reason(change: Change, reason: str) -> None:
    """Among the triages, where it is read: what the case is, is looked at anew."""
    if not reason:
        raise Problem(409, "To reopen a case, say your `reason`.")
    reopening_id = uuid4()
    key = await change.key()
    await triages.add(
        change.connection,
        triage_id=reopening_id,
        case_number=change.number,
        account_id=change.account_id,
        facts=None,
        reason_locked=triages.lock_reason(key, change.number, reopening_id, reason),
    )


def _closing(body: StatusBody) -> transitions.Closing | None:
    if body.disposition is not None:
        return transitions.Closing(body.disposition, body.finding, body.action)
    if body.finding is not None or body.action is not None:
        raise Problem(409, "A finding or action goes with a `disposition`.")
    return None
