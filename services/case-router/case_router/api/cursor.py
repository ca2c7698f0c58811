"""Cursors: where a page of a list ended, as an opaque word."""

from __future__ import annotations

import base64
import json
from typing import Any

from case_router.store.ordering import Place, Sort, read, written
from speakup.problems import Problem


def encode(*place: str | int) -> str:
    """The word for a place."""
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode().rstrip("=")


def case_word(sort: Sort, place: Place) -> str:
    """The word for a case's place in an order."""
    return encode(sort, *written(place))


def case_place(sort: Sort, cursor: str | None) -> Place | None:
    """The place in this order, or None for no cursor. Raises Problem 422."""
    if cursor is None:
        return None
    try:
        given, *words = _decode(cursor)
        if given == sort:
            return read(sort, words)
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
