"""Weekly rotation of the intake keys, and the destruction of old ones (decision 0003).

A key is destroyed when it was replaced long enough ago, every adapter has said since then that it holds
nothing sealed to it, and no dead letter needs it. An adapter that keeps silent keeps the key alive: a
report that can't be opened is worse than a key that lives longer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from prometheus_client import Gauge
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from case_router.settings import Settings
from speakup.keys import INTAKE, KeyFolder, Published
from speakup.logs import get_logger
from speakup.rest import rest

EVERY_SECONDS = 3600.0

HELD = Gauge("speakup_intake_keys", "Intake keys that exist; 2 is usual, more is worth a look")

log = get_logger("case-router")


class Rotation:
    """Makes new intake keys and destroys old ones."""

    def __init__(self, engine: AsyncEngine, keys: KeyFolder, settings: Settings) -> None:
        self._engine, self._keys, self._settings = engine, keys, settings

    async def run(self, stop: asyncio.Event) -> None:
        """Look every hour until told to stop."""
        while not stop.is_set():
            try:
                await self.rotate(datetime.now(UTC))
            except (SQLAlchemyError, OSError) as error:
                log.warning("rotation_waits", exc_info=error)
            await rest(stop, EVERY_SECONDS)

    async def rotate(self, now: datetime) -> None:
        """One look."""
        published = self._keys.published(INTAKE)
        if not published or now - published[-1].created_at >= self._settings.intake_key_age:
            key = self._keys.make_pair(INTAKE, now=now)
            log.info("intake_key_made", key_id=key.key_id)
            published = self._keys.published(INTAKE)
        in_use = await self._in_use()
        for key_id in destructible(published, in_use, now, self._settings.intake_key_grace):
            self._keys.destroy(INTAKE, key_id)
            log.info("intake_key_destroyed", key_id=key_id)
        HELD.set(len(self._keys.published(INTAKE)))

    async def _in_use(self) -> dict[str, tuple[datetime, frozenset[str]]]:
        async with self._engine.connect() as connection:
            adapters = await connection.execute(text("SELECT * FROM adapter_keys"))
            in_use = {
                row.adapter: (row.said_at, frozenset(row.key_ids.split(","))) for row in adapters
            }
            letters = await connection.scalars(
                text(
                    "SELECT DISTINCT convert_from(value, 'UTF8')::jsonb #>> '{content,key_id}' "
                    "FROM dead_letters WHERE replayed_at IS NULL AND event_type LIKE :type"
                ),
                {"type": "kz.speakup.submission.%"},
            )
            waiting = await connection.scalars(
                text(
                    "SELECT DISTINCT convert_from(record, 'UTF8')::jsonb #>> '{content,key_id}' "
                    "FROM waiting_follow_ups"
                )
            )
            kept = frozenset(key_id for key_id in (*letters, *waiting) if key_id)
        return in_use | {"dead letters": (datetime.max.replace(tzinfo=UTC), kept)}


def destructible(
    published: Sequence[Published],
    in_use: dict[str, tuple[datetime, frozenset[str]]],
    now: datetime,
    grace: timedelta,
) -> list[str]:
    """Ids of keys that nothing is sealed to any more; `published` is oldest first."""
    found = []
    for key, successor in pairwise(published):
        over = successor.created_at + grace
        # Nobody heard of at all is no proof that nobody has anything.
        released = len(in_use) > 1 and all(
            said_at >= over and key.key.key_id not in key_ids
            for said_at, key_ids in in_use.values()
        )
        if now >= over and released:
            found.append(key.key.key_id)
    return found
