"""Cursors: where a page of a list ended, as an opaque word."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import Any

from case_router.store.cases import is_number
from speakup.problems import Problem


def encode(*place: str | int) -> str:
    """The word for a place."""
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode().rstrip("=")


def case_word(urgent: bool, opened_at: datetime, number: str) -> str:
    """The word for a case's place."""
    return encode(int(urgent), opened_at.isoformat(), number)


def case_place(cursor: str | None) -> tuple[bool, datetime, str] | None:
    """`urgent`, `opened_at` and case number, or None for no cursor. Raises Problem 422."""
    if cursor is None:
        return None
    try:
        urgent, opened_at, number = _decode(cursor)
        place = datetime.fromisoformat(opened_at).astimezone(UTC)
        if urgent in (0, 1) and is_number(number):
            return bool(urgent), place, number
    except (ValueError, TypeError, OverflowError):
        pass
    raise _not_ours()


def letter_place(cursor: str | None) -> int | None:
    """A dead letter's id, or None for no cursor. Raises Problem 422."""
    if cursor is None:
        return None
    try:
        (place,) = _decode(cursor)
        if type(place) is int and 0 < place < 2**63:
            return place
    except (ValueError, TypeError):
        pass
    raise _not_ours()


def _decode(cursor: str) -> list[Any]:
    padded = cursor.encode() + b"=" * (-len(cursor) % 4)
    place = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    if not isinstance(place, list):
        raise TypeError
    return place


def _not_ours() -> Problem:
    return Problem(
        422, "The cursor isn't one that this list gave out. Leave it out to begin at the newest."
    )
