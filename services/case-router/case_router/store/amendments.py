"""What was added to submissions after they were accepted, and what it changes of their case."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from case_router.store.rows import AnyRow
from case_router.tables import accounts, amendments
from speakup.events import Amendment, Person, Relation


class New(NamedTuple):
    """An amendment that is to be kept."""

    event_id: UUID
    case_number: str
    submission_id: UUID
    amendment: Amendment
    amended_at: datetime
    content_locked: bytes | None
    account_id: UUID | None = None
    """Who added it; None: it came by way of an adapter."""


async def known(connection: AsyncConnection, event_ids: Collection[UUID]) -> set[UUID]:
    """Those that have been added already."""
    rows = await connection.scalars(
        select(amendments.c.event_id).where(amendments.c.event_id.in_(event_ids))
    )
    return set(rows)


async def awaits(connection: AsyncConnection, case_number: str, submission_id: UUID) -> bool:
    """Whether the submission isn't there yet. Locks the case, so that nobody adds it meanwhile."""
    case = text("SELECT FROM cases WHERE case_number = :number FOR UPDATE")
    await connection.execute(case, {"number": case_number})
    # Only a statement after the lock sees what was added while we waited for it.
    submission = text(
        "SELECT 1 FROM submissions WHERE submission_id = :id AND case_number = :number"
    )
    found = await connection.scalar(submission, {"id": submission_id, "number": case_number})
    return found is None


async def add(connection: AsyncConnection, new: New) -> bool:
    """Whether it is new."""
    added = await connection.scalar(
        text(
            """
            INSERT INTO amendments (event_id, case_number, submission_id, amendment, amended_at,
                                    content_locked, account_id)
            VALUES (:event_id, :case_number, :submission_id, :amendment, :amended_at,
                    :content_locked, :account_id)
            ON CONFLICT (event_id) DO NOTHING RETURNING true
            """
        ),
        new._asdict(),
    )
    return bool(added)


async def ask_classifier(connection: AsyncConnection, case_number: str) -> None:
    """There are new words: a call's case, which has no others, is for the classifier (again), unless a person
    has said what it is.
    """
    await connection.execute(
        text(
            "UPDATE cases SET to_classify = true WHERE case_number = :number "
            "AND channel = 'phone' AND kind_by IS DISTINCT FROM 'person'"
        ),
        {"number": case_number},
    )


async def set_said(
    connection: AsyncConnection,
    case_number: str,
    *,
    relation: Relation | None = None,
    person: Person | None = None,
    in_danger: bool = False,
    restricted: bool = False,
) -> None:
    """What the reporter said of themselves and of the case. Danger and restriction aren't taken back by a key
    pressed later; a case that becomes restricted is taken from its handler, who may be one of those meant.
    """
    if not (relation or person or in_danger or restricted):
        return
    await connection.execute(
        text(
            """
            UPDATE cases
            SET relation = coalesce(:relation, relation), person = coalesce(:person, person),
                urgent = urgent OR :in_danger, restricted = restricted OR :restricted,
                handler = CASE WHEN :restricted AND NOT restricted THEN NULL ELSE handler END
            WHERE case_number = :number
            """
        ),
        {
            "number": case_number,
            "relation": relation,
            "person": person,
            "in_danger": in_danger,
            "restricted": restricted,
        },
    )


async def of_case(connection: AsyncConnection, number: str) -> Sequence[AnyRow]:
    """All amendments of a case in the order they came in, with the name of who made each."""
    joined = amendments.outerjoin(accounts, accounts.c.account_id == amendments.c.account_id)
    query = (
        select(*(c for c in amendments.c if c.name != "account_id"), accounts.c.name.label("by"))
        .select_from(joined)
        .where(amendments.c.case_number == number)
        .order_by(amendments.c.position)
    )
    return (await connection.execute(query)).all()
