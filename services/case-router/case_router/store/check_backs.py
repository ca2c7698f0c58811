"""Check-backs: some time after a breach report was closed its handler asks the reporter about retaliation."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from uuid import uuid4

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from case_router.store.vault import task_context
from case_router.tables import cases
from case_router.work_tables import tasks
from speakup import seal
from speakup.events import Language
from speakup.i18n import texts

ORIGIN = "check_back"


async def schedule(
    connection: AsyncConnection, number: str, key: bytes, days: Sequence[date]
) -> None:
    """A task for each day, for whoever is the case's handler, titled in all three languages."""
    title = " / ".join(texts()(language, "staff.check_back") for language in Language).encode()
    handler = select(cases.c.handler).where(cases.c.case_number == number).scalar_subquery()
    for day in days:
        task_id = uuid4()
        locked = seal.lock(key, title, task_context(number, task_id))
        await connection.execute(
            insert(tasks).values(
                task_id=task_id,
                case_number=number,
                title_locked=locked,
                due_on=day,
                assignee=handler,
                origin=ORIGIN,
            )
        )


async def cancel(connection: AsyncConnection, number: str) -> None:
    """The case goes on: those that aren't done are taken back."""
    await connection.execute(
        delete(tasks).where(
            tasks.c.case_number == number, tasks.c.origin == ORIGIN, tasks.c.done_at.is_(None)
        )
    )
