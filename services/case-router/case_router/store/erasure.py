"""What is erased with a case: everything that a person wrote or that leads to one. What the statistics need stays."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import delete, func, or_, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from case_router.store.access import visible
from case_router.store.rows import AnyRow
from case_router.tables import amendments, cases, replies, submissions
from case_router.work_tables import case_files, erasures
from speakup.events import Kind, Status
from speakup.staff import Staff


class Locked(NamedTuple):
    """What a case has under its key that may name blobs: ids with ciphertexts."""

    submissions: Sequence[AnyRow]
    amendments: Sequence[AnyRow]
    replies: Sequence[AnyRow]
    files: Sequence[AnyRow]


async def locked(connection: AsyncConnection, number: str) -> Locked:
    """All of a case; nobody adds to it while the caller holds the case."""
    found = []
    for table, key, content in (
        (submissions, "submission_id", "content_locked"),
        (amendments, "event_id", "content_locked"),
        (replies, "reply_id", "content_locked"),
        (case_files, "file_id", "file_locked"),
    ):
        query = select(table.c[key].label("id"), table.c[content].label("locked"))
        rows = await connection.execute(query.where(table.c.case_number == number))
        found.append([row for row in rows if row.locked])
    return Locked(*found)


async def begin(connection: AsyncConnection, number: str, digests: Sequence[str]) -> None:
    """From the end of this transaction on the case is erased for everybody; what is left of it goes next."""
    row = insert(erasures).values(case_number=number, digests=list(digests))
    await connection.execute(row.on_conflict_do_nothing())
    await connection.execute(
        cases.update().where(cases.c.case_number == number).values(erased_at=func.now())
    )


async def is_pending(connection: AsyncConnection, number: str) -> bool:
    """Whether the case is being erased at this moment."""
    query = select(erasures.c.case_number).where(erasures.c.case_number == number)
    return await connection.scalar(query) is not None


async def is_over(connection: AsyncConnection, number: str) -> bool:
    """Whether its erasure was decided already."""
    query = select(cases.c.case_number).where(
        cases.c.case_number == number, cases.c.erased_at.is_not(None)
    )
    return await connection.scalar(query) is not None


async def is_erased(connection: AsyncConnection, number: str, submission_id: object) -> bool:
    """Whether that submission was erased, or is being."""
    query = (
        select(cases.c.case_number)
        .join(submissions, submissions.c.case_number == cases.c.case_number)
        .where(
            cases.c.case_number == number,
            submissions.c.submission_id == submission_id,
            or_(cases.c.erased_at.is_not(None), func.length(submissions.c.content_locked) == 0),
        )
    )
    return await connection.scalar(query) is not None


async def pending(connection: AsyncConnection) -> Sequence[str]:
    """The cases that are being erased, the oldest decision first."""
    query = select(erasures.c.case_number).order_by(erasures.c.decided_at)
    return list(await connection.scalars(query))


async def take(connection: AsyncConnection, number: str) -> Sequence[str] | None:
    """The blobs of a case that is being erased, which nobody else finishes until the transaction ends; None where it is
    done, or somebody does it.
    """
    query = select(erasures.c.digests).where(erasures.c.case_number == number)
    digests: Sequence[str] | None = await connection.scalar(query.with_for_update(skip_locked=True))
    return digests


_CLEAR = (
    "UPDATE submissions SET content_locked = '', contact_reply = NULL, contact_unsealing = NULL "
    "WHERE case_number = :number",
    "UPDATE amendments SET content_locked = NULL WHERE case_number = :number",
    "UPDATE replies SET content_locked = '', failure = NULL WHERE case_number = :number",
    "UPDATE triages SET reason_locked = NULL, facts = facts - 'site' WHERE case_number = :number",
    "UPDATE approvals SET reason_locked = NULL WHERE case_number = :number",
    "DELETE FROM notes WHERE case_number = :number",
    "DELETE FROM tasks WHERE case_number = :number",
    "DELETE FROM case_files WHERE case_number = :number",
    "DELETE FROM case_links WHERE :number IN (case_number, other_case)",
    # Names go. Rules by person or unit stay: they keep those people from what is left of the case.
    "DELETE FROM concerned WHERE case_number = :number AND person_id IS NULL AND unit IS NULL",
    "DELETE FROM waiting_follow_ups WHERE case_number = :number AND event_type LIKE '%.amended.%'",
    "DELETE FROM dead_letters WHERE key = convert_to(:number, 'UTF8')",
    # Words to the reporter that are still on their way out.
    "DELETE FROM outbox WHERE key = convert_to(:number, 'UTF8') AND topic = 'speakup.replies'",
    "DELETE FROM idempotency WHERE answer LIKE '%\"' || :number || '\"%'",
    "UPDATE cases SET pin_locked = NULL, pin_hmac = NULL, site = NULL, suggested_case = NULL, "
    "to_classify = false WHERE case_number = :number",
)


async def clear(connection: AsyncConnection, number: str) -> None:
    """Take away all that isn't a fact, and that it had to be done."""
    for statement in _CLEAR:
        await connection.execute(text(statement), {"number": number})
    await connection.execute(delete(erasures).where(erasures.c.case_number == number))


async def begin_anew(connection: AsyncConnection, number: str) -> bool:
    """The reporter of an erased case has written again: it is worked like a new one. False where it isn't erased."""
    begun = await connection.scalar(
        text(
            "UPDATE cases SET erased_at = NULL, closed_at = NULL, answered_at = NULL, triaged_at = NULL, "
            "handler = NULL, status = 'reopened', disposition = NULL, finding = NULL, action = NULL, "
            "needs_triage = true WHERE case_number = :number AND erased_at IS NOT NULL RETURNING true"
        ),
        {"number": number},
    )
    return bool(begun)


async def proposed(
    connection: AsyncConnection, staff: Staff, months: dict[Kind, int], limit: int
) -> Sequence[tuple[str, Kind | None, datetime]]:
    """Closed cases that have been kept for as long as their kind is, the oldest first: number, kind, closed when."""
    over = [func.coalesce(cases.c.kind, Kind.breach_report) == kind for kind in months]
    kept = [
        condition & (cases.c.closed_at <= func.now() - func.make_interval(0, months[kind]))
        for condition, kind in zip(over, months, strict=True)
    ]
    query = (
        select(cases.c.case_number, cases.c.kind, cases.c.closed_at)
        .where(
            visible(staff),
            cases.c.status == Status.closed,
            cases.c.erased_at.is_(None),
            or_(*kept),
        )
        .order_by(cases.c.closed_at, cases.c.case_number)
        .limit(limit)
    )
    rows = (await connection.execute(query)).all()
    return [(row.case_number, row.kind and Kind(row.kind), row.closed_at) for row in rows]
