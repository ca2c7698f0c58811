"""Messages that are left in a mailbox: too large for good, or failed and tried again later."""

from __future__ import annotations

import time
from collections.abc import Collection

from prometheus_client import Gauge

LEFT = Gauge("speakup_mailbox_mails_left", "Mails left in a mailbox", ["mailbox", "reason"])
"""`too_large`: an admin must look at it. `failed`: it is tried again."""

SHORTEST, LONGEST = 60.0, 3600.0
"""Seconds until a message that failed is tried again: twice as long each time."""

Message = tuple[int, int]
"""UIDVALIDITY and UID."""


class Left:
    """Of one mailbox; what it knows is found out again after a restart."""

    def __init__(self, index: int) -> None:
        self._gauges = {r: LEFT.labels(index, r) for r in ("too_large", "failed")}
        self.too_large: set[Message] = set()
        self._failed: dict[Message, tuple[int, float]] = {}

    def is_due(self, message: Message) -> bool:
        """Whether to try it (again)."""
        _, due = self._failed.get(message, (0, 0.0))
        return message not in self.too_large and time.monotonic() >= due

    def trying(self, message: Message) -> None:
        """Counts as failed until `taken` is said, so that it keeps no other from its turn."""
        times, _ = self._failed.get(message, (0, 0.0))
        wait = min(SHORTEST * 2 ** min(times, 10), LONGEST)
        self._failed[message] = times + 1, time.monotonic() + wait
        self._count()

    def taken(self, message: Message) -> None:
        """Nothing is wrong with it."""
        self._failed.pop(message, None)
        self._count()

    def leave(self, message: Message) -> None:
        """It is too large."""
        self.too_large.add(message)
        self.taken(message)

    def keep_only(self, messages: Collection[Message]) -> None:
        """The others are gone."""
        self.too_large.intersection_update(messages)
        for message in self._failed.keys() - set(messages):
            del self._failed[message]
        self._count()

    def _count(self) -> None:
        self._gauges["too_large"].set(len(self.too_large))
        self._gauges["failed"].set(len(self._failed))
