"""Case events into facts and figures: one transaction a batch, then the word to the router."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, tzinfo
from uuid import uuid4

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from reporting import store, tally
from reporting.tally import Facts
from speakup import events
from speakup.consume import BATCH, LaterError
from speakup.events import Event
from speakup.say import Speaker

CaseEvent = (
    events.CaseOpened
    | events.CaseFollowedUp
    | events.CaseAmended
    | events.CaseClassified
    | events.CaseTriaged
    | events.CaseAssigned
    | events.CaseAcknowledged
    | events.CaseStatusChanged
    | events.CaseAnswered
    | events.CaseClosed
    | events.CaseErased
)
SOURCE = "/reporting"
SUBJECT = "facts"


class Recorder:
    """Keeps facts and figures; says of every event that it has it, as often as it hears it."""

    def __init__(self, engine: AsyncEngine, speaker: Speaker, zone: tzinfo) -> None:
        self._engine, self._speaker, self._zone = engine, speaker, zone

    async def handle(self, batch: Sequence[Event]) -> None:
        """A batch from `speakup.cases`. Raises LaterError where another instance is in the way."""
        try:
            async with self._engine.begin() as connection:
                await self._record(connection, batch)
        except store.RaceError as error:
            raise LaterError from error
        # The router's own word about deliveries lies in no outbox: nobody waits for ours.
        waiting = [
            event.id for event in batch if not isinstance(event.payload, events.DeliveryRecorded)
        ]
        for start in range(0, len(waiting), BATCH):
            recorded = events.FactsRecorded(event_ids=tuple(waiting[start : start + BATCH]))
            now = datetime.now(UTC)
            self._speaker.say([Event(uuid4(), SOURCE, now, SUBJECT, recorded)])

    async def _record(self, connection: AsyncConnection, batch: Sequence[Event]) -> None:
        counted = CaseEvent | events.CallRecorded
        told = {event.id: event.payload for event in batch if isinstance(event.payload, counted)}
        if not told:
            return
        unseen = await store.take_unseen(connection, told.keys())
        fresh = [payload for event_id, payload in told.items() if event_id in unseen]
        ended = [payload for payload in fresh if isinstance(payload, events.CallRecorded)]
        await store.count_calls(connection, tally.calls(ended, self._zone))
        new = [payload for payload in fresh if isinstance(payload, CaseEvent)]
        if new:
            await self._apply(connection, new)

    async def _apply(self, connection: AsyncConnection, new: Sequence[CaseEvent]) -> None:
        before = await store.read(connection, {payload.case_number for payload in new})
        after = dict(before)
        for payload in new:
            facts = after.get(payload.case_number) or Facts(payload.case_number)
            after[payload.case_number] = tally.apply(payload, facts, self._zone)
        changed = [
            (before.get(number) or Facts(number), facts)
            for number, facts in after.items()
            if facts != before.get(number)
        ]
        await store.add(connection, [new for _, new in changed if new.case_number not in before])
        await store.change(connection, [new for _, new in changed if new.case_number in before])
        await store.count(connection, tally.moves(changed))
