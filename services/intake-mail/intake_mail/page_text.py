"""What was read on a page, and whether a person must look: plain values, decided without I/O."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from speakup.events import Frozen

SURE = 75.0
"""Tesseract's confidence in a word, of 100, from which it isn't marked."""
READ_CONFIDENCE, READ_COVERED = 85.0, 0.85
HANDWRITTEN_COVERED = 0.35
"""Shares of the ink that lies in words the reader is sure of."""
_CELL_INCHES = 1 / 12
_INKED = 0.04
"""Of a cell's points: a thin pen has more, dust less."""
_FEW_CELLS = 6
"""An i-dot of a page: it is empty."""
_WIDEST, _NARROWEST = 2.0, 0.12
"""Of a letter, in heights of its word: what is beyond is a line or a picture taken for a word."""
_TALLEST_INCHES = 0.6


class PageState(StrEnum):
    """What a person has to do with the page."""

    read = "read"
    check = "check"
    handwritten = "handwritten"
    """Or else not to be read by a machine: a person types it."""


class Box(Frozen):
    """Pixels of the page's picture as it came, once turned by `PageText.rotation`."""

    left: int
    top: int
    width: int
    height: int


class Word(Frozen):
    """As read; `line` counts lines of the page, `paragraph` its paragraphs."""

    text: str
    confidence: float
    """0 to 100."""
    box: Box
    line: int
    paragraph: int

    @property
    def is_sure(self) -> bool:
        """Whether it needs no mark."""
        return self.confidence >= SURE


class PageText(Frozen):
    """A page in reading order."""

    words: tuple[Word, ...]
    text: str
    rotation: int
    """Degrees clockwise that make the picture upright: 0, 90, 180 or 270."""
    skew: float
    """Degrees that the lines fell to the right after that."""
    confidence: float | None
    """The mean of its words', by their letters; None where there are none."""
    covered: float
    """The share of the ink that lies in words the reader is sure of; 1 for an empty page."""
    state: PageState


def in_lines(words: Sequence[Word]) -> str:
    """Lines as on the page, an empty one between paragraphs."""
    return "".join(parted + word.text for parted, word in _parted(words))


def placed(words: Sequence[Word]) -> Iterator[tuple[int, Word]]:
    """Each word with where it begins in `in_lines`' text."""
    at = 0
    for parted, word in _parted(words):
        at += len(parted)
        yield at, word
        at += len(word.text)


def _parted(words: Sequence[Word]) -> Iterator[tuple[str, Word]]:
    """Each word after what parts it from the one before."""
    before: Word | None = None
    for word in words:
        if before is None:
            parted = ""
        elif word.paragraph != before.paragraph:
            parted = "\n\n"
        else:
            parted = " " if word.line == before.line else "\n"
        yield parted, word
        before = word


def mean_confidence(words: Sequence[Word]) -> float | None:
    """By letters, since a stray point is read with the greatest confidence."""
    letters = sum(len(word.text) for word in words)
    if not letters:
        return None
    return sum(word.confidence * len(word.text) for word in words) / letters


def covered(dark: NDArray[np.bool_], words: Sequence[Word], dpi: int) -> float:
    """The share of the page's ink, by cells, that lies in words that are sure and shaped like words.

    `words` with boxes in pixels of `dark`.
    """
    cell = max(1, round(dpi * _CELL_INCHES))
    height, width = dark.shape[0] // cell, dark.shape[1] // cell
    cells = dark[: height * cell, : width * cell].reshape(height, cell, width, cell)
    inked = cells.mean(axis=(1, 3)) > _INKED
    if inked.sum() < _FEW_CELLS:
        return 1.0
    found = np.zeros_like(inked)
    for word in words:
        box = word.box
        if word.is_sure and _is_shaped(word, dpi):
            rows = slice(box.top // cell, (box.top + box.height) // cell + 1)
            found[rows, box.left // cell : (box.left + box.width) // cell + 1] = True
    return float((inked & found).sum() / inked.sum())


def _is_shaped(word: Word, dpi: int) -> bool:
    height = max(word.box.height, 1)
    letter = word.box.width / len(word.text)
    return height < _TALLEST_INCHES * dpi and _NARROWEST < letter / height < _WIDEST


def judged(confidence: float | None, share: float) -> PageState:
    """Confidence tells of what was read, the ink of what wasn't."""
    if share < HANDWRITTEN_COVERED:
        return PageState.handwritten
    if share < READ_COVERED or (confidence is not None and confidence < READ_CONFIDENCE):
        return PageState.check
    return PageState.read
