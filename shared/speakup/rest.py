"""Waiting that ends when a service is told to stop."""

from __future__ import annotations

import asyncio
from contextlib import suppress


async def rest(stop: asyncio.Event, seconds: float) -> None:
    """Wait so long, or until told to stop; not at all where `seconds` are over."""
    with suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)
