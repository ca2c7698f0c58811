"""A burst shares trips; what comes alone is hardly held up."""

from __future__ import annotations

import pytest

from speakup.gather import Gathering


@pytest.mark.parametrize(("came", "seconds"), [(0, 0.01), (1, 0.01), (3, 0.03), (500, 0.05)])
def test_the_more_came_last_time_the_longer_it_waits_up_to_a_bound(
    came: int, seconds: float
) -> None:
    gathering = Gathering(shortest=0.01, longest=0.05)
    gathering.came(came)
    assert gathering.seconds == pytest.approx(seconds)
