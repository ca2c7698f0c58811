"""The machine's share: letters that wait to be opened, read or sent, one worker each at a time.

A worker holds a lock of its database session for the letter, so that what a killed process had in hand is free at
once, and no clock says how long a page may take.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from intake_mail.draft_rows import Opened
from intake_mail.drafts import Work
from intake_mail.parts import Parts
from speakup import postgres
from speakup.logs import get_logger
from speakup.postgres import is_unavailable

EVERY_SECONDS = 2.0
LATER_SECONDS = (1, 5, 20, 60, 300, 1800)
"""What failed is tried again after these."""

log = get_logger("intake-mail")

Act = Callable[[Opened], Awaitable[None]]

_DUE = text(
    "SELECT letter_id FROM letters WHERE work IS NOT NULL AND due_at <= now() ORDER BY due_at LIMIT 50"
)
_LOCK = text("SELECT pg_try_advisory_lock(hashtextextended(CAST(:id AS text), 5))")
_UNLOCK = text("SELECT pg_advisory_unlock(hashtextextended(CAST(:id AS text), 5))")
_WORK = text("SELECT work FROM letters WHERE letter_id = :id AND due_at <= now()")
_LATER = text(
    "UPDATE letters SET tries = tries + 1, due_at = now() + make_interval(secs => "
    "(CAST(:waits AS int[]))[least(tries + 1, :most)]) WHERE letter_id = :id"
)


class Worker:
    """Takes up letters, one after the other."""

    def __init__(self, parts: Parts, acts: Mapping[Work, Act]) -> None:
        self._parts, self._acts = parts, acts

    async def run(self, stop: asyncio.Event) -> None:
        """Until told to stop."""
        while not stop.is_set():
            try:
                idle = not await self.step()
            except Exception as error:
                if not is_unavailable(error):
                    raise
                log.warning("letters_wait", exc_info=error)
                idle = True
            if idle:
                await self._rest(stop)

    async def step(self) -> bool:
        """Do what waits with one letter; False where nothing does. Raises what the database raises."""
        async with self._parts.engine.connect() as connection:
            await postgres.at_once(connection)
            for letter_id in await connection.scalars(_DUE):
                async with _held(connection, letter_id) as held:
                    if held and await self._do(connection, letter_id):
                        return True
        return False

    async def _do(self, connection: AsyncConnection, letter_id: UUID) -> bool:
        work = await connection.scalar(_WORK, {"id": letter_id})
        if work is None:
            return False
        try:
            opened = await self._parts.rows.get(connection, letter_id)
            if opened is None:
                return False
            await self._acts[Work(work)](opened)
        except Exception:
            # One letter that fails must not stop the pile. (Is the database away, this fails, too.)
            log.exception("letter_failed", id=str(letter_id))
            await connection.execute(
                _LATER,
                {"id": letter_id, "waits": list(LATER_SECONDS), "most": len(LATER_SECONDS)},
            )
        return True

    async def _rest(self, stop: asyncio.Event) -> None:
        waits = [asyncio.create_task(one.wait()) for one in (stop, self._parts.wake)]
        _, pending = await asyncio.wait(
            waits, timeout=EVERY_SECONDS, return_when=asyncio.FIRST_COMPLETED
        )
        for task in pending:
            task.cancel()
        self._parts.wake.clear()


@asynccontextmanager
async def _held(connection: AsyncConnection, letter_id: UUID) -> AsyncIterator[bool]:
    held = bool(await connection.scalar(_LOCK, {"id": str(letter_id)}))
    try:
        yield held
    finally:
        if held:
            await connection.execute(_UNLOCK, {"id": str(letter_id)})
