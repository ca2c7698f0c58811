"""The router's word that it has a letter: the outbox lets go of it, and the register knows that its case is open."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from speakup import outbox
from speakup.consume import Handler
from speakup.events import CaseFollowedUp, CaseOpened, Event
from speakup.settle import settled_by

_OPENED = text(
    """
    UPDATE letters SET opened_at = now() FROM accepted
    WHERE accepted.letter_id = letters.letter_id AND submission_id = ANY(:ids) AND opened_at IS NULL
    """
)


def settling(engine: AsyncEngine) -> Handler:
    """A handler for `speakup.cases`."""

    async def handle(batch: Sequence[Event]) -> None:
        settled = [event_id for event in batch for event_id in settled_by(event)]
        opened = [
            event.payload.submission_id
            for event in batch
            if isinstance(event.payload, CaseOpened | CaseFollowedUp)
        ]
        if settled:
            async with engine.begin() as connection:
                await outbox.settle(connection, settled)
                await connection.execute(_OPENED, {"ids": opened})

    return handle
