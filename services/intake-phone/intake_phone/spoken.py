"""How a fixed text is spoken: as a sentence (Russian, English), or as a row of sounds, each a file (Kazakh). Pure.

A file is named for what is heard in it: `menu`; `told.1` and `told.2`, what stands around a prompt's values;
`digit.0` to `digit.9`; `day.1` to `day.31`; `month.1` to `month.12`.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, tzinfo
from string import Formatter
from typing import NamedTuple

from intake_phone.call import Prompt
from speakup.events import Language
from speakup.i18n import Texts

PREFIX = "phone."
"""Of the names of all texts that are spoken."""


def sentence(prompt: Prompt, texts: Texts, zone: tzinfo) -> str:
    """In words, its values too; digits stand apart, so that they are read one by one."""
    language = prompt.language
    values = {
        name: ", ".join(value)
        if isinstance(value, str)
        else " ".join(texts(language, PREFIX + part) for part in _date(value, zone))
        for name, value in prompt.values
    }
    return texts(language, prompt.name, **values)


def sounds(prompt: Prompt, texts: Texts, zone: tzinfo) -> Iterator[str]:
    """Names of the sounds that make the prompt, in their order."""
    values = dict(prompt.values)
    for piece in _cut(prompt.name, texts.names(prompt.language)[prompt.name]):
        if piece.sound:
            yield piece.sound
        if piece.then is None:
            continue
        value = values[piece.then]
        if isinstance(value, str):
            yield from (f"digit.{digit}" for digit in value)
        else:
            yield from _date(value, zone)


def all_sounds(texts: Texts, language: Language) -> dict[str, str]:
    """Every sound that there is to make, and its words."""
    digits = {f"digit.{digit}": digit for digit in "0123456789"}
    return digits | {
        piece.sound: piece.words
        for name, text in texts.names(language).items()
        if name.startswith(PREFIX)
        for piece in _cut(name, text)
        if piece.sound
    }


class _Piece(NamedTuple):
    """Of a text: what stands before a value, or after the last one."""

    sound: str
    """Empty: nothing is heard of it."""
    words: str
    then: str | None
    """The value that follows."""


def _cut(name: str, text: str) -> list[_Piece]:
    pieces = list(Formatter().parse(text))
    is_whole = len(pieces) == 1 and pieces[0][1] is None
    short = name.removeprefix(PREFIX)
    return [
        _Piece(
            (short if is_whole else f"{short}.{n}") if any(c.isalnum() for c in words) else "",
            # What a cut leaves at the edges would be heard as a pause, or as nothing.
            words.strip(" ,.;:"),
            then,
        )
        for n, (words, then, _, _) in enumerate(pieces, 1)
    ]


def _date(when: datetime, zone: tzinfo) -> tuple[str, str]:
    # Without the year: a case is heard of within months.
    day = when.astimezone(zone)
    return f"day.{day.day}", f"month.{day.month}"
