"""What came before its case or its submission: kept as it came, until that is there."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from speakup.events import BY_TYPE, Event, SubmissionAmended, SubmissionFollowUp


async def keep(
    connection: AsyncConnection, event: Event, payload: SubmissionFollowUp | SubmissionAmended
) -> None:
    """Keep one; it stays unsettled, so its adapter goes on sending it, too."""
    await connection.execute(
        text(
            """
            INSERT INTO waiting_follow_ups (event_id, event_type, case_number, record, source, time,
                                            traceparent)
            VALUES (:event_id, :event_type, :number, :record, :source, :time, :traceparent)
            ON CONFLICT (event_id) DO NOTHING
            """
        ),
        {
            "event_id": event.id,
            "event_type": payload.TYPE,
            "number": payload.case_number,
            "record": payload.model_dump_json().encode(),
            "source": event.source,
            "time": event.time,
            "traceparent": event.traceparent,
        },
    )


async def take(connection: AsyncConnection, numbers: Collection[str]) -> list[Event]:
    """Those that waited in these cases, oldest first; the caller's transaction handles them."""
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
            BY_TYPE[row.event_type].model_validate_json(row.record),
            row.traceparent,
        )
        for row in sorted(rows, key=lambda row: str(row.time))
    ]
