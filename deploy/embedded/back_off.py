"""How long to wait before something that ended is started again."""

from __future__ import annotations

import time

FIRST, LONGEST = 0.2, 10.0
CALM = 30.0
"""Seconds: what ran so long begins again with the first wait."""


class BackOff:
    """0.2 s, then twice as long each time, up to 10 s."""

    def __init__(self) -> None:
        self._wait = FIRST
        self._started = time.monotonic()
        self._due: float | None = None

    def started(self) -> None:
        """It runs now."""
        self._started, self._due = time.monotonic(), None

    def is_due(self) -> bool:
        """Whether the time has come, of what ended; `ended` was called."""
        return self._due is not None and time.monotonic() >= self._due

    def is_waiting(self) -> bool:
        """Whether it is known to have ended."""
        return self._due is not None

    def ended(self) -> float:
        """It ended now. The seconds until it should be started again."""
        now = time.monotonic()
        wait = FIRST if now - self._started > CALM else self._wait
        self._wait = min(wait * 2, LONGEST)
        self._due = now + wait
        return wait
