"""What happens to a case, written down: its events, each with the case's next sequence, and audit entries."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID, uuid4

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from speakup import client_address, topics, trace
from speakup.events import Event, Payload

SOURCE = "/case-router"


def record(
    payload: Payload, subject: str, *, event_id: UUID | None = None, cause: str | None = None
) -> topics.Record:
    """An event of the router's, ready for the outbox; `cause` is a traceparent."""
    parent = trace.traceparent(trace.trace_of(cause))
    event = Event(event_id or uuid4(), SOURCE, datetime.now(UTC), subject, payload, parent)
    return topics.encode(event)


async def next_sequence(
    connection: AsyncConnection, case_number: str, count: int = 1
) -> int | None:
    """The first of `count` new sequence numbers of the case; None where there is no such case.

    Locks the case's row for the rest of the transaction, so its events keep their order.
    """
    last: int | None = await connection.scalar(
        text(
            "UPDATE cases SET sequence = sequence + :count WHERE case_number = :number "
            "RETURNING sequence"
        ),
        {"count": count, "number": case_number},
    )
    return None if last is None else last - count + 1


async def note(
    connection: AsyncConnection,
    action: str,
    numbers: Sequence[str | None],
    *,
    account_id: UUID | None = None,
    subject: str | Sequence[str] | None = None,
) -> None:
    """An audit entry for each case (or None). `subject` is an identifier, never a person's word: one for all, or
    one for each.
    """
    each = [subject] * len(numbers) if isinstance(subject, str | None) else list(subject)
    await connection.execute(
        text(
            "INSERT INTO audit (account_id, action, address, case_number, object) "
            "SELECT :account, :action, :address, number, subject FROM unnest(CAST(:numbers AS text[]), "
            "CAST(:subjects AS text[])) AS noted (number, subject)"
        ),
        {
            "account": account_id,
            "action": action,
            "address": client_address.current.get(),
            "numbers": list(numbers),
            "subjects": each,
        },
    )
