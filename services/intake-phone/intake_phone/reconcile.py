"""What lost webhooks left out: Twilio's list of a day's calls and recordings is compared with ours.

Every quarter of an hour for the day that goes on, and once for each day that is over; by hand with
`python -m intake_phone reconcile [YYYY-MM-DD]`.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from intake_phone import store
from intake_phone.call import Recorded
from intake_phone.calls import Calls
from intake_phone.twilio_api import AwayError, TwilioApi
from speakup.logs import get_logger
from speakup.postgres import is_unavailable
from speakup.rest import rest

EVERY_SECONDS = 900.0
DAYS = 14
"""Days that are over are made up for, if we were away for so long."""
SETTLED = timedelta(hours=5)
"""After midnight (UTC): longer than a call that began before it can last."""

THERE = ("completed", "processing")
"""Of a recording that is over."""

log = get_logger("intake-phone")


class Found(NamedTuple):
    """What there was of a day, and how many recordings of it we hadn't known."""

    calls: int
    recordings: int
    added: int


class Reconciler:
    """Compares and adds."""

    def __init__(self, engine: AsyncEngine, api: TwilioApi, calls: Calls) -> None:
        self._engine, self._api, self._calls = engine, api, calls

    async def reconcile(self, day: date) -> Found:
        """One day (UTC); again it adds nothing. Raises AwayError, and what the database raises."""
        calls = recordings = added = 0
        async for call in self._api.calls_of(day):
            calls += 1
            await self._calls.ended(call.sid, call.seconds)
        async for recording in self._api.recordings_of(day):
            recordings += 1
            if recording.status not in THERE or await self._is_known(recording.sid):
                continue
            added += 1
            await self._calls.take_in(
                recording.call_sid, Recorded(recording.sid, recording.seconds, "")
            )
        if (
            datetime.now(UTC)
            > datetime.combine(day, datetime.min.time(), UTC) + timedelta(days=1) + SETTLED
        ):
            await self._close(day)
        if added:
            log.warning("reconciled", count=added)
        return Found(calls, recordings, added)

    async def run(self, stop: asyncio.Event) -> None:
        """Until told to stop."""
        while not stop.is_set():
            try:
                for day in await self.days():
                    await self.reconcile(day)
            except AwayError as error:
                log.info("reconciling_waits", reason=str(error))
            except Exception as error:
                if not is_unavailable(error):
                    raise
                log.warning("reconciling_waits", exc_info=error)
            await rest(stop, EVERY_SECONDS)

    async def days(self) -> list[date]:
        """Today, and those of the last two weeks that aren't closed."""
        today = datetime.now(UTC).date()
        last = [today - timedelta(days=back) for back in range(DAYS, -1, -1)]
        async with self._engine.connect() as connection:
            closed = set(await connection.scalars(text("SELECT day FROM days")))
        return [day for day in last if day not in closed]

    async def _is_known(self, recording_sid: str) -> bool:
        async with self._engine.connect() as connection:
            return await store.knows_recording(connection, recording_sid)

    async def _close(self, day: date) -> None:
        """The day is whole: what Twilio keeps of its calls can be deleted."""
        async with self._engine.begin() as connection:
            await connection.execute(
                text("INSERT INTO days (day) VALUES (:day) ON CONFLICT DO NOTHING"), {"day": day}
            )
            await connection.execute(
                text(
                    "UPDATE calls SET next_try_at = now() WHERE gone_at IS NULL AND next_try_at IS NULL "
                    "AND (began_at AT TIME ZONE 'UTC')::date <= :day"
                ),
                {"day": day},
            )


def _end(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=1)
