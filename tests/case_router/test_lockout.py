"""How often a PIN can be guessed: held for any pattern of guesses."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from case_router.lockout import ALL, ONE_CASE, Count, Rule, failed, wait_seconds

START = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
GUESSES = 10_000


def through(rule: Rule, gaps: list[timedelta]) -> int:
    """How many of these wrong guesses are looked at at all."""
    count, now, looked_at = Count(0, START), START, 0
    for gap in gaps:
        now += gap
        if not wait_seconds([count], now):
            looked_at += 1
            count = failed(rule, count, now)
    return looked_at


def locks_within(rule: Rule, whole: timedelta) -> int:
    """How many locks, each as long as the rule says, can begin within this time."""
    locks, spent = 1, timedelta()
    while (spent := spent + min(rule.first * 2 ** min(locks - 1, 20), rule.longest)) <= whole:
        locks += 1
    return locks


def bound(rule: Rule, whole: timedelta) -> int:
    """At most so many: what is free, in each period where it is forgotten, and one for each lock."""
    periods = whole // rule.per + 1 if rule.per else 1
    return (rule.free - 1) * periods + locks_within(rule, whole)


@given(st.integers(0, 2**32), st.sampled_from([0.01, 1, 30, 120]))
def test_10000_guesses_at_one_number_get_through_no_more_than_the_bound(
    seed: int, seconds: float
) -> None:
    rng = random.Random(seed)  # noqa: S311 - repeatable, not secret
    gaps = [timedelta(seconds=rng.expovariate(1 / seconds)) for _ in range(GUESSES)]
    whole = sum(gaps, timedelta())
    assert through(ONE_CASE, gaps) <= bound(ONE_CASE, whole)


@given(st.integers(0, 2**32), st.sampled_from([0.01, 1, 8]))
def test_10000_guesses_at_all_numbers_get_through_no_more_than_the_bound(
    seed: int, seconds: float
) -> None:
    rng = random.Random(seed)  # noqa: S311
    gaps = [timedelta(seconds=rng.expovariate(1 / seconds)) for _ in range(GUESSES)]
    whole = sum(gaps, timedelta())
    # Within a day, so that nothing is forgiven.
    assert through(ALL, gaps) <= bound(ALL, whole)


def test_what_the_bounds_are() -> None:
    """A PIN has a million values."""
    a_day, a_year = timedelta(days=1), timedelta(days=365)
    assert bound(ONE_CASE, a_day) == 15
    assert bound(ONE_CASE, a_year) < 400
    assert bound(ALL, timedelta()) == 50
    assert bound(ALL, a_day) < 1300


def test_the_fifth_wrong_one_locks_a_number_and_each_further_one_twice_as_long() -> None:
    count, now, waits = Count(0, START), START, []
    for _ in range(17):
        count = failed(ONE_CASE, count, now)
        waits.append(wait_seconds([count], now))
        now += timedelta(seconds=waits[-1])
    assert waits[:8] == [0, 0, 0, 0, 60, 120, 240, 480]
    assert waits[-1] == 24 * 3600


def test_what_all_do_wrong_is_forgotten_after_an_hour_and_their_locks_after_a_day() -> None:
    count = Count(0, START)
    for _ in range(49):
        count = failed(ALL, count, START)
    later = START + timedelta(hours=1)
    assert failed(ALL, count, later) == Count(1, later)
    locked = failed(ALL, count, START)
    assert wait_seconds([locked], START) == 60
    day_after = START + timedelta(days=1, minutes=1)
    assert failed(ALL, locked, day_after).lockouts == 0
    assert failed(ALL, locked, later).lockouts == 1
