"""A burst shares trips; what comes alone is hardly held up."""

from __future__ import annotations

import asyncio

import pytest

from speakup.gather import Gathering, tell


@pytest.mark.parametrize(("came", "seconds"), [(0, 0.01), (1, 0.01), (3, 0.03), (500, 0.05)])
def test_the_more_came_last_time_the_longer_it_waits_up_to_a_bound(
    came: int, seconds: float
) -> None:
    gathering = Gathering(shortest=0.01, longest=0.05)
    gathering.came(came)
    assert gathering.seconds == pytest.approx(seconds)


async def test_who_waits_is_told_what_failed_and_who_was_told_before_is_left_alone() -> None:
    waiting, done = (asyncio.get_running_loop().create_future() for _ in range(2))
    done.set_result(None)
    tell([done, waiting], OSError("full"))
    with pytest.raises(OSError, match="full"):
        await waiting
    assert done.result() is None


async def test_a_cancellation_goes_on_and_is_not_handed_to_who_waits() -> None:
    waiting = asyncio.get_running_loop().create_future()
    with pytest.raises(asyncio.CancelledError):
        tell([waiting], asyncio.CancelledError())
    with pytest.raises(ConnectionAbortedError):
        await waiting
