"""Follow-ups that came before their case: kept as they came, until it is there."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from speakup.events import Event, SubmissionFollowUp


async def keep(connection: AsyncConnection, event: Event, follow_up: SubmissionFollowUp) -> None:
    """Keep one; it stays unsettled, so its adapter goes on sending it, too."""
    await connection.execute(
        text(
            """
            INSERT INTO waiting_follow_ups (event_id, case_number, record, source, time, traceparent)
            VALUES (:event_id, :number, :record, :source, :time, :traceparent)
            ON CONFLICT (event_id) DO NOTHING
            """
        ),
        {
            "event_id": event.id,
            "number": follow_up.case_number,
            "record": follow_up.model_dump_json().encode(),
            "source": event.source,
            "time": event.time,
            "traceparent": event.traceparent,
        },
    )


async def take(connection: AsyncConnection, numbers: Collection[str]) -> list[Event]:
    """Those that waited for these cases, oldest first; the caller's transaction handles them."""
    rows = await connection.execute(
        text("DELETE FROM waiting_follow_ups WHERE case_number = ANY(:numbers) RETURNING *"),
        {"numbers": list(numbers)},
    )
    return [
        Event(
            row.event_id,
            row.source,
            row.time,
            row.case_number,
            SubmissionFollowUp.model_validate_json(row.record),
            row.traceparent,
        )
        for row in sorted(rows, key=lambda row: str(row.time))
    ]
