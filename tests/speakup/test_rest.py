"""Waiting that ends when a service is told to stop."""

from __future__ import annotations

import asyncio

import pytest

from speakup.rest import rest


async def test_it_ends_when_told_to_stop() -> None:
    stop = asyncio.Event()
    resting = asyncio.create_task(rest(stop, 3600))
    await asyncio.sleep(0)
    assert not resting.done()
    stop.set()
    async with asyncio.timeout(5):
        await resting


@pytest.mark.parametrize("seconds", [0.0, -1.0, 0.001])
async def test_it_ends_when_the_time_is_over(seconds: float) -> None:
    async with asyncio.timeout(5):
        await rest(asyncio.Event(), seconds)
