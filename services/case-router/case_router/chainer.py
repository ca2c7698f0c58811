"""The one chainer: gives the audit log's entries their links, signs the end each second that it moved, anchors it daily.

Nothing waits for it: entries are written without a link, and get it in the order in which they are seen.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from prometheus_client import Gauge
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from case_router import audit_anchors
from case_router.audit_chain import START, Entry, Head, Link, link_hash, signed
from case_router.store import audit
from speakup.logs import get_logger
from speakup.rest import rest

EVERY_SECONDS = 1.0
AT_A_TIME = 2000
SWEEP = timedelta(hours=1)
"""So often all that has no link is looked for, however old."""
HEADS_KEPT = timedelta(days=30)
"""Then one a day stays."""
LATE_SECONDS = 60.0

LAG = Gauge("speakup_audit_lag_seconds", "How long the oldest entry waits for its link")

log = get_logger("case-router")


class Chainer:
    """Of several instances one chains at a time."""

    def __init__(
        self,
        engine: AsyncEngine,
        key: Ed25519PrivateKey,
        anchors: Path,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._engine, self._key, self._anchors, self._clock = engine, key, anchors, clock
        self._swept_at: datetime | None = None
        self._anchored: date | None = None

    async def run(self, stop: asyncio.Event) -> None:
        """Chain until told to stop."""
        while not stop.is_set():
            count = 0
            try:
                count = await self.step()
                await self.anchor()
            except (SQLAlchemyError, OSError) as error:
                log.warning("chainer_waits", exc_info=error)
            await rest(stop, 0 if count == AT_A_TIME else EVERY_SECONDS)

    async def step(self) -> int:
        """Chain what is there; how many entries got their link."""
        now = self._clock()
        async with self._engine.begin() as connection:
            if not await audit.is_chainer(connection):
                return 0
            last = await audit.end(connection)
            # A transaction may commit an entry long after later ones were chained.
            sweep = self._swept_at is None or now - self._swept_at >= SWEEP
            after = 0 if sweep or last is None else last.entry - audit.NEAR
            found = await audit.unchained(connection, after, AT_A_TIME)
            if found:
                links = _links(last, found)
                await audit.add_links(connection, links)
                await audit.add_head(connection, self._signed(links[-1], now))
        if sweep and len(found) < AT_A_TIME:
            self._swept_at = now
        return len(found)

    async def check(self) -> str | None:
        """For readiness."""
        async with self._engine.connect() as connection:
            since = await audit.oldest_waiting(connection)
        lag = (self._clock() - since).total_seconds() if since is not None else 0.0
        LAG.set(lag)
        return f"the audit log is chained {lag:.0f} s late" if lag > LATE_SECONDS else None

    def _signed(self, link: Link, now: datetime) -> Head:
        return Head(link.position, now, self._key.sign(signed(link.position, link.hash, now)))

    async def anchor(self) -> None:
        """For each day that is over the last head of it, or of the days before."""
        today = self._clock().date()
        if self._anchored == today:
            return
        newest = await asyncio.to_thread(audit_anchors.newest_day, self._anchors)
        day = today - timedelta(days=1) if newest is None else newest + timedelta(days=1)
        async with self._engine.begin() as connection:
            while day < today:
                await self._anchor_day(connection, day)
                day += timedelta(days=1)
            await audit.prune_heads(connection, self._clock() - HEADS_KEPT)
        self._anchored = today

    async def _anchor_day(self, connection: AsyncConnection, day: date) -> None:
        over = datetime.combine(day + timedelta(days=1), datetime.min.time(), UTC)
        anchor = await audit.newest_head(connection, before=over)
        if anchor is not None:
            await asyncio.to_thread(audit_anchors.write, self._anchors, day, anchor)
            log.info("audit_anchored", position=anchor.head.position)


def _links(last: Link | None, entries: list[Entry]) -> list[Link]:
    position, before = (last.position, last.hash) if last is not None else (0, START)
    links = []
    for entry in entries:
        position += 1
        before = link_hash(before, position, entry)
        links.append(Link(position, entry.entry, before))
    return links
