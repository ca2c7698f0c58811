"""Which pages of a file are which letter, by the codes printed on separator sheets and reply slips. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from speakup import case_number
from speakup.letter_paper import SLIP

SEPARATOR = "SPEAKUP:SEP:1:"
"""A separator sheet's code begins so; an id follows that differs from sheet to sheet."""


@dataclass(frozen=True, slots=True)
class Split:
    """The letters of a file, as indexes of its pages from 0. Every page is in one letter or among the separators."""

    letters: tuple[tuple[int, ...], ...]
    quoted: tuple[str | None, ...]
    """Of each letter, the valid case number on its reply slip. None where there is none, or more than one."""
    disputed: tuple[bool, ...]
    """Of each letter, whether its slips name different cases: a person decides."""
    separators: tuple[int, ...]


def split(pages: Sequence[Sequence[str]]) -> Split:
    """By the texts of the codes found on each page.

    Pages before the first separator are a letter, too. Two separators on end make no empty letter. A slip whose number
    does not check is nothing.
    """
    letters: list[tuple[int, ...]] = []
    separators: list[int] = []
    letter: list[int] = []
    for page, codes in enumerate(pages):
        if not any(code.startswith(SEPARATOR) for code in codes):
            letter.append(page)
            continue
        separators.append(page)
        if letter:
            letters.append(tuple(letter))
        letter = []
    if letter:
        letters.append(tuple(letter))
    cases = [{case for page in letter for case in _cases(pages[page])} for letter in letters]
    return Split(
        letters=tuple(letters),
        quoted=tuple(min(named) if len(named) == 1 else None for named in cases),
        disputed=tuple(len(named) > 1 for named in cases),
        separators=tuple(separators),
    )


def _cases(codes: Sequence[str]) -> list[str]:
    quoted = [code.removeprefix(SLIP) for code in codes if code.startswith(SLIP)]
    return [number for number in quoted if case_number.is_valid(number)]
