"""What changed, for who is looking on: follows the audit log's chain, whose order and numbers never change.

So a reader who was away goes on where they stopped, at whichever instance. It is about two seconds behind.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager, suppress

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from case_router.store import audit, timeline
from case_router.store.timeline import Change
from speakup import postgres
from speakup.logs import get_logger
from speakup.rest import rest
from speakup.staff import Staff

EVERY_SECONDS = 0.5
LASTS_SECONDS = 120.0
"""Of one stream: then its reader comes again, with a token that still holds."""
QUIET_SECONDS = 15.0
"""After which something is said all the same, so that nothing on the way takes the line for dead."""
FURTHEST = 10_000
"""Entries: who is further behind is told to load everything anew."""
MOST_OF_ONE = 20
MOST = 500
"""Streams of an instance."""

log = get_logger("case-router")


class TooManyError(Exception):
    """As many streams are open as may be."""


class Live:
    """Of one instance; `run` is what moves it."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._position = 0
        self._moved = asyncio.Event()
        self._over = False
        self._readers: Counter[str] = Counter()
        self.lasts = LASTS_SECONDS

    async def run(self, stop: asyncio.Event) -> None:
        """Look for what is new while anybody reads, until told to stop; that ends all streams."""
        while not stop.is_set():
            if self._readers:
                try:
                    await self._look()
                except (SQLAlchemyError, OSError) as error:
                    log.warning("live_waits", exc_info=error)
            await rest(stop, EVERY_SECONDS)
        self._over = True
        self._moved.set()

    async def _look(self) -> None:
        async with self._engine.connect() as connection:
            newest = await self._newest(connection)
        if newest > self._position:
            self._position = newest
            self._moved.set()
            self._moved = asyncio.Event()

    async def _newest(self, connection: AsyncConnection) -> int:
        await postgres.at_once(connection)
        last = await audit.end(connection)
        return last.position if last is not None else 0

    @contextmanager
    def place(self, staff: Staff) -> Iterator[None]:
        """For one stream. Raises TooManyError."""
        mine = self._readers[staff.account_id]
        if mine >= MOST_OF_ONE or self._readers.total() >= MOST:
            raise TooManyError
        self._readers[staff.account_id] += 1
        try:
            yield
        finally:
            self._readers[staff.account_id] -= 1
            self._readers += Counter()  # without those who have none

    async def follow(
        self, staff: Staff, after: int | None
    ) -> AsyncIterator[tuple[int, Sequence[Change] | None]]:
        """Where the reader is by now, and what changed since the time before; None: too much, load all anew.

        Of nothing that they may not see. Begins behind `after`, or with what is to come; ends by itself. Stays within
        a `place`.
        """
        ends = time.monotonic() + self.lasts
        async with self._engine.connect() as connection:
            newest = await self._newest(connection)
        if after is None:
            after = newest
        elif not newest - FURTHEST <= after <= newest:
            after = newest
            yield after, None
        while not self._over and (left := ends - time.monotonic()) > 0:
            moved = self._moved
            newest, found = await self._since(staff, after)
            yield newest, found
            after = newest
            with suppress(TimeoutError):
                await asyncio.wait_for(moved.wait(), min(QUIET_SECONDS, left))

    async def _since(self, staff: Staff, after: int) -> tuple[int, Sequence[Change]]:
        async with self._engine.connect() as connection:
            newest = await self._newest(connection)
            if newest == after:
                return newest, ()
            return newest, await timeline.changes(connection, staff, after, newest)
