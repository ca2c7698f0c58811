"""The audit log as auditors read it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from case_router.store.rows import AnyRow
from case_router.tables import accounts, audit
from case_router.work_tables import audit_chain, exclusions
from speakup.staff import Staff


@dataclass(frozen=True, slots=True)
class Filters:
    """Which entries; None is any."""

    account: str | None = None
    case_number: str | None = None
    action: str | None = None
    since: datetime | None = None
    until: datetime | None = None


async def entries(
    connection: AsyncConnection, staff: Staff, filters: Filters, *, before: int | None, limit: int
) -> Sequence[AnyRow]:
    """Newest first, of those with smaller numbers than `before`; none of a case that the reader is kept out of."""
    kept_out = (
        select(exclusions.c.case_number)
        .where(
            # `object` may be the number of a case that is linked.
            exclusions.c.case_number.in_((audit.c.case_number, audit.c.object)),
            exclusions.c.account_id == UUID(staff.account_id),
        )
        .exists()
    )
    query = (
        select(
            audit,
            accounts.c.name.label("account"),
            audit_chain.c.position.is_not(None).label("chained"),
        )
        .outerjoin(accounts, accounts.c.account_id == audit.c.account_id)
        .outerjoin(audit_chain, audit_chain.c.entry == audit.c.entry)
        .where(~kept_out)
        .order_by(audit.c.entry.desc())
        .limit(limit)
    )
    if filters.account is not None:
        query = query.where(accounts.c.name == filters.account)
    if filters.case_number is not None:
        query = query.where(audit.c.case_number == filters.case_number)
    if filters.action is not None:
        query = query.where(audit.c.action == filters.action)
    if filters.since is not None:
        query = query.where(audit.c.at >= filters.since)
    if filters.until is not None:
        query = query.where(audit.c.at < filters.until)
    if before is not None:
        query = query.where(audit.c.entry < before)
    return (await connection.execute(query)).all()
