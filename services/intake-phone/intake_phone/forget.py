"""Calls are forgotten soon after they end: until then late webhooks still find them."""

from __future__ import annotations

import asyncio

from sqlalchemy.ext.asyncio import AsyncEngine

from intake_phone import store
from intake_phone.calls import Calls
from speakup.logs import get_logger
from speakup.postgres import is_unavailable
from speakup.rest import rest
from speakup.service import Task

AFTER_SECONDS = 300.0
STALE_SECONDS = 4 * 3600.0
"""Longer than Twilio lets a call last."""
EVERY_SECONDS = 5.0

log = get_logger("intake-phone")


async def forget_ended(engine: AsyncEngine, calls: Calls, *, after: float = AFTER_SECONDS) -> int:
    """Forget those whose time has come. Returns how many."""
    async with engine.connect() as connection:
        over = await store.to_forget(connection, after=after, stale=STALE_SECONDS)
    for call_sid in over:
        await calls.forget(call_sid)
    return len(over)


def forgetting(engine: AsyncEngine, calls: Calls) -> Task:
    """A task that does it as long as the service runs."""

    async def run(stop: asyncio.Event) -> None:
        while not stop.is_set():
            try:
                await forget_ended(engine, calls)
            except Exception as error:
                if not is_unavailable(error):
                    raise
                log.warning("forgetting_waits", exc_info=error)
            await rest(stop, EVERY_SECONDS)

    return run
