"""Files that staff add to a case: what they are called and the keys of their blobs, under the case's key."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID, uuid4

from sqlalchemy import Select, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from case_router.store.narratives import lock_file
from case_router.store.rows import AnyRow
from case_router.tables import accounts
from case_router.work_tables import case_files
from speakup.submission import Attachment


async def add(
    connection: AsyncConnection, key: bytes, number: str, account_id: UUID, file: Attachment
) -> UUID:
    """Keep it; its id."""
    file_id = uuid4()
    locked = lock_file(key, number, file_id, file)
    await connection.execute(
        insert(case_files).values(
            file_id=file_id, case_number=number, made_by=account_id, file_locked=locked
        )
    )
    return file_id


async def count(connection: AsyncConnection, number: str) -> int:
    """How many a case has."""
    query = select(func.count()).where(case_files.c.case_number == number)
    return int((await connection.execute(query)).scalar_one())


async def of_case(connection: AsyncConnection, number: str) -> Sequence[AnyRow]:
    """All of a case's, oldest first, with `by`: who added it."""
    order = case_files.c.made_at, case_files.c.file_id
    return (await connection.execute(_of(number).order_by(*order))).all()


async def one(connection: AsyncConnection, number: str, file_id: UUID) -> AnyRow | None:
    """One of them."""
    query = _of(number).where(case_files.c.file_id == file_id)
    return (await connection.execute(query)).one_or_none()


def _of(number: str) -> Select[tuple[UUID, str, object, bytes, str]]:
    return (
        select(
            case_files.c.file_id,
            case_files.c.case_number,
            case_files.c.made_at,
            case_files.c.file_locked,
            accounts.c.name.label("by"),
        )
        .join(accounts, accounts.c.account_id == case_files.c.made_by)
        .where(case_files.c.case_number == number)
    )
