"""What of a case is read out to its reporter, in which order and in which portions. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

from speakup.events import Purpose
from speakup.submission import Said, View

PORTION = 700
"""Characters read out in one go, less than a minute: in between the caller can press a key. One `<Say>` takes 4,500
characters as a URL writes them, six for a Cyrillic letter (https://www.twilio.com/docs/api/errors/13521)."""

_SENTENCE = re.compile(r"(?<=[.!?…;:])\s+")


@dataclass(frozen=True, slots=True)
class Portion:
    """A part of something said."""

    said: Said
    text: str
    first: bool
    last: bool


def portions(view: View) -> tuple[Portion, ...]:
    """The handlers' words, the newest first, then what the reporter hasn't yet confirmed of their own."""
    told = [said for said in reversed(view.dialogue) if _is_told(said)]
    own = [said for said in view.dialogue if _is_to_check(said)]
    return tuple(portion for said in (*told, *own) for portion in _cut(said))


def next_said(all_of_it: tuple[Portion, ...], place: int) -> int:
    """Where the next thing said begins, after the one at `place`."""
    following = range(place + 1, len(all_of_it))
    return next((i for i in following if all_of_it[i].first), len(all_of_it))


def this_said(all_of_it: tuple[Portion, ...], place: int) -> int:
    """Where the thing said at `place` begins."""
    so_far = all_of_it[: place + 1]
    return max((i for i, portion in enumerate(so_far) if portion.first), default=0)


def _is_told(said: Said) -> bool:
    # An acknowledgement only says what this very call says.
    return not said.by_reporter and said.purpose is not Purpose.acknowledgement


def _is_to_check(said: Said) -> bool:
    # What was written in a mail needs no check: a recording's transcript has an id of its own.
    is_transcript = said.submission_id is not None and said.said_id != said.submission_id
    return said.by_reporter and is_transcript and not said.confirmed and bool(_plain(said.text))


def _cut(said: Said) -> list[Portion]:
    parts = _parts(_plain(said.text))
    return [
        Portion(said, part, first=i == 0, last=i == len(parts) - 1) for i, part in enumerate(parts)
    ]


def _plain(text: str) -> str:
    # What XML can't carry is nothing that can be spoken.
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def _parts(text: str) -> list[str]:
    """Of at most PORTION characters, cut between sentences where that is possible, else between words."""
    parts = [""]
    for sentence in _SENTENCE.split(text):
        for piece in _fit(sentence):
            longer = f"{parts[-1]} {piece}".strip()
            if len(longer) <= PORTION:
                parts[-1] = longer
            else:
                parts.append(piece)
    return parts


def _fit(sentence: str) -> list[str]:
    pieces = []
    while len(sentence) > PORTION:
        at = sentence.rfind(" ", 1, PORTION)
        at = at if at > 0 else PORTION
        pieces.append(sentence[:at])
        sentence = sentence[at:].strip()
    return [*pieces, sentence]
