"""Who is on duty when."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID, uuid4

from sqlalchemy import delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from case_router.store.rows import AnyRow
from case_router.tables import accounts
from case_router.work_tables import duty


class Turn(NamedTuple):
    """One officer's."""

    account_id: UUID
    starts_at: datetime
    ends_at: datetime


async def current(connection: AsyncConnection) -> Sequence[AnyRow]:
    """`officer`, `starts_at` and `ends_at` of the turns that aren't over."""
    query = (
        select(accounts.c.name.label("officer"), duty.c.starts_at, duty.c.ends_at)
        .join(accounts, accounts.c.account_id == duty.c.account_id)
        .where(duty.c.ends_at > func.now())
        .order_by(duty.c.starts_at, accounts.c.name)
    )
    return (await connection.execute(query)).all()


async def replace(connection: AsyncConnection, turns: Sequence[Turn], *, made_by: UUID) -> None:
    """These in place of all that aren't over."""
    await connection.execute(delete(duty).where(duty.c.ends_at > func.now()))
    if turns:
        await connection.execute(
            insert(duty),
            [turn._asdict() | {"duty_id": uuid4(), "made_by": made_by} for turn in turns],
        )
