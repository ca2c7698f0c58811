"""Cases as a member of staff sees them: lists and single ones, always within `visible`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, case, exists, func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from case_router.store.access import visible
from case_router.store.rows import AnyRow
from case_router.tables import accounts, cases, replies, submissions
from speakup.events import Channel, Kind, Language, Status
from speakup.staff import Staff

_NUMBER = re.compile(r"[1-4]\d{9}", re.ASCII)

Position = tuple[bool, datetime, str]
"""Where a page ends: `urgent`, `opened_at` and case number of its last case."""

_HIDDEN = {"pin_locked", "pin_hmac", "hint", "handler", "to_classify"}

_FACTS = (
    *(column for column in cases.c if column.name not in _HIDDEN),
    accounts.c.name.label("handler"),
)


@dataclass(frozen=True, slots=True)
class Filters:
    """Which cases to list; None is any."""

    kind: Kind | None = None
    status: Status | None = None
    channel: Channel | None = None
    language: Language | None = None
    needs_triage: bool | None = None
    urgent: bool | None = None
    mine: bool = False
    letter_waits: bool = False
    due: tuple[datetime | None, datetime] | None = None
    """Between these moments; overdue: from None on."""


def is_number(word: str) -> bool:
    """Whether it looks like a case number. What doesn't isn't asked of the database."""
    return _NUMBER.fullmatch(word) is not None


def _facts() -> Select[*tuple[Any, ...]]:
    joined = cases.outerjoin(accounts, accounts.c.account_id == cases.c.handler)
    return select(*_FACTS).select_from(joined)


def _seen_by(staff: Staff) -> Select[*tuple[Any, ...]]:
    return _facts().where(visible(staff))


def _letter_waits() -> ColumnElement[bool]:
    """A letter to the reporter is to be printed, or isn't posted yet."""
    return exists().where(
        replies.c.case_number == cases.c.case_number,
        replies.c.channel == Channel.mail,
        replies.c.state.in_(("requested", "accepted")),
    )


def _due(after: datetime | None, before: datetime) -> ColumnElement[bool]:
    late = cases.c.due_at < before
    return late if after is None else and_(cases.c.due_at >= after, late)


async def newest(
    connection: AsyncConnection,
    staff: Staff,
    filters: Filters,
    *,
    before: Position | None,
    limit: int,
) -> Sequence[AnyRow]:
    """Facts of cases, urgent ones first, then the newest, of those behind a position."""
    query = _seen_by(staff)
    for name in ("kind", "status", "channel", "language", "needs_triage", "urgent"):
        wanted = getattr(filters, name)
        if wanted is not None:
            query = query.where(cases.c[name] == wanted)
    if filters.mine:
        query = query.where(cases.c.handler == UUID(staff.account_id))
    if filters.letter_waits:
        query = query.where(_letter_waits())
    if filters.due:
        query = query.where(_due(*filters.due))
    place = tuple_(cases.c.urgent, cases.c.opened_at, cases.c.case_number)
    if before is not None:
        query = query.where(place < before)
    query = query.order_by(*(column.desc() for column in place)).limit(limit)
    rows: Sequence[AnyRow] = (await connection.execute(query)).all()
    return rows


async def get(connection: AsyncConnection, staff: Staff, number: str) -> AnyRow | None:
    """Facts of one case; None where it isn't there for this person.

    `reply_count` and `reply_steps` grow with every reply and with every step of a reply's delivery.
    """
    if not is_number(number):
        return None
    return (await connection.execute(_one(number).where(visible(staff)))).one_or_none()


async def unguarded(connection: AsyncConnection, number: str) -> AnyRow:
    """Like `get`, of a case that somebody has just changed, who mayn't see it any more perhaps: for the answer
    to the change itself, and nothing else.
    """
    return (await connection.execute(_one(number))).one()


def _one(number: str) -> Select[*tuple[Any, ...]]:
    own = replies.c.case_number == cases.c.case_number
    reached = {"requested": 1, "accepted": 2, "failed": 3}
    steps = case((replies.c.returned, 5), else_=case(reached, value=replies.c.state, else_=4))
    return (
        _facts()
        .add_columns(
            select(func.count()).where(own).scalar_subquery().label("reply_count"),
            select(func.coalesce(func.sum(steps), 0))
            .where(own)
            .scalar_subquery()
            .label("reply_steps"),
        )
        .where(cases.c.case_number == number)
    )


async def lock(connection: AsyncConnection, staff: Staff, number: str) -> AnyRow | None:
    """Like `get`, and nobody else changes the case until the transaction ends."""
    if not is_number(number):
        return None
    found = await connection.scalar(
        select(cases.c.case_number)
        .where(cases.c.case_number == number, visible(staff))
        .with_for_update(key_share=True)
    )
    # Only a statement after the lock sees what was changed while we waited for it.
    return await get(connection, staff, number) if found is not None else None


async def hold(connection: AsyncConnection, number: str) -> None:
    """Nobody else changes the case until the transaction ends; whether the caller may see it, isn't asked here."""
    query = select(cases.c.case_number).where(cases.c.case_number == number)
    await connection.execute(query.with_for_update(key_share=True))


async def submissions_of(connection: AsyncConnection, number: str) -> Sequence[AnyRow]:
    """All submissions of a case, oldest first, their narratives locked, without the contact."""
    query = (
        select(
            submissions.c.submission_id,
            submissions.c.case_number,
            submissions.c.follow_up,
            submissions.c.channel,
            submissions.c.received_at,
            submissions.c.unparsed,
            submissions.c.answerable,
            submissions.c.automatic,
            submissions.c.content_locked,
        )
        .where(submissions.c.case_number == number)
        .order_by(submissions.c.received_at, submissions.c.submission_id)
    )
    return (await connection.execute(query)).all()


async def contacts_of(connection: AsyncConnection, number: str) -> Sequence[AnyRow]:
    """The contacts of a case's submissions, sealed to the unsealing key, oldest first."""
    query = (
        select(submissions.c.submission_id, submissions.c.channel, submissions.c.contact_unsealing)
        .where(submissions.c.case_number == number, submissions.c.contact_unsealing.is_not(None))
        .order_by(submissions.c.received_at, submissions.c.submission_id)
    )
    return (await connection.execute(query)).all()
