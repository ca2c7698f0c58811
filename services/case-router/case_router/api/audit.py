"""The audit log, for auditors: who read or changed what, when and from where."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from fastapi.responses import StreamingResponse
from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field
from sqlalchemy.ext.asyncio import AsyncConnection

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
EXPORTED_AT_ONCE = 1000
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


class AuditQuery(BaseModel):
    """Which entries; nothing is any."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    account: Annotated[str | None, Field(max_length=64, pattern=r"^[a-z0-9._-]+$")] = None
    case_number: Annotated[str | None, Field(pattern=r"^[1-4]\d{9}$")] = None
    action: Annotated[str | None, Field(max_length=64, pattern=r"^[a-z_.]+$")] = None
    since: Moment = None
    until: Moment = None

    @property
    def filters(self) -> audit_list.Filters:
        """As the store takes them."""
        return audit_list.Filters(
            self.account, self.case_number, self.action, self.since, self.until
        )


class AuditPageQuery(AuditQuery):
    """One page of them."""

    before: Annotated[int | None, Field(ge=1, le=LARGEST)] = None
    limit: Annotated[int, Field(ge=1, le=500)] = 100


class AuditPage(Answer):
    """Newest first."""

    items: list[AuditEntry]
    next: int | None = Field(description="Send it as `before` for the next page; null at the end.")


def router(parts: Parts) -> APIRouter:
    """`GET /audit` and `GET /audit.csv`."""
    routes = APIRouter(prefix=PREFIX, tags=["audit"], dependencies=[IN_THE_DOCS])
    auditor = Depends(parts.caller(frozenset({Role.auditor})))

    @routes.get("/audit", summary="Read the audit log", responses=problems(401, 404, 422))
    async def list_entries(
        query: Annotated[AuditPageQuery, Query()], staff: Staff = auditor
    ) -> AuditPage:
        """Of cases that the auditor is kept out of there is nothing. Reading the log is an entry, too."""
        async with parts.engine.begin() as connection:
            rows = await audit_list.entries(
                connection, staff, query.filters, before=query.before, limit=query.limit + 1
            )
            await _noted(connection, staff, "audit.read", query)
        items = [AuditEntry.model_validate(row) for row in rows[: query.limit]]
        following = items[-1].entry if len(rows) > query.limit else None
        return AuditPage(items=items, next=following)

    @routes.get(
        "/audit.csv",
        summary="Export the audit log",
        response_class=StreamingResponse,
        responses=problems(401, 404, 422) | {200: {"content": {"text/csv": {}}}},
    )
    async def export(
        query: Annotated[AuditQuery, Query()], staff: Staff = auditor
    ) -> StreamingResponse:
        """What `/audit` tells, as CSV (UTF-8, RFC 4180), newest first, however much it is. Every value is an
        identifier, a date or a word from a list: nothing that a spreadsheet would run.
        """
        async with parts.engine.begin() as connection:
            await _noted(connection, staff, "audit.exported", query)
        return StreamingResponse(
            _written(parts, staff, query.filters),
            media_type="text/csv; charset=utf-8",
            headers={"content-disposition": 'attachment; filename="audit.csv"'},
        )

    return routes


async def _noted(connection: AsyncConnection, staff: Staff, action: str, query: AuditQuery) -> None:
    account_id = UUID(staff.account_id)
    await history.note(connection, action, [query.case_number], account_id=account_id)


async def _written(parts: Parts, staff: Staff, filters: audit_list.Filters) -> AsyncIterator[str]:
    names = tuple(AuditEntry.model_fields)
    yield _lines([names])
    before = None
    while True:
        # A connection for each piece: a slow reader holds none.
        async with parts.engine.connect() as connection:
            rows = await audit_list.entries(
                connection, staff, filters, before=before, limit=EXPORTED_AT_ONCE
            )
        entries = [AuditEntry.model_validate(row).model_dump(mode="json") for row in rows]
        yield _lines([tuple(entry[name] for name in names) for entry in entries])
        if len(rows) < EXPORTED_AT_ONCE:
            break
        before = rows[-1].entry


def _lines(rows: Sequence[Sequence[object]]) -> str:
    written = io.StringIO()
    csv.writer(written).writerows(rows)
    return written.getvalue()
