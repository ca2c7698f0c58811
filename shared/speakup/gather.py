"""Sharing a trip to a disk, a broker or a child: how long to wait for others, and what all are told if it fails."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any


class Gathering:
    """Waits shortly while little comes, and longer, up to a bound, the more came last time.

    What comes alone is hardly held up; a burst makes few large trips of many small ones.
    """

    def __init__(self, *, shortest: float, longest: float) -> None:
        self._shortest, self._longest = shortest, longest
        self.seconds = shortest
        """How long the next wait is."""

    async def wait(self) -> None:
        """Let more come."""
        await asyncio.sleep(self.seconds)

    def came(self, count: int) -> None:
        """Say how many came in the meantime."""
        self.seconds = min(self._longest, max(1, count) * self._shortest)


def tell(waiting: Iterable[asyncio.Future[Any]], error: BaseException) -> None:
    """Tell those who wait that their trip has failed. Raises what isn't theirs: a cancellation."""
    told = error if isinstance(error, Exception) else ConnectionAbortedError()
    for future in waiting:
        if not future.done():
            future.set_exception(told)
    if told is not error:
        raise error
