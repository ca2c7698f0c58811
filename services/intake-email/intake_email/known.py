"""What the database knows of the clues of some mails: nothing is asked where there are none."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection

from intake_email.placing import Clues, Known, KnownReply, asked
from speakup.events import Purpose

_SENDERS = text(
    "SELECT case_number, sender_mac FROM accepted WHERE NOT follow_up AND case_number = ANY(:asked)"
)
_REPLIES = text(
    """
    SELECT reply_id, case_number, purpose, sender_mac, mail
    FROM replies LEFT JOIN accepted USING (case_number)
    WHERE (reply_id = ANY(:asked) OR mail = ANY(:asked)) AND NOT coalesce(follow_up, false)
    """
)
_LAST_REPLIES = text(
    """
    SELECT DISTINCT ON (case_number) case_number, reply_id FROM replies
    WHERE case_number = ANY(:asked) AND purpose <> 'acknowledgement' AND state = 'delivered'
    ORDER BY case_number, accepted_at DESC, reply_id
    """
)
_THREADS = text(
    """
    SELECT message_mac, sender_mac, case_number FROM accepted
    WHERE message_mac = ANY(:asked) AND sender_mac IS NOT NULL ORDER BY accepted_at
    """
)


async def look_up(connection: AsyncConnection, clues: Sequence[Clues]) -> Known:
    """What is known, for `placing.place`."""
    numbers, reply_ids, messages, cases = asked(clues)
    last_replies: dict[str, UUID] = {
        row.case_number: row.reply_id for row in await _rows(connection, _LAST_REPLIES, cases)
    }
    return Known(
        senders={
            row.case_number: row.sender_mac for row in await _rows(connection, _SENDERS, numbers)
        },
        replies={
            row.reply_id: KnownReply(
                row.reply_id, row.case_number, Purpose(row.purpose), row.sender_mac, row.mail
            )
            for row in await _rows(connection, _REPLIES, {*reply_ids, *last_replies.values()})
        },
        threads={
            (row.message_mac, row.sender_mac): row.case_number
            for row in await _rows(connection, _THREADS, messages)
        },
        last_replies=last_replies,
    )


async def _rows(
    connection: AsyncConnection, statement: TextClause, asked_for: Collection[object]
) -> Sequence[Any]:
    if not asked_for:
        return ()
    return (await connection.execute(statement, {"asked": list(asked_for)})).all()
