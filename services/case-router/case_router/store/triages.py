"""What persons said that cases are: every word of it is kept, the newest holds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import exists, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from case_router.store.rows import AnyRow
from case_router.tables import accounts
from case_router.work_tables import triages, units
from speakup import seal


async def add(
    connection: AsyncConnection,
    *,
    triage_id: UUID,
    case_number: str,
    account_id: UUID,
    facts: dict[str, Any] | None,
    reason_locked: bytes | None,
) -> None:
    """Keep what was said; no `facts`: why the case was reopened. The caller has locked the case."""
    await connection.execute(
        insert(triages).values(
            triage_id=triage_id,
            case_number=case_number,
            made_by=account_id,
            facts=facts,
            reason_locked=reason_locked,
        )
    )


async def of_case(connection: AsyncConnection, case_number: str) -> Sequence[AnyRow]:
    """All of a case's, oldest first, with `by`: who said it."""
    query = (
        select(triages, accounts.c.name.label("by"))
        .join(accounts, accounts.c.account_id == triages.c.made_by)
        .where(triages.c.case_number == case_number)
        .order_by(triages.c.made_at, triages.c.triage_id)
    )
    return (await connection.execute(query)).all()


async def is_unit(connection: AsyncConnection, unit: str) -> bool:
    """Whether the company has it."""
    return bool(await connection.scalar(select(exists().where(units.c.unit == unit))))


def lock_reason(key: bytes, case_number: str, triage_id: UUID, reason: str) -> bytes:
    """A reason as it is stored."""
    return seal.lock(key, reason.encode(), _context(case_number, triage_id))


def open_reason(key: bytes, case_number: str, triage_id: UUID, locked: bytes) -> str:
    """What `lock_reason` locked. Raises seal.CannotOpenError."""
    return seal.unlock(key, locked, _context(case_number, triage_id)).decode()


def _context(case_number: str, triage_id: UUID) -> str:
    return f"speakup/case/{case_number}/triage/{triage_id}"
