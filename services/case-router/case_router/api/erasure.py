"""Erasing cases: what has been kept long enough, and asking for it."""

from __future__ import annotations

from datetime import datetime
from functools import partial

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from case_router.api.account import Body
from case_router.api.answers import Answer, problems
from case_router.api.approvals import Reason
from case_router.api.change import Change, IdempotencyKey, IfMatch, make
from case_router.api.one_case import Number
from case_router.api.parts import IN_THE_DOCS, PREFIX, Parts
from case_router.api.unsealing import Asked
from case_router.approving import DECIDERS, Action
from case_router.asking import ask_of_case
from case_router.profiles import RetentionProfile
from case_router.store import erasure
from speakup.events import Kind, Status
from speakup.problems import Problem
from speakup.staff import Staff

LISTED = 200


class ErasureBody(Body):
    """Why."""

    reason: Reason


class Proposal(Answer):
    """A case that has been kept for as long as its kind is."""

    case_number: str
    kind: Kind | None
    closed_at: datetime


class Proposals(Answer):
    """The ones that were closed first."""

    items: list[Proposal]


def router(parts: Parts) -> APIRouter:
    """`GET /erasures/proposals` and `POST /cases/{number}/erasure`."""
    routes = APIRouter(prefix=PREFIX, tags=["erasure"], dependencies=[IN_THE_DOCS])
    caller = Depends(parts.caller(DECIDERS))

    @routes.get(
        "/erasures/proposals", summary="List cases to be erased", responses=problems(401, 404)
    )
    async def proposals(staff: Staff = caller) -> Proposals:
        """By the retention profile, of the cases that you see; 200 at most. Nothing is erased by being listed."""
        async with parts.engine.connect() as connection:
            profile = await parts.profiles.get(connection, RetentionProfile)
            months = {
                Kind.breach_report: profile.breach_report_months,
                Kind.policy_inquiry: profile.policy_inquiry_months,
                Kind.out_of_scope: profile.out_of_scope_months,
            }
            found = await erasure.proposed(connection, staff, months, LISTED)
        return Proposals(
            items=[
                Proposal(case_number=number, kind=kind, closed_at=closed_at)
                for number, kind, closed_at in found
            ]
        )

    @routes.post(
        "/cases/{number}/erasure",
        summary="Ask to erase a case",
        status_code=201,
        response_model=Asked,
        responses=problems(401, 404, 409, 410, 412, 422, 428),
    )
    async def ask(
        request: Request,
        number: Number,
        body: ErasureBody,
        if_match: IfMatch = None,
        idempotency_key: IdempotencyKey = None,
        staff: Staff = caller,
    ) -> Response:
        """Of a closed case. Another officer or the chair decides (`/approvals`). What is approved can't be taken back:
        the case's key is destroyed, and only facts for the statistics stay.
        """
        return await make(parts, request, staff, number, body, partial(_ask, body))

    return routes


async def _ask(body: ErasureBody, change: Change) -> dict[str, str]:
    if change.case.status != Status.closed:
        raise Problem(409, "Only a closed case is erased. Close it first.")
    key = await change.parts.vault.key_of(change.number)
    if key is None:
        raise Problem(409, "The case's key is away or was destroyed. Tell the admin.")
    approval_id = await ask_of_case(
        change.connection,
        key,
        number=change.number,
        action=Action.erase,
        asked_by=change.account_id,
        reason=body.reason,
    )
    await change.note("erase.asked", approval_id)
    return {"approval_id": str(approval_id)}
