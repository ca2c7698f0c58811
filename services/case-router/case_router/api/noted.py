"""Reading what belongs to a case: seen, read and noted in one transaction."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from case_router.api.parts import Parts
from case_router.store import cases, history
from speakup.problems import not_found
from speakup.staff import Staff

T = TypeVar("T")


async def noted(
    parts: Parts,
    staff: Staff,
    number: str,
    action: str,
    read: Callable[[AsyncConnection, str], Awaitable[T | None]],
    *,
    subject: str | None = None,
) -> T:
    """What `read` finds of a case that the caller may see; `action` goes into the audit log, with the part's id as
    `subject`. Raises Problem 404, also where `read` finds None.
    """
    async with parts.engine.begin() as connection:
        if await cases.get(connection, staff, number) is None:
            raise not_found()
        found = await read(connection, number)
        if found is None:
            raise not_found()
        by = UUID(staff.account_id)
        await history.note(connection, action, [number], account_id=by, subject=subject)
    return found
