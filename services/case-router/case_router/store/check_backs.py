"""Check-backs: some time after a breach report was closed its handler asks the reporter about retaliation."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from case_router.store.tasks import Title, add
from case_router.tables import cases
from case_router.work_tables import tasks

ORIGIN = "check_back"
TITLE = Title(step="check_back.retaliation")


async def schedule(
    connection: AsyncConnection, number: str, key: bytes, days: Sequence[date]
) -> None:
    """A task for each day, for the case's handler."""
    handler = select(cases.c.handler).where(cases.c.case_number == number).scalar_subquery()
    for day in days:
        await add(connection, key, number, TITLE, day, assignee=handler, origin=ORIGIN)


async def cancel(connection: AsyncConnection, number: str) -> None:
    """The case goes on: those that aren't done are taken back."""
    await connection.execute(
        delete(tasks).where(
            tasks.c.case_number == number, tasks.c.origin == ORIGIN, tasks.c.done_at.is_(None)
        )
    )
