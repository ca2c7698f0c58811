"""Where a page of a list ends, as the client hands it back."""

from __future__ import annotations

import base64
import json
from typing import Any

from speakup.problems import Problem


def encode(*place: str | int | None) -> str:
    """For a page's `next`."""
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode().rstrip("=")


def decode(cursor: str) -> Any:
    """What `encode` was given, unless a stranger made it. Raises ValueError."""
    padded = cursor.encode() + b"=" * (-len(cursor) % 4)
    return json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))


def unknown() -> Problem:
    """For a cursor that is none."""
    return Problem(
        422, "The cursor isn't one that this list gave out. Leave it out to begin at the newest."
    )
