"""What `make run` says to the person who started it."""

from __future__ import annotations

import sys
from contextlib import suppress


def say(text: str) -> None:
    """A line. A terminal that was closed is no reason to end."""
    with suppress(OSError):
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()
