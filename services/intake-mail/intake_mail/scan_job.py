"""What is asked of the child that opens scans, and what it answers, each as a line of JSON."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from intake_mail.scan_kind import Kind
from speakup.events import Frozen

MOST_PAGES = 200
LONGEST_SIDE = 20_000
"""Of a page, in pixels: as straighten.py takes it."""
LONGEST_CODE, MOST_CODES = 200, 20
"""Characters of a QR code's text (our own are shorter; whatever is longer is of no use), and such texts of a page."""

ScanCode = Literal[
    "encrypted",
    "broken",
    "empty",
    "not_a_scan",
    "too_large",
    "too_many_pages",
    "too_many_pixels",
    "no_pages",
]
PageCode = Literal["page_broken", "page_too_long", "page_too_heavy", "too_many_pixels"]


class Ask(Frozen):
    """The pages from `first` up to `last`, or as many of them as are soon made; without them, what the file is."""

    first: int = 0
    last: int = 0


class Made(Frozen):
    """A page: lost if there is a code."""

    lost: PageCode | None = None
    width: Annotated[int, Field(ge=0, le=LONGEST_SIDE)] = 0
    height: Annotated[int, Field(ge=0, le=LONGEST_SIDE)] = 0
    png_bytes: Annotated[int, Field(ge=0)] = 0
    codes: Annotated[
        tuple[Annotated[str, Field(max_length=LONGEST_CODE)], ...],
        Field(max_length=MOST_CODES),
    ] = ()


class Answer(Frozen):
    """What the file is; `made` follows the ask's order."""

    refused: ScanCode | None = None
    kind: Kind | None = None
    pages: Annotated[int, Field(ge=0, le=MOST_PAGES)] = 0
    made: tuple[Made, ...] = ()
