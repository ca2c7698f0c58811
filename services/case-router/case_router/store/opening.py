"""The rows that a batch of submissions becomes, each kind in one statement."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from case_router.opened import Acknowledgement, Opened, Stored


class Row(NamedTuple):
    """A submission with what is stored of it."""

    opened: Opened
    stored: Stored


async def known(connection: AsyncConnection, submission_ids: Collection[UUID]) -> dict[UUID, bool]:
    """The submissions that are in a case already, and whether as a follow-up."""
    rows = await connection.execute(
        text("SELECT submission_id, follow_up FROM submissions WHERE submission_id = ANY(:ids)"),
        {"ids": list(submission_ids)},
    )
    return {row.submission_id: row.follow_up for row in rows}


async def insert_cases(connection: AsyncConnection, rows: Sequence[Row]) -> set[str]:
    """Open the cases whose numbers are free. Returns these numbers."""
    submissions = [row.opened.submission for row in rows]
    made = await connection.scalars(
        text(
            """
            INSERT INTO cases (case_number, channel, language, relation, person, anonymity, hint,
                               automatic, suggested_case, received_at, pin_locked, sequence)
            SELECT *, 1
            FROM unnest(CAST(:numbers AS text[]), CAST(:channels AS text[]),
                        CAST(:languages AS text[]), CAST(:relations AS text[]),
                        CAST(:persons AS text[]), CAST(:anonymities AS text[]),
                        CAST(:hints AS text[]), CAST(:automatics AS text[]),
                        CAST(:suggestions AS text[]), CAST(:received AS timestamptz[]),
                        CAST(:pins AS bytea[]))
            ON CONFLICT (case_number) DO NOTHING
            RETURNING case_number
            """
        ),
        {
            "numbers": [s.case_number for s in submissions],
            "channels": [s.channel for s in submissions],
            "languages": [s.language for s in submissions],
            "relations": [s.relation for s in submissions],
            "persons": [s.person for s in submissions],
            "anonymities": [s.anonymity for s in submissions],
            "hints": [s.hint for s in submissions],
            "automatics": [s.automatic for s in submissions],
            "suggestions": [getattr(s, "suggested_case", None) for s in submissions],
            "received": [s.received_at for s in submissions],
            "pins": [row.stored.pin_locked for row in rows],
        },
    )
    return set(made)


async def insert_submissions(
    connection: AsyncConnection, rows: Sequence[Row], *, follow_up: bool
) -> None:
    """Put the submissions into their cases."""
    submissions = [row.opened.submission for row in rows]
    await connection.execute(
        text(
            """
            INSERT INTO submissions (submission_id, case_number, channel, received_at, unparsed,
                                     answerable, automatic, content_locked, contact_reply, contact_unsealing,
                                     follow_up)
            SELECT *, :follow_up
            FROM unnest(CAST(:ids AS uuid[]), CAST(:numbers AS text[]), CAST(:channels AS text[]),
                        CAST(:received AS timestamptz[]), CAST(:unparsed AS bool[]),
                        CAST(:answerable AS bool[]), CAST(:automatics AS text[]),
                        CAST(:contents AS bytea[]),
                        CAST(:contacts AS bytea[]), CAST(:unsealings AS bytea[]))
            """
        ),
        {
            "follow_up": follow_up,
            "ids": [s.submission_id for s in submissions],
            "numbers": [s.case_number for s in submissions],
            "channels": [s.channel for s in submissions],
            "received": [s.received_at for s in submissions],
            "unparsed": [s.unparsed for s in submissions],
            "automatics": [s.automatic for s in submissions],
            "answerable": [s.answerable for s in submissions],
            "contents": [row.stored.content_locked for row in rows],
            "contacts": [row.stored.contact_reply for row in rows],
            "unsealings": [row.stored.contact_unsealing for row in rows],
        },
    )


async def insert_acknowledgements(
    connection: AsyncConnection, acknowledgements: Sequence[Acknowledgement]
) -> None:
    """Keep what is said to reporters."""
    requests = [acknowledgement.request for acknowledgement in acknowledgements]
    await connection.execute(
        text(
            """
            INSERT INTO replies (reply_id, case_number, content_locked, purpose)
            SELECT *, 'acknowledgement'
            FROM unnest(CAST(:ids AS uuid[]), CAST(:numbers AS text[]), CAST(:contents AS bytea[]))
            """
        ),
        {
            "ids": [request.reply_id for request in requests],
            "numbers": [request.case_number for request in requests],
            "contents": [a.content_locked for a in acknowledgements],
        },
    )
