"""How long to wait for more that can share a trip to a disk or a broker."""

from __future__ import annotations

import asyncio


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
