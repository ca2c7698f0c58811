"""How often a PIN may be guessed: for one case number, whether there is such a case or not, and for all
together. Plain values, no I/O.

A lock holds whatever is given, the right PIN too, and what is asked meanwhile counts for nothing; so a lock
says nothing about a case, and nobody makes another's longer by asking.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class Rule:
    """The last of `free` wrong ones locks for `first`, each further one twice as long, up to `longest`."""

    free: int
    first: timedelta
    longest: timedelta
    per: timedelta | None = None
    """Wrong ones are forgotten after this; None: only by the right PIN."""
    forgiven: timedelta | None = None
    """After so long without a lock the next one is a `first` one again."""


ONE_CASE = Rule(5, timedelta(minutes=1), timedelta(days=1))
ALL = Rule(
    50,
    timedelta(minutes=1),
    # Longer would let one guesser keep all reporters out for days.
    timedelta(hours=1),
    per=timedelta(hours=1),
    forgiven=timedelta(days=1),
)


class Count(NamedTuple):
    """Wrong ones so far, since when, and what followed."""

    failures: int
    since: datetime
    lockouts: int = 0
    locked_until: datetime | None = None


def wait_seconds(counts: Iterable[Count], now: datetime) -> int:
    """For how long nothing is opened; 0: now."""
    ends = [count.locked_until for count in counts if count.locked_until is not None]
    return max(0, *(math.ceil((end - now).total_seconds()) for end in ends), 0)


def failed(rule: Rule, count: Count, now: datetime) -> Count:
    """One wrong one more."""
    failures, since, lockouts, locked_until = count
    if rule.per is not None and now - since >= rule.per:
        failures, since = 0, now
    if rule.forgiven and locked_until and now - locked_until >= rule.forgiven:
        lockouts = 0
    failures += 1
    if failures >= rule.free:
        # Doubling for ever would make numbers that no clock has.
        doubled = rule.first * 2 ** min(lockouts, 20)
        locked_until, lockouts = now + min(doubled, rule.longest), lockouts + 1
    return Count(failures, since, lockouts, locked_until)
