"""Cases as a member of staff sees them: lists and single ones, always within `visible`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, case, exists, func, select, text, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from case_router.store.access import visible
from case_router.store.ordering import Place, Sort, ordered, priority_rank
from case_router.store.rows import AnyRow
from case_router.tables import LETTER_WAITS, accounts, cases, replies, submissions
from case_router.triage import Priority
from case_router.work_tables import notes
from speakup.events import Channel, Kind, Language, Status
from speakup.staff import Staff

_NUMBER = re.compile(r"[1-4]\d{9}", re.ASCII)

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
    category: str | None = None
    unit: str | None = None
    priority: Priority | None = None
    needs_triage: bool | None = None
    urgent: bool | None = None
    triaged: bool | None = None
    mine: bool = False
    handler: str | None = None
    """The name of an account."""
    note_words: tuple[bytes, ...] | None = None
    """Of the reader's own notes, as `notes.words` keeps them: all in one note."""
    letter_waits: bool = False
    due: tuple[datetime | None, datetime] | None = None
    """Between these moments; overdue: from None on."""


def is_number(word: str) -> bool:
    """Whether it looks like a case number. What doesn't isn't asked of the database."""
    return _NUMBER.fullmatch(word) is not None


def _facts() -> Select[*tuple[Any, ...]]:
    joined = cases.outerjoin(accounts, accounts.c.account_id == cases.c.handler)
    return select(*_FACTS).select_from(joined)


@lru_cache(maxsize=256)
def _seen_by(staff: Staff) -> Select[*tuple[Any, ...]]:
    return _facts().where(visible(staff))


def _letter_waits() -> ColumnElement[bool]:
    """A letter to the reporter is to be printed, or isn't posted yet."""
    return exists().where(replies.c.case_number == cases.c.case_number, text(LETTER_WAITS))


def _due(after: datetime | None, before: datetime) -> ColumnElement[bool]:
    late = cases.c.due_at < before
    return late if after is None else and_(cases.c.due_at >= after, late)


async def page(
    connection: AsyncConnection,
    staff: Staff,
    filters: Filters,
    *,
    sort: Sort = Sort.newest,
    after: Place | None = None,
    limit: int,
) -> Sequence[AnyRow]:
    """Facts of cases in an order, of those behind a place."""
    query = listed(staff, filters, sort=sort, after=after).limit(limit)
    rows: Sequence[AnyRow] = (await connection.execute(query)).all()
    return rows


def listed(
    staff: Staff, filters: Filters, *, sort: Sort = Sort.newest, after: Place | None = None
) -> Select[*tuple[Any, ...]]:
    """The query of `page`, without its limit."""
    return ordered(_filtered(_seen_by(staff), staff, filters), sort, after)


COUNTED = ("kind", "channel", "status")
MOST_COUNTED = 10_000
"""Cases: beyond it a count says no more than that there are so many."""


async def counts(
    connection: AsyncConnection, staff: Staff, filters: Filters
) -> dict[str, dict[str | None, int]]:
    """How many cases there are by kind, channel and status, of the first 10,000."""
    within = (
        _filtered(
            select(*(cases.c[name] for name in COUNTED)).where(visible(staff)), staff, filters
        )
        .limit(MOST_COUNTED)
        .subquery()
    )
    grouped = func.grouping_sets(*(tuple_(within.c[name]) for name in COUNTED))
    query = select(
        *(within.c[name] for name in COUNTED),
        *(func.grouping(within.c[name]).label(f"over_{name}") for name in COUNTED),
        func.count().label("count_"),
    ).group_by(grouped)
    found: dict[str, dict[str | None, int]] = {name: {} for name in COUNTED}
    for row in (await connection.execute(query)).all():
        # Of a column that a row isn't grouped by, `grouping` is 1.
        (name,) = (name for name in COUNTED if not getattr(row, f"over_{name}"))
        found[name][getattr(row, name)] = row.count_
    return found


async def count(connection: AsyncConnection, staff: Staff, filters: Filters) -> int:
    """How many cases there are, of the first 10,000."""
    within = _filtered(select(cases.c.case_number).where(visible(staff)), staff, filters)
    query = select(func.count()).select_from(within.limit(MOST_COUNTED).subquery())
    return int((await connection.execute(query)).scalar_one())


_EQUAL = (
    *("kind", "status", "channel", "language", "category", "unit"),
    *("needs_triage", "urgent"),
)


def _filtered(
    query: Select[*tuple[Any, ...]], staff: Staff, filters: Filters
) -> Select[*tuple[Any, ...]]:
    given = {name: getattr(filters, name) for name in _EQUAL}
    conditions = [cases.c[name] == value for name, value in given.items() if value is not None]
    if filters.priority is not None:
        conditions.append(priority_rank == list(Priority).index(filters.priority))
    if filters.triaged is not None:
        conditions.append(cases.c.triaged_at.is_not(None) == filters.triaged)
    if filters.mine:
        conditions.append(cases.c.handler == UUID(staff.account_id))
    if filters.handler is not None:
        worker = select(accounts.c.account_id).where(accounts.c.name == filters.handler)
        conditions.append(cases.c.handler == worker.correlate(None).scalar_subquery())
    if filters.note_words is not None:
        conditions.append(_noted(staff, filters.note_words))
    if filters.letter_waits:
        conditions.append(_letter_waits())
    if filters.due:
        conditions.append(_due(*filters.due))
    return query.where(*conditions)


def _noted(staff: Staff, words: tuple[bytes, ...]) -> ColumnElement[bool]:
    return exists().where(
        notes.c.case_number == cases.c.case_number,
        notes.c.made_by == UUID(staff.account_id),
        notes.c.words.contains(list(words)),
    )


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
