"""What a machine heard in a recording, as its child tells it."""

from __future__ import annotations

from speakup.events import Frozen


class Heard(Frozen):
    """Empty text: nobody spoke."""

    text: str
    confidence: float | None
    """The mean probability of the tokens; None where there are none."""
    machine: str
