"""What happened to a case and who did it, as its audit entries tell. Readings are left out: the auditor has them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from case_router.store.access import visible
from case_router.store.rows import AnyRow
from case_router.tables import accounts, audit, cases
from case_router.work_tables import audit_chain
from speakup.staff import Staff

_READINGS = (
    *("%read", "%.printed", "%.listed"),
    *("contact.refused", "recording.refused", "scan.refused"),
)


class Change(NamedTuple):
    """Something happened to a case."""

    position: int
    """In the audit log's chain."""
    case_number: str
    action: str


def _is_change() -> ColumnElement[bool]:
    return and_(*(audit.c.action.not_like(pattern) for pattern in _READINGS))


async def of_case(connection: AsyncConnection, number: str) -> Sequence[AnyRow]:
    """`at`, `action`, `object` and `by`, newest first; the caller has seen that the case is there for them."""
    joined = audit.outerjoin(accounts, accounts.c.account_id == audit.c.account_id)
    query = (
        select(audit.c.at, audit.c.action, audit.c.object, accounts.c.name.label("by"))
        .select_from(joined)
        .where(audit.c.case_number == number, _is_change())
        .order_by(audit.c.entry.desc())
        .limit(200)
    )
    return (await connection.execute(query)).all()


async def opened_since(connection: AsyncConnection, staff: Staff, since: datetime) -> int:
    """How many cases have been opened after a moment, of those that this person may see."""
    query = select(func.count()).where(cases.c.opened_at > since, visible(staff))
    return int((await connection.execute(query)).scalar_one())


async def changes(
    connection: AsyncConnection, staff: Staff, after: int, until: int
) -> Sequence[Change]:
    """What happened to the cases that this person may see now, between two positions of the chain, oldest first."""
    query = (
        select(audit_chain.c.position, audit.c.case_number, audit.c.action)
        .join(audit, audit.c.entry == audit_chain.c.entry)
        .join(cases, cases.c.case_number == audit.c.case_number)
        .where(
            audit_chain.c.position > after,
            audit_chain.c.position <= until,
            _is_change(),
            visible(staff),
        )
        .order_by(audit_chain.c.position)
    )
    return [Change(*row) for row in (await connection.execute(query)).all()]
