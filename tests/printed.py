"""A printed PDF as people and scanners have it: its text, its pictures, the codes on them."""

from __future__ import annotations

import io
from collections.abc import Sequence

import pypdf
import pypdfium2
import zxingcpp
from PIL import Image

MILLIMETRE = 72 / 25.4
"""In points."""


def pages(pdf: bytes) -> Sequence[str]:
    """The text of each page, its lines parted by newlines."""
    return [page.extract_text() for page in pypdf.PdfReader(io.BytesIO(pdf)).pages]


def words(pdf: bytes) -> str:
    """All text, however its lines are broken."""
    return " ".join(" ".join(pages(pdf)).split())


def size(pdf: bytes) -> tuple[int, int]:
    """Of the first page: width and height in millimetres."""
    box = pypdf.PdfReader(io.BytesIO(pdf)).pages[0].mediabox
    return round(float(box.width) / MILLIMETRE), round(float(box.height) / MILLIMETRE)


def pictures(pdf: bytes, dpi: int = 150) -> Sequence[Image.Image]:
    """Each page as a scanner would see it."""
    document = pypdfium2.PdfDocument(pdf)
    try:
        return [page.render(scale=dpi / 72, grayscale=True).to_pil() for page in document]
    finally:
        document.close()


def codes(picture: Image.Image) -> Sequence[str]:
    """What the codes on it say, as often as they are there."""
    return [code.text for code in zxingcpp.read_barcodes(picture)]


def words_above(pdf: bytes, part: float) -> str:
    """The words in the upper part of the first page."""
    document = pypdfium2.PdfDocument(pdf)
    try:
        page = document[0]
        text = page.get_textpage().get_text_bounded(bottom=page.get_height() * (1 - part))
    finally:
        document.close()
    return " ".join(str(text).split())


def inked(pdf: bytes) -> int:
    """How many pixels of the first page, at 100 dpi, are dark."""
    return sum(pictures(pdf, dpi=100)[0].histogram()[:128])


def place(pdf: bytes, text: str) -> tuple[int, float]:
    """Where a text ends: the page, from 0, and millimetres from its top. Raises LookupError where it isn't."""
    document = pypdfium2.PdfDocument(pdf)
    try:
        for at, page in enumerate(document):
            shown = page.get_textpage()
            if found := shown.search(text).get_next():
                bottom = shown.get_charbox(found[0])[1]
                return at, (page.get_height() - bottom) / MILLIMETRE
    finally:
        document.close()
    raise LookupError(text)
