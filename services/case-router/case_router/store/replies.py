"""Replies to reporters: what was asked to be said, and how far it has got."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import and_, func, insert, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from case_router.store.rows import AnyRow
from case_router.tables import accounts, cases, replies, submissions
from speakup.events import Channel, Purpose


@dataclass(frozen=True, slots=True)
class Reachable:
    """How the reporter of a case can be reached: by the submission they sent last."""

    submission_id: UUID
    channel: Channel
    contact_locked: bytes
    """For `narratives.open_contact`."""


async def reachable(connection: AsyncConnection, number: str) -> Reachable | None:
    """The newest way to the reporter; None where they left none."""
    query = (
        select(submissions.c.submission_id, submissions.c.channel, submissions.c.contact_reply)
        .where(
            submissions.c.case_number == number,
            submissions.c.answerable,
            submissions.c.contact_reply.is_not(None),
        )
        .order_by(submissions.c.received_at.desc(), submissions.c.submission_id.desc())
        .limit(1)
    )
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        return None
    return Reachable(row.submission_id, Channel(row.channel), row.contact_reply)


async def awaits_call(connection: AsyncConnection, number: str) -> bool:
    """Whether the reporter can open the case by a PIN: what they are told is there when they ask. A caller may
    know theirs before we know that it was told; nobody else can.
    """
    called = and_(cases.c.channel == Channel.phone, cases.c.pin_locked.is_not(None))
    query = select(or_(called, cases.c.pin_hmac.is_not(None)))
    return bool(await connection.scalar(query.where(cases.c.case_number == number)))


async def way(connection: AsyncConnection, number: str) -> Channel | None:
    """The channel that a reply reaches the reporter by; None: none."""
    found = await reachable(connection, number)
    if found is not None:
        return found.channel
    return Channel.phone if await awaits_call(connection, number) else None


async def add(
    connection: AsyncConnection,
    *,
    reply_id: UUID,
    case_number: str,
    channel: Channel,
    purpose: Purpose,
    account_id: str,
    content_locked: bytes,
) -> None:
    """Keep a reply that is being requested."""
    await connection.execute(
        insert(replies).values(
            reply_id=reply_id,
            case_number=case_number,
            channel=channel,
            purpose=purpose,
            requested_by=UUID(account_id),
            content_locked=content_locked,
        )
    )


async def count_answers(connection: AsyncConnection, number: str) -> int:
    """How many answers the case has had; exact while the case's row is locked."""
    query = select(func.count()).where(
        replies.c.case_number == number, replies.c.purpose == Purpose.answer
    )
    return int((await connection.execute(query)).scalar_one())


async def of_case(connection: AsyncConnection, number: str) -> Sequence[AnyRow]:
    """All replies of a case, oldest first, with the name of who asked for each."""
    joined = replies.outerjoin(accounts, accounts.c.account_id == replies.c.requested_by)
    query = (
        select(*(c for c in replies.c if c.name != "requested_by"), accounts.c.name.label("by"))
        .select_from(joined)
        .where(replies.c.case_number == number)
        .order_by(replies.c.requested_at, replies.c.reply_id)
    )
    return (await connection.execute(query)).all()
