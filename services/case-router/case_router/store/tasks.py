"""What is to be done in a case, by whom and until when; its words under the case's key."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from case_router.store.access import visible
from case_router.store.rows import AnyRow
from case_router.tables import accounts, cases
from case_router.work_tables import tasks
from speakup import seal
from speakup.events import Frozen
from speakup.staff import Staff

_SHOWN = select(
    tasks.c.task_id,
    tasks.c.case_number,
    tasks.c.title_locked,
    tasks.c.due_on,
    tasks.c.made_at,
    tasks.c.done_at,
    accounts.c.name.label("assignee"),
).select_from(tasks.outerjoin(accounts, accounts.c.account_id == tasks.c.assignee))
_ORDER = (tasks.c.done_at.desc().nulls_first(), tasks.c.due_on, tasks.c.task_id)


class Title(Frozen):
    """What is to be done: in a person's words, or a step that the service has opened."""

    text: str = ""
    step: str | None = None
    """The name of a text of the pages: `corruption.tell_reward`."""


async def add(
    connection: AsyncConnection,
    key: bytes,
    case_number: str,
    title: Title,
    due_on: date,
    **who: Any,
) -> UUID:
    """Open a task; `who`: `assignee` and `made_by`, accounts. Its id."""
    task_id = uuid4()
    await connection.execute(
        insert(tasks).values(
            task_id=task_id,
            case_number=case_number,
            title_locked=lock_title(key, case_number, task_id, title),
            due_on=due_on,
            **who,
        )
    )
    return task_id


async def add_step(
    connection: AsyncConnection, key: bytes, case_number: str, step: str, today: date, days: int
) -> UUID:
    """Open a task by the service's own word, for whoever has the case."""
    return await add(connection, key, case_number, Title(step=step), today + timedelta(days=days))


async def of_case(connection: AsyncConnection, case_number: str) -> Sequence[AnyRow]:
    """All of a case's: what is to be done first, by the day that it is due."""
    query = _SHOWN.where(tasks.c.case_number == case_number)
    return (await connection.execute(query.order_by(*_ORDER))).all()


async def mine(connection: AsyncConnection, staff: Staff, limit: int) -> Sequence[AnyRow]:
    """What is to be done by somebody, in cases that they may see."""
    query = (
        _SHOWN.join(cases, cases.c.case_number == tasks.c.case_number)
        .where(tasks.c.assignee == UUID(staff.account_id), tasks.c.done_at.is_(None))
        .where(visible(staff))
        .order_by(*_ORDER)
        .limit(limit)
    )
    return (await connection.execute(query)).all()


async def finish(
    connection: AsyncConnection, case_number: str, task_id: UUID, account_id: UUID | None
) -> bool:
    """It is done, by somebody; None: not any more. False where there is no such task."""
    done = {
        "done_at": func.now() if account_id is not None else None,
        "done_by": account_id,
    }
    changed = await connection.execute(
        update(tasks)
        .where(tasks.c.case_number == case_number, tasks.c.task_id == task_id)
        .values(done)
        .returning(tasks.c.task_id)
    )
    return changed.one_or_none() is not None


def lock_title(key: bytes, case_number: str, task_id: UUID, title: Title) -> bytes:
    """A title as it is stored."""
    return seal.lock(key, title.model_dump_json().encode(), _context(case_number, task_id))


def open_title(key: bytes, case_number: str, task_id: UUID, locked: bytes) -> Title:
    """What `lock_title` locked. Raises seal.CannotOpenError."""
    return Title.model_validate_json(seal.unlock(key, locked, _context(case_number, task_id)))


def _context(case_number: str, task_id: UUID) -> str:
    return f"speakup/case/{case_number}/task/{task_id}"
