"""A letter that quotes a number which checks, though there is no such case, becomes a case of its own.

The router keeps what follows up a case that it doesn't know, and says nothing. After an hour without its word the same
submission is sent as a new case, with the quoted number as a suggestion. Should the case turn
up after all, the router knows the submission by its id and acts once.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from intake_mail.parts import Parts
from intake_mail.submit import SOURCE
from speakup import case_number, outbox, topics, trace
from speakup.events import Channel, Event, SubmissionFollowUp, SubmissionReceived
from speakup.logs import get_logger
from speakup.postgres import is_unavailable
from speakup.rest import rest

PATIENCE = timedelta(hours=1)
EVERY_SECONDS = 300.0

log = get_logger("intake-mail")

# Published more than once, and not settled: the router has it and doesn't know the case.
_WAITING = text(
    """
    SELECT accepted.submission_id, outbox.value
    FROM accepted JOIN outbox ON outbox.event_id = accepted.submission_id
    WHERE case_number IS NULL AND sent_at < now() - CAST(:patience AS interval) AND attempts > 1
    LIMIT 20 FOR UPDATE OF outbox SKIP LOCKED
    """
)
_NUMBERED = text(
    """
    UPDATE accepted SET case_number = :number WHERE submission_id = :submission_id
           AND NOT EXISTS (SELECT FROM accepted WHERE case_number = :number)
    """
)


class Misquoted:
    """Looks for such letters."""

    def __init__(self, parts: Parts, *, patience: timedelta = PATIENCE) -> None:
        self._parts, self._patience = parts, patience

    async def run(self, stop: asyncio.Event) -> None:
        """Until told to stop."""
        while not stop.is_set():
            try:
                await self.look()
            except Exception as error:
                if not is_unavailable(error):
                    raise
                log.warning("misquoted_wait", exc_info=error)
            await rest(stop, EVERY_SECONDS)

    async def look(self) -> int:
        """Send those anew; returns how many."""
        async with self._parts.engine.begin() as connection:
            rows = (await connection.execute(_WAITING, {"patience": self._patience})).all()
            sent = [await self._anew(connection, row) for row in rows]
        self._parts.relay.publish_soon(sent)
        return len(sent)

    async def _anew(self, connection: AsyncConnection, row: Row[Any]) -> topics.Record:
        followed = SubmissionFollowUp.model_validate_json(row.value)
        number = case_number.mint(Channel.mail)
        values = {"submission_id": row.submission_id, "number": number}
        while (await connection.execute(_NUMBERED, values)).rowcount == 0:
            values["number"] = number = case_number.mint(Channel.mail)
        payload = SubmissionReceived.model_validate(
            followed.model_dump() | {"case_number": number, "suggested_case": followed.case_number}
        )
        event = Event(
            row.submission_id, SOURCE, payload.received_at, number, payload, trace.traceparent()
        )
        made = topics.encode(event)
        await outbox.settle(connection, [row.submission_id])
        await outbox.add(connection, [made], retry=self._parts.settings.outbox_retry_seconds)
        return made
