"""The audit log, for auditors: who read or changed what, when and from where."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import AfterValidator, AwareDatetime, Field

from case_router.api.answers import Answer, problems
from case_router.api.parts import IN_THE_DOCS, PREFIX, Parts
from case_router.store import audit_list, history
from speakup.staff import Role, Staff


def _in_reach(moment: datetime | None) -> datetime | None:
    """PostgreSQL's driver fails at the calendar's edges."""
    if moment is not None and not 2000 <= moment.year <= 9000:
        raise ValueError("a year from 2000 to 9000")
    return moment


LARGEST = 2**63 - 1
Moment = Annotated[AwareDatetime | None, AfterValidator(_in_reach)]


class AuditEntry(Answer):
    """A line of the log: identifiers, never a person's word."""

    entry: int
    at: datetime
    account: str | None = Field(description="Null: the service itself.")
    action: str = Field(examples=["case.read"])
    case_number: str | None
    object: str | None
    address: str | None = Field(description="Where the request came from.")
    chained: bool = Field(description="Whether it has its link in the chain; it takes a second.")


class AuditPage(Answer):
    """Newest first."""

    items: list[AuditEntry]
    next: int | None = Field(description="Send it as `before` for the next page; null at the end.")


def router(parts: Parts) -> APIRouter:
    """`GET /audit`."""
    routes = APIRouter(prefix=PREFIX, tags=["audit"], dependencies=[IN_THE_DOCS])
    auditor = Depends(parts.caller(frozenset({Role.auditor})))

    @routes.get("/audit", summary="Read the audit log", responses=problems(401, 404, 422))
    async def list_entries(
        account: Annotated[str | None, Query(max_length=64, pattern=r"^[a-z0-9._-]+$")] = None,
        case_number: Annotated[str | None, Query(pattern=r"^[1-4]\d{9}$")] = None,
        action: Annotated[str | None, Query(max_length=64, pattern=r"^[a-z_.]+$")] = None,
        since: Moment = None,
        until: Moment = None,
        before: Annotated[int | None, Query(ge=1, le=LARGEST)] = None,
        limit: Annotated[int, Query(ge=1, le=500)] = 100,
        staff: Staff = auditor,
    ) -> AuditPage:
        """Of cases that the auditor is kept out of there is nothing. Reading the log is an entry, too."""
        filters = audit_list.Filters(account, case_number, action, since, until)
        async with parts.engine.begin() as connection:
            rows = await audit_list.entries(
                connection, staff, filters, before=before, limit=limit + 1
            )
            await history.note(
                connection, "audit.read", [case_number], account_id=UUID(staff.account_id)
            )
        items = [AuditEntry.model_validate(row) for row in rows[:limit]]
        return AuditPage(items=items, next=items[-1].entry if len(rows) > limit else None)

    return routes
