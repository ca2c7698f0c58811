"""What two people must want: what waits for one's decision, what one asked for, deciding."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import Field, StringConstraints

from case_router import staff_accounts
from case_router.api.account import Body
from case_router.api.answers import Answer, problems
from case_router.api.parts import IN_THE_DOCS, PREFIX, Parts
from case_router.approving import DECIDERS, OPEN_FOR, Action, State, state
from case_router.asking import open_reason
from case_router.deciding import Deciding
from case_router.erasing import Erasing
from case_router.store import approvals, history
from case_router.store.rows import AnyRow
from speakup.staff import Role, Staff, require_reader

Reason = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=10, max_length=2000),
    Field(
        description="Why; whoever decides reads it.",
        examples=["The prosecutor asks by letter 12-3/441 who reported it."],
    ),
]

WHAT = "What is asked for"
ASKERS = frozenset({Role.handler, Role.officer, Role.chair, Role.admin})


class ApprovalRead(Answer):
    """What somebody asks for."""

    approval_id: UUID
    action: Action
    case_number: str | None
    account: str | None = Field(description="Whom it concerns, of an account.")
    detail: str | None = Field(description="What is to be unsealed, or the role.")
    reason: str | None = Field(description="Null once its case was erased.")
    asked_by: str
    asked_at: datetime
    open_until: datetime
    state: State
    decided_by: str | None
    decided_at: datetime | None
    expires_at: datetime | None = Field(description="When what was approved is over.")
    decidable: bool = Field(description="Whether you may decide it.")


class ApprovalList(Answer):
    """What waits for your decision, oldest first, then what you asked for, newest first."""

    items: list[ApprovalRead]


class Decided(ApprovalRead):
    """With what is shown this once."""

    code: str | None = Field(
        default=None, description="For the account's owner alone, to set a password with."
    )


class DecisionBody(Body):
    """Yes or no."""

    approved: bool


def router(parts: Parts) -> APIRouter:
    """`/approvals`."""
    routes = APIRouter(prefix=PREFIX, tags=["approvals"], dependencies=[IN_THE_DOCS])
    erasing = Erasing(
        engine=parts.engine,
        vault=parts.vault,
        blobs=parts.blobs,
        relay=parts.relay,
        retry=parts.settings.outbox_retry_seconds,
    )
    deciding = Deciding(
        parts.engine,
        {
            Action.erase: erasing.begin,
            Action.grant_role: staff_accounts.granted,
            Action.reset_credentials: staff_accounts.reset_approved,
        },
    )

    asker = Depends(require_reader(parts.verifier, ASKERS, what=WHAT))
    decider = Depends(require_reader(parts.verifier, DECIDERS, what=WHAT))

    @routes.get(
        "/approvals", summary="List what waits for approval", responses=problems(401, 403, 404)
    )
    async def list_approvals(staff: Staff = asker) -> ApprovalList:
        """What you may decide, and what you asked for. Reading a reason is noted in the audit log."""
        async with parts.engine.begin() as connection:
            rows = await approvals.of_staff(connection, staff)
            await history.note(
                connection,
                "approval.read",
                [row.case_number for row in rows],
                account_id=UUID(staff.account_id),
                subject=[str(row.approval_id) for row in rows],
            )
        return ApprovalList(items=await _read(parts, rows))

    @routes.post(
        "/approvals/{approval_id}/decision",
        summary="Approve or refuse",
        responses=problems(401, 403, 404, 409, 422),
    )
    async def decide(approval_id: UUID, body: DecisionBody, staff: Staff = decider) -> Decided:
        """Never by who asked or whom it concerns. Of an account, two officers approve, or the chair alone."""
        row, shown, records = await deciding.decide(staff, approval_id, approved=body.approved)
        parts.relay.publish_soon(records)
        if body.approved and row.action == Action.erase:
            # At once, so that who decided sees it done; what fails is tried again in the background.
            await erasing.finish_all()
        (read,) = await _read(parts, [row])
        return Decided.model_validate(read.model_dump() | shown)

    return routes


async def _read(parts: Parts, rows: Collection[AnyRow]) -> list[ApprovalRead]:
    numbers = {row.case_number for row in rows if row.case_number is not None}
    keys = await parts.vault.keys_of(numbers) if numbers else {}
    return await asyncio.to_thread(
        lambda: [_one(row, open_reason(row, keys.get(row.case_number), parts.keys)) for row in rows]
    )


def _one(row: AnyRow, reason: str | None) -> ApprovalRead:
    return ApprovalRead(
        approval_id=row.approval_id,
        action=row.action,
        case_number=row.case_number,
        account=row.account,
        detail=row.detail,
        reason=reason,
        asked_by=row.asked_by_name,
        asked_at=row.asked_at,
        open_until=row.asked_at + OPEN_FOR,
        state=state(
            asked_at=row.asked_at,
            approved=row.approved,
            first_by=row.first_by,
            expires_at=row.expires_at,
            now=datetime.now(UTC),
        ),
        decided_by=row.decided_by_name,
        decided_at=row.decided_at,
        expires_at=row.expires_at,
        decidable=row.decidable,
    )
