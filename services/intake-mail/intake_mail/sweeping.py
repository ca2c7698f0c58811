"""Blobs that belong to no draft any more are deleted, and drafts that nobody has touched for a day are told of."""

from __future__ import annotations

import asyncio

from sqlalchemy import text

from intake_mail import draft_rows
from intake_mail.parts import Parts
from speakup.logs import get_logger
from speakup.postgres import is_unavailable
from speakup.rest import rest

EVERY_SECONDS = 30.0
STALE_DAYS = 1

log = get_logger("intake-mail")

_STALE = text(
    "SELECT count(*) FROM letters "
    "WHERE state = 'draft' AND touched_at < now() - make_interval(days => :days)"
)


class Sweeping:
    """Sweeps up behind drafts."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def run(self, stop: asyncio.Event) -> None:
        """Until told to stop."""
        while not stop.is_set():
            try:
                await self.sweep()
            except Exception as error:
                if not is_unavailable(error):
                    raise
                log.warning("sweeping_waits", exc_info=error)
            await rest(stop, EVERY_SECONDS)

    async def sweep(self) -> None:
        """Raises what the database or the object store raises."""
        async with self._parts.engine.begin() as connection:
            left = await draft_rows.left_behind(connection)
        if left:
            await self._parts.delete_blobs(left)
            async with self._parts.engine.begin() as connection:
                await draft_rows.forget_pieces(connection, left)

    async def notice(self) -> str | None:
        """A reminder of drafts that wait for a person."""
        async with self._parts.engine.connect() as connection:
            number = await connection.scalar(_STALE, {"days": STALE_DAYS})
        if not number:
            return None
        return f"{number} letters have been drafts for more than a day without being touched: open /mailroom"
