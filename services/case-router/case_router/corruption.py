"""What the Kazakh law owes those who report corruption, as steps that a flagged case opens.

Sources: the Law "On Combating Corruption" (No. 410-V of 18 November 2015), article 24, with the changes of
Law No. 188-VII of 3 January 2023, and the rules of reward under it. A company has its counsel check this list.
"""

from __future__ import annotations

from typing import NamedTuple


class Step(NamedTuple):
    """One thing to do."""

    name: str
    """A text of the pages: `corruption.<name>`."""
    days: int
    """Until it is due, from the triage on."""
    source: str


STEPS = (
    Step("keep_secret", 0, "410-V, art. 24: who helps against corruption is kept secret"),
    Step("tell_protection", 3, "410-V, art. 24: the state protects who reports corruption"),
    Step("inform_authority", 3, "410-V, art. 24: leadership or the authorised body is told"),
    Step("tell_reward", 10, "410-V, art. 24 and the rules of reward: a reward can be asked for"),
    Step("watch_employment", 30, "410-V, art. 24: no dismissal or discipline because of it"),
)
