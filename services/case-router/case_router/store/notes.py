"""What staff note for each other in a case, under the case's key; never shown to the reporter."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID, uuid4

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from case_router.store.rows import AnyRow
from case_router.tables import accounts
from case_router.work_tables import notes
from speakup import seal


async def add(
    connection: AsyncConnection,
    key: bytes,
    case_number: str,
    account_id: UUID,
    text: str,
    words: Sequence[bytes],
) -> UUID:
    """Keep a note; `words`: what its writer finds it by. Its id."""
    note_id = uuid4()
    await connection.execute(
        insert(notes).values(
            note_id=note_id,
            case_number=case_number,
            made_by=account_id,
            text_locked=seal.lock(key, text.encode(), _context(case_number, note_id)),
            words=list(words),
        )
    )
    return note_id


async def of_case(connection: AsyncConnection, case_number: str) -> Sequence[AnyRow]:
    """All of a case's, oldest first, with `by`: who wrote it."""
    query = (
        select(
            notes.c.note_id,
            notes.c.case_number,
            notes.c.made_at,
            notes.c.text_locked,
            accounts.c.name.label("by"),
        )
        .join(accounts, accounts.c.account_id == notes.c.made_by)
        .where(notes.c.case_number == case_number)
        .order_by(notes.c.made_at, notes.c.note_id)
    )
    return (await connection.execute(query)).all()


def open_text(key: bytes, case_number: str, note_id: UUID, locked: bytes) -> str:
    """A note's words. Raises seal.CannotOpenError."""
    return seal.unlock(key, locked, _context(case_number, note_id)).decode()


def _context(case_number: str, note_id: UUID) -> str:
    return f"speakup/case/{case_number}/note/{note_id}"
