"""Twilio's own records of calls, which hold the callers' numbers: deleted once the day is reconciled."""

from __future__ import annotations

import asyncio

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from intake_phone.twilio_api import AwayError, TwilioApi
from speakup.logs import get_logger
from speakup.postgres import is_unavailable
from speakup.rest import rest

EVERY_SECONDS = 30.0
AT_A_TIME = 20
DAYS = 14

log = get_logger("intake-phone")

_DUE = text(
    """
    UPDATE calls SET tries = tries + 1,
           next_try_at = now() + make_interval(secs => least(60 * power(2, least(tries, 12)), 86400))
    WHERE call_sid IN (
        SELECT call_sid FROM calls
        WHERE gone_at IS NULL AND forgotten AND next_try_at <= now()
              AND NOT EXISTS (SELECT 1 FROM recordings
                              WHERE recordings.call_sid = calls.call_sid AND state IN ('wanted', 'kept'))
        ORDER BY next_try_at LIMIT :limit FOR UPDATE SKIP LOCKED)
    RETURNING call_sid
    """
)
_TOO_LONG = text(
    "SELECT count(*) FROM calls WHERE gone_at IS NULL AND began_at < now() - make_interval(days => :days)"
)


class CallDeleter:
    """Deletes them."""

    def __init__(self, engine: AsyncEngine, api: TwilioApi) -> None:
        self._engine, self._api = engine, api

    async def run(self, stop: asyncio.Event) -> None:
        """Until told to stop."""
        while not stop.is_set():
            try:
                idle = not await self.work()
            except Exception as error:
                if not is_unavailable(error):
                    raise
                log.warning("deleting_waits", exc_info=error)
                idle = True
            if idle:
                await rest(stop, EVERY_SECONDS)

    async def work(self) -> int:
        """Delete those that are due. Returns how many there were. Raises what the database raises."""
        async with self._engine.begin() as connection:
            due = list(await connection.scalars(_DUE, {"limit": AT_A_TIME}))
        for call_sid in due:
            try:
                await self._api.delete_call(call_sid)
            except AwayError as error:
                # The others may go all the same.
                log.warning("twilio_away", reason=str(error))
                continue
            async with self._engine.begin() as connection:
                await connection.execute(
                    text("UPDATE calls SET gone_at = now() WHERE call_sid = :sid"),
                    {"sid": call_sid},
                )
        return len(due)

    async def notice(self) -> str | None:
        """For the admin: whose numbers stay at Twilio against our will; or None."""
        async with self._engine.connect() as connection:
            number = await connection.scalar(_TOO_LONG, {"days": DAYS})
        if not number:
            return None
        return f"{number} calls are still in Twilio's list after {DAYS} days, with their numbers: delete them there"
