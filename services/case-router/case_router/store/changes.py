"""What a person's change of a case leaves behind: events numbered without gaps, in the outbox."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncConnection

from case_router.store import history
from case_router.tables import cases
from speakup import outbox, topics
from speakup.events import Payload

Numbered = Callable[..., Payload]
"""A case event that lacks only `case_number`, `sequence` and `occurred_at`."""


async def tell(
    connection: AsyncConnection, case_number: str, events: Sequence[Numbered], *, retry: float
) -> list[topics.Record]:
    """Number the events and put them out; the records, to be published after the commit.

    The caller has locked the case, so it is there.
    """
    if not events:
        return []
    now = datetime.now(UTC)
    first = await history.next_sequence(connection, case_number, len(events))
    if first is None:
        raise LookupError("no such case")
    records = [
        history.record(
            make(case_number=case_number, sequence=first + place, occurred_at=now), case_number
        )
        for place, make in enumerate(events)
    ]
    await outbox.add(connection, records, retry=retry)
    return records


async def set_facts(connection: AsyncConnection, case_number: str, **facts: object) -> None:
    """Change columns of a case that the caller has locked."""
    await connection.execute(
        update(cases).where(cases.c.case_number == case_number).values(**facts)
    )
