"""When what has failed is tried again."""

from __future__ import annotations

from datetime import timedelta

FIRST = timedelta(seconds=30)
LONGEST = timedelta(hours=1)


def wait(failures: int) -> timedelta:
    """After so many failures in a row, 1 at least: twice as long each time, up to an hour."""
    doublings: int = min(failures - 1, 12)
    return min(FIRST * (1 << doublings), LONGEST)
