"""Wrong PINs as they are counted, and what requests were answered."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from case_router.lockout import Count
from case_router.tables import access_failures, access_requests

EVERYBODY = b""
"""The subject that counts for all together."""

_ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(7325876)")


async def one_at_a_time(connection: AsyncConnection) -> None:
    """Until the transaction ends nobody else decides on a PIN: two at once would each count as the first."""
    await connection.execute(_ONE_AT_A_TIME)


async def answered(connection: AsyncConnection, request_id: UUID) -> bytes | None:
    """What this request was answered before."""
    query = select(access_requests.c.answer).where(access_requests.c.request_id == request_id)
    return await connection.scalar(query)


async def keep(
    connection: AsyncConnection, request_id: UUID, answer: bytes, *, kept: timedelta
) -> None:
    """Remember an answer, and forget those that are older than `kept`."""
    await connection.execute(
        delete(access_requests).where(access_requests.c.answered_at < func.now() - kept)
    )
    await connection.execute(insert(access_requests).values(request_id=request_id, answer=answer))


async def counts(connection: AsyncConnection, subject: bytes, now: datetime) -> tuple[Count, Count]:
    """Of this case number and of all together."""
    rows = await connection.execute(
        select(access_failures).where(access_failures.c.subject.in_([subject, EVERYBODY]))
    )
    found = {
        row.subject: Count(row.failures, row.since, row.lockouts, row.locked_until) for row in rows
    }
    return found.get(subject, Count(0, now)), found.get(EVERYBODY, Count(0, now))


async def save(connection: AsyncConnection, changed: Mapping[bytes, Count]) -> None:
    """Keep the counts."""
    new = insert(access_failures).values(
        [{"subject": subject, **count._asdict()} for subject, count in changed.items()]
    )
    names = ("failures", "since", "lockouts", "locked_until")
    await connection.execute(
        new.on_conflict_do_update(
            index_elements=["subject"], set_={name: new.excluded[name] for name in names}
        )
    )


async def forget(connection: AsyncConnection, subject: bytes) -> None:
    """The right PIN was given."""
    await connection.execute(delete(access_failures).where(access_failures.c.subject == subject))
