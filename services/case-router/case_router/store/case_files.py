"""Files that staff add to a case: what they are called and the keys of their blobs, under the case's key."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID, uuid4

from sqlalchemy import Select, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from case_router.store.rows import AnyRow
from case_router.store.vault import file_context
from case_router.tables import accounts
from case_router.work_tables import case_files
from speakup import seal
from speakup.logs import get_logger
from speakup.submission import Attachment

log = get_logger("case-router")


async def add(
    connection: AsyncConnection, key: bytes, number: str, account_id: UUID, file: Attachment
) -> UUID:
    """Keep it; its id."""
    file_id = uuid4()
    locked = seal.lock(key, file.model_dump_json().encode(), file_context(number, file_id))
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


def opened(key: bytes | None, row: AnyRow) -> Attachment | None:
    """What a row tells; None where it was erased, or the lock doesn't open, which the log tells."""
    if key is None:
        return None
    try:
        plain = seal.unlock(key, row.file_locked, file_context(row.case_number, row.file_id))
        return Attachment.model_validate_json(plain)
    except (seal.CannotOpenError, ValueError):
        log.exception("file_unreadable", case_number=row.case_number)
        return None


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
