"""Which messages of the mailboxes are taken: UIDVALIDITY and UID name a message for good (RFC 3501, 2.3.1.1).

A row is there from when a mail is on disk until its message is gone from the mailbox. Without a row a message is
taken again, which is the same submission.
"""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine


async def known(engine: AsyncEngine, mailbox: str, validity: int) -> set[int]:
    """The UIDs that are taken."""
    async with engine.connect() as connection:
        rows = await connection.scalars(
            text("SELECT uid FROM taken WHERE mailbox = :mailbox AND uidvalidity = :validity"),
            {"mailbox": mailbox, "validity": validity},
        )
        return set(rows)


async def remember(
    engine: AsyncEngine, mailbox: str, validity: int, uid: int, submission_id: UUID
) -> None:
    """This message is that submission, which is on disk."""
    async with engine.begin() as connection:
        await connection.execute(
            text(
                "INSERT INTO taken (mailbox, uidvalidity, uid, submission_id) "
                "VALUES (:mailbox, :validity, :uid, :submission_id) ON CONFLICT DO NOTHING"
            ),
            {
                "mailbox": mailbox,
                "validity": validity,
                "uid": uid,
                "submission_id": submission_id,
            },
        )


async def settled(engine: AsyncEngine, mailbox: str, validity: int) -> set[int]:
    """The UIDs of those whose case is opened: accepted, and waiting in the outbox no more."""
    async with engine.connect() as connection:
        rows = await connection.scalars(
            text(
                """
                SELECT uid FROM taken JOIN accepted USING (submission_id)
                WHERE mailbox = :mailbox AND uidvalidity = :validity
                  AND NOT EXISTS (SELECT FROM outbox WHERE event_id = submission_id)
                """
            ),
            {"mailbox": mailbox, "validity": validity},
        )
        return set(rows)


async def forget_others(
    engine: AsyncEngine, mailbox: str, validity: int, there: Collection[int]
) -> None:
    """Forget what is not in the mailbox (any more)."""
    async with engine.begin() as connection:
        await connection.execute(
            text(
                "DELETE FROM taken WHERE mailbox = :mailbox "
                "AND (uidvalidity <> :validity OR NOT uid = ANY(CAST(:there AS bigint[])))"
            ),
            {"mailbox": mailbox, "validity": validity, "there": list(there)},
        )
