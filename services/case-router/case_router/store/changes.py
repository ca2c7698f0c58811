"""What a change of a case leaves behind: its events, numbered without gaps, in the outbox."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from uuid import UUID, uuid4

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncConnection

from case_router.tables import cases
from speakup import outbox, topics, trace
from speakup.events import Event, Payload

SOURCE = "/case-router"

Numbered = Callable[..., Payload]
"""A case event that lacks `case_number`, `sequence` and `occurred_at` only."""


async def tell(
    connection: AsyncConnection, case_number: str, events: Sequence[Numbered], *, retry: float
) -> list[topics.Record]:
    """Number the events and put them out; the records, to be published after the commit."""
    if not events:
        return []
    now = datetime.now(UTC)
    last = (
        await connection.execute(
            update(cases)
            .where(cases.c.case_number == case_number)
            .values(sequence=cases.c.sequence + len(events))
            .returning(cases.c.sequence)
        )
    ).scalar_one()
    first = last - len(events) + 1
    payloads = [
        make(case_number=case_number, sequence=first + place, occurred_at=now)
        for place, make in enumerate(events)
    ]
    return await put_out(
        connection, case_number, [(uuid4(), payload) for payload in payloads], retry=retry
    )


async def put_out(
    connection: AsyncConnection,
    case_number: str,
    payloads: Sequence[tuple[UUID, Payload]],
    *,
    retry: float,
) -> list[topics.Record]:
    """Put events with these ids into the outbox; the records, to be published after the commit."""
    now = datetime.now(UTC)
    records = [
        topics.encode(Event(event_id, SOURCE, now, case_number, payload, trace.traceparent()))
        for event_id, payload in payloads
    ]
    await outbox.add(connection, records, retry=retry)
    return records


async def set_facts(connection: AsyncConnection, case_number: str, **facts: object) -> None:
    """Change columns of a case that the caller has locked."""
    await connection.execute(
        update(cases).where(cases.c.case_number == case_number).values(**facts)
    )
