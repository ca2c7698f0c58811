"""Tells the router which of its intake keys this adapter still needs, so that old ones can be destroyed
without closing anything for good (decision 0003)."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from uuid import uuid4

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from speakup import outbox, topics, trace
from speakup.events import Event, IntakeKeysInUse
from speakup.keys import INTAKE, CurrentKey, KeyFolder
from speakup.logs import get_logger
from speakup.relay import Relay
from speakup.rest import rest
from speakup.service import Task

EVERY_SECONDS = 3600.0


def saying(
    adapter: str, engine: AsyncEngine, relay: Relay, keys: KeyFolder, *, retry: float
) -> Task:
    """A task that says it at the start and every hour."""
    current = CurrentKey(keys, INTAKE)
    log = get_logger(adapter)

    async def say() -> None:
        # Read before the rows are: what is sealed from now on is sealed to this key or a newer one.
        in_use = {current().key_id}
        async with engine.begin() as connection:
            in_use |= set(
                await connection.scalars(
                    text(
                        "SELECT DISTINCT key_id FROM outbox, "
                        "LATERAL (SELECT convert_from(value, 'UTF8')::jsonb AS payload) AS read, "
                        "LATERAL (SELECT coalesce(payload #>> '{content,key_id}', "
                        "payload #>> '{credentials,key_id}') AS key_id) AS named "
                        "WHERE topic = ANY(:topics) AND key_id IS NOT NULL"
                    ),
                    {"topics": [topics.SUBMISSIONS, topics.ACCESS]},
                )
            )
            now = datetime.now(UTC)
            payload = IntakeKeysInUse(adapter=adapter, key_ids=tuple(sorted(in_use)), said_at=now)
            event = Event(uuid4(), f"/{adapter}", now, adapter, payload, trace.traceparent())
            record = topics.encode(event)
            await outbox.add(connection, [record], retry=retry)
        relay.publish_soon([record])

    async def run(stop: asyncio.Event) -> None:
        while not stop.is_set():
            try:
                await say()
                pause = EVERY_SECONDS
            except (SQLAlchemyError, OSError) as error:
                log.warning("keys_in_use_waits", exc_info=error)
                pause = 30.0
            await rest(stop, pause)

    return run
