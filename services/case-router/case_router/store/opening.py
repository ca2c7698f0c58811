"""The rows that a batch of submissions becomes."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from case_router.opened import Acknowledgement, Opened, Stored
from speakup import outbox, topics


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


class Written(NamedTuple):
    """What became of a batch of new cases."""

    opened: int
    """Fewer than there were where a number was taken: then the caller undoes all."""
    awaited: bool
    """Whether follow-ups wait for any of them."""


_JOIN = """
    INSERT INTO submissions (submission_id, case_number, channel, received_at, unparsed, answerable,
                             automatic, content_locked, contact_reply, contact_unsealing, follow_up)
    SELECT *, :follow_up
    FROM unnest(CAST(:submission_ids AS uuid[]), CAST(:numbers AS text[]),
                CAST(:channels AS text[]), CAST(:received AS timestamptz[]),
                CAST(:unparsed AS bool[]), CAST(:answerable AS bool[]),
                CAST(:automatics AS text[]), CAST(:narratives AS bytea[]),
                CAST(:contacts AS bytea[]), CAST(:unsealings AS bytea[]))
         AS joining (submission_id, number, channel, received_at, unparsed, answerable, automatic,
                     content, contact, unsealing)
"""

# One statement for all: in a busy process each round trip takes longer than what it does.
_OPEN = text(
    f"""
    WITH opened AS (
        INSERT INTO cases (case_number, channel, language, relation, person, anonymity, hint,
                           automatic, suggested_case, received_at, pin_locked, restricted, urgent,
                           needs_triage, to_classify, acknowledge_by, sequence)
        SELECT *, 1
        FROM unnest(CAST(:numbers AS text[]), CAST(:channels AS text[]),
                    CAST(:languages AS text[]), CAST(:relations AS text[]),
                    CAST(:persons AS text[]), CAST(:anonymities AS text[]),
                    CAST(:hints AS text[]), CAST(:automatics AS text[]),
                    CAST(:suggestions AS text[]), CAST(:received AS timestamptz[]),
                    CAST(:pins AS bytea[]), CAST(:restricted AS bool[]), CAST(:urgent AS bool[]),
                    CAST(:wordless AS bool[]), CAST(:readable AS bool[]),
                    CAST(:due AS timestamptz[]))
        ON CONFLICT (case_number) DO NOTHING
        RETURNING case_number
    ), joined AS ({_JOIN}
        WHERE number IN (SELECT case_number FROM opened)
    ), acknowledged AS (
        INSERT INTO replies (reply_id, case_number, channel, content_locked, purpose)
        SELECT *, 'acknowledgement'
        FROM unnest(CAST(:reply_ids AS uuid[]), CAST(:replied AS text[]),
                    CAST(:reply_channels AS text[]), CAST(:replies AS bytea[]))
             AS promised (reply_id, number, channel, content)
        WHERE number IN (SELECT case_number FROM opened)
    ), noted AS (
        INSERT INTO audit (action, case_number) SELECT 'case.opened', case_number FROM opened
    ), put_out AS ({outbox.ADD})
    SELECT (SELECT count(*) FROM opened) AS opened,
           EXISTS (SELECT FROM waiting_follow_ups WHERE case_number = ANY(:numbers)) AS awaited
    """  # noqa: S608 - fixed words
)


async def insert_cases(
    connection: AsyncConnection,
    rows: Sequence[Row],
    acknowledgements: Sequence[Acknowledgement],
    records: Sequence[topics.Record],
    *,
    due: Sequence[datetime | None],
    retry: float,
) -> Written:
    """Open cases, each with its submission, the first word to its reporter, until when that is `due`, and what is
    said of them.
    """
    submissions = [row.opened.submission for row in rows]
    requests = [acknowledgement.request for acknowledgement in acknowledgements]
    values = {
        "languages": [s.language for s in submissions],
        "relations": [s.relation for s in submissions],
        "persons": [s.person for s in submissions],
        "anonymities": [s.anonymity for s in submissions],
        "hints": [s.hint for s in submissions],
        "suggestions": [getattr(s, "suggested_case", None) for s in submissions],
        "pins": [row.stored.pin_locked for row in rows],
        "restricted": [s.restricted for s in submissions],
        "urgent": [s.in_danger for s in submissions],
        # A person is told of it, and the classifier isn't asked until there are words.
        "wordless": [row.opened.is_wordless for row in rows],
        "readable": [not row.opened.is_wordless for row in rows],
        "due": due,
        "reply_ids": [request.reply_id for request in requests],
        "replied": [request.case_number for request in requests],
        "reply_channels": [request.channel for request in requests],
        "replies": [a.content_locked for a in acknowledgements],
    }
    result = await connection.execute(
        _OPEN, _joining(rows, follow_up=False) | outbox.parameters(records, retry=retry) | values
    )
    return Written(*result.one())


async def insert_follow_up(connection: AsyncConnection, row: Row) -> None:
    """Put a submission into its case."""
    await connection.execute(text(_JOIN), _joining([row], follow_up=True))


def _joining(rows: Sequence[Row], *, follow_up: bool) -> dict[str, object]:
    submissions = [row.opened.submission for row in rows]
    return {
        "follow_up": follow_up,
        "submission_ids": [s.submission_id for s in submissions],
        "numbers": [s.case_number for s in submissions],
        "channels": [s.channel for s in submissions],
        "received": [s.received_at for s in submissions],
        "unparsed": [s.unparsed for s in submissions],
        "answerable": [s.answerable for s in submissions],
        "automatics": [s.automatic for s in submissions],
        "narratives": [row.stored.content_locked for row in rows],
        "contacts": [row.stored.contact_reply for row in rows],
        "unsealings": [row.stored.contact_unsealing for row in rows],
    }
