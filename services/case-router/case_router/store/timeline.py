"""What happened to a case and who did it, as its audit entries tell. Readings are left out: the auditor has them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from case_router.store.access import visible
from case_router.store.rows import AnyRow
from case_router.tables import accounts, audit, cases
from speakup.staff import Staff

_READINGS = ("%read", "recording.refused", "%.printed", "%.listed")


async def of_case(connection: AsyncConnection, number: str) -> Sequence[AnyRow]:
    """`at`, `action`, `object` and `by`, newest first; the caller has seen that the case is there for them."""
    joined = audit.outerjoin(accounts, accounts.c.account_id == audit.c.account_id)
    query = (
        select(audit.c.at, audit.c.action, audit.c.object, accounts.c.name.label("by"))
        .select_from(joined)
        .where(
            audit.c.case_number == number,
            *(audit.c.action.not_like(pattern) for pattern in _READINGS),
        )
        .order_by(audit.c.entry.desc())
        .limit(200)
    )
    return (await connection.execute(query)).all()


async def opened_since(connection: AsyncConnection, staff: Staff, since: datetime) -> int:
    """How many cases have been opened after a moment, of those that this person may see."""
    query = select(func.count()).where(cases.c.opened_at > since, visible(staff))
    return int((await connection.execute(query)).scalar_one())
