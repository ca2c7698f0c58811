"""Drafts as rows: each locked while it is changed, under a key of its own that goes with it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import delete, func, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from intake_mail import drafts, store
from intake_mail.drafts import Draft, Work
from intake_mail.register import Entry, number
from intake_mail.tables import letters, pieces
from speakup import seal
from speakup.staff import Staff


@dataclass(frozen=True, slots=True)
class Opened:
    """A letter that isn't sent yet, with its draft."""

    letter_id: UUID
    number: str
    state: str
    revision: int
    key: bytes
    draft: Draft


class DraftRows:
    """Reads and writes drafts, in the caller's transactions."""

    def __init__(self, key_of_all: bytes) -> None:
        self._key_of_all = key_of_all

    async def get(
        self, connection: AsyncConnection, letter_id: UUID, *, for_update: bool = False
    ) -> Opened | None:
        """The letter; None where there is none, or no draft of it any more."""
        query = select(letters).where(letters.c.letter_id == letter_id)
        if for_update:
            query = query.with_for_update()
        row = (await connection.execute(query)).one_or_none()
        if row is None or row.draft is None:
            return None
        key = drafts.unwrap(self._key_of_all, letter_id, row.draft_key)
        return Opened(
            letter_id,
            number(row.year, row.place),
            row.state,
            row.revision,
            key,
            drafts.unlock(key, letter_id, row.draft),
        )

    async def add(
        self,
        connection: AsyncConnection,
        letter_id: UUID,
        entry: Entry,
        staff: Staff,
        draft: Draft,
    ) -> str:
        """Enter a letter with its draft. Returns its number."""
        key = seal.new_key()
        return await store.add(
            connection,
            letter_id,
            entry,
            staff,
            draft_key=drafts.wrap(self._key_of_all, letter_id, key),
            draft=drafts.lock(key, letter_id, draft),
            work=draft.work,
        )

    async def save(
        self, connection: AsyncConnection, opened: Opened, draft: Draft, *, by_person: bool
    ) -> None:
        """Write a draft that `get` locked; what a person changes has a new revision."""
        work = Work.send if opened.state == "sending" else draft.work
        touched = {"revision": letters.c.revision + 1, "touched_at": func.now()}
        await connection.execute(
            update(letters)
            .where(letters.c.letter_id == opened.letter_id)
            .values(
                draft=drafts.lock(opened.key, opened.letter_id, draft),
                work=work,
                due_at=func.now(),
                tries=0,
                **(touched if by_person else {}),
            )
        )


async def close(
    connection: AsyncConnection, letter_id: UUID, state: str, **columns: object
) -> None:
    """The draft and its key are no more."""
    await connection.execute(
        update(letters)
        .where(letters.c.letter_id == letter_id)
        .values(state=state, work=None, draft=None, draft_key=None, **columns)
    )


async def note_pieces(
    connection: AsyncConnection, letter_id: UUID, digests: Collection[str]
) -> None:
    """These blobs are the letter's: noted before they are stored, or when they come from another one."""
    if digests:
        await connection.execute(
            text(
                "INSERT INTO pieces (digest, letter_id) SELECT unnest(CAST(:digests AS text[])), :letter_id "
                "ON CONFLICT (digest) DO UPDATE SET letter_id = excluded.letter_id"
            ),
            {"digests": list(digests), "letter_id": letter_id},
        )


async def forget_pieces(connection: AsyncConnection, digests: Collection[str]) -> None:
    """These blobs are no draft's any more: gone, or another's."""
    if digests:
        await connection.execute(delete(pieces).where(pieces.c.digest.in_(list(digests))))


_LEFT = text(
    """
    SELECT digest FROM pieces LEFT JOIN letters USING (letter_id)
    WHERE letters.letter_id IS NULL AND noted_at < now() - interval '1 hour'
          OR letters.draft IS NULL AND letters.letter_id IS NOT NULL
    LIMIT 500
    """
)


async def left_behind(connection: AsyncConnection) -> list[str]:
    """Blobs of letters that were sent without them, that are void, or that never came to be."""
    return list(await connection.scalars(_LEFT))


async def of_letter(connection: AsyncConnection, letter_id: UUID) -> set[str]:
    """The blobs that are noted for a letter."""
    return set(
        await connection.scalars(select(pieces.c.digest).where(pieces.c.letter_id == letter_id))
    )
