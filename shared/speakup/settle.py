"""Settling: what the router says it has, needs to be kept here no longer."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from speakup import events, outbox
from speakup.consume import Handler


def settled_by(event: events.Event) -> tuple[UUID, ...]:
    """The outbox rows of an adapter that this event settles."""
    match event.payload:
        case (
            events.CaseOpened(submission_id=settled) | events.CaseFollowedUp(submission_id=settled)
        ):
            return (settled,)
        case (
            events.CaseAmended(event_id=settled)
            | events.CallRecorded(event_id=settled)
            | events.SubmissionSetAside(event_id=settled)
        ):
            return (settled,)
        case events.DeliveryRecorded(event_ids=settled_ones):
            return settled_ones
    return ()


def settling(engine: AsyncEngine) -> Handler:
    """A handler for `speakup.cases`."""

    async def handle(batch: Sequence[events.Event]) -> None:
        settled = [event_id for event in batch for event_id in settled_by(event)]
        if settled:
            async with engine.begin() as connection:
                await outbox.settle(connection, settled)

    return handle
