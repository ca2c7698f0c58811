"""What is to be done in a case, by whom and until when; its words under the case's key."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from case_router.work_tables import tasks
from speakup import seal
from speakup.events import Frozen


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


def lock_title(key: bytes, case_number: str, task_id: UUID, title: Title) -> bytes:
    """A title as it is stored."""
    return seal.lock(key, title.model_dump_json().encode(), _context(case_number, task_id))


def open_title(key: bytes, case_number: str, task_id: UUID, locked: bytes) -> Title:
    """What `lock_title` locked. Raises seal.CannotOpenError."""
    return Title.model_validate_json(seal.unlock(key, locked, _context(case_number, task_id)))


def _context(case_number: str, task_id: UUID) -> str:
    return f"speakup/case/{case_number}/task/{task_id}"
