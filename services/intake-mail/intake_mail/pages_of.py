"""A scan file to its pages, in a limited child, which alone decodes what somebody sent: importing this loads all it needs.

A job is an `Ask` as a line of JSON and the file; the result an `Answer` as a line, and the pages' PNGs.
"""

from __future__ import annotations

import io
import time
from collections.abc import Iterator

import pypdfium2
from PIL import Image

from intake_mail import codes
from intake_mail.clean_page import clean, png
from intake_mail.pdf_pages import draw, open_pdf
from intake_mail.picture_pages import count, decode, open_picture
from intake_mail.scan_job import MOST_PAGES, Answer, Ask, Made
from intake_mail.scan_kind import Kind, RefusedError, kind_of

ANSWER_SECONDS, ANSWER_BYTES = 5.0, 32 * 2**20
"""No further page is begun after it: each job carries the whole file, and has a page's time."""


def pages_of(job: bytes) -> bytes:
    """What is asked for. Raises ValueError where that isn't understood; MemoryError."""
    end = job.index(b"\n")
    ask = Ask.model_validate_json(job[:end])
    try:
        scan = _Scan(job[end + 1 :])
    except RefusedError as error:
        return _told(Answer.model_validate({"refused": error.code}))
    try:
        pictures: list[bytes] = []
        made: list[Made] = []
        for page, picture in _soon(scan, range(ask.first, min(ask.last, scan.pages))):
            made.append(page)
            pictures.append(picture)
        return _told(
            Answer(kind=scan.kind, pages=scan.pages, made=tuple(made)),
            *pictures,
        )
    finally:
        scan.close()


def _told(answer: Answer, *pictures: bytes) -> bytes:
    return b"".join((answer.model_dump_json().encode(), b"\n", *pictures))


class _Scan:
    """An open file. Raises RefusedError."""

    def __init__(self, content: bytes) -> None:
        self.kind = kind_of(content)
        self._document: pypdfium2.PdfDocument | None = None
        self._content = content
        if self.kind is Kind.pdf:
            self._document = open_pdf(content)
            self.pages = len(self._document)
        else:
            self.pages = count(open_picture(content, self.kind), self.kind, MOST_PAGES)
        if self.pages > MOST_PAGES:
            self.close()
            raise RefusedError("too_many_pages")
        if self.pages < 1:
            self.close()
            raise RefusedError("no_pages")

    def page(self, place: int) -> tuple[Image.Image, float | None]:
        """Clean, and its dots an inch. Raises RefusedError, ValueError, MemoryError."""
        if self._document is not None:
            return clean(*draw(self._document, place))
        image = open_picture(self._content, self.kind)
        return clean(image, decode(image, place))

    def close(self) -> None:
        """PDFium's memory isn't the collector's."""
        if self._document is not None:
            self._document.close()


def _soon(scan: _Scan, places: range) -> Iterator[tuple[Made, bytes]]:
    began, size = time.monotonic(), 0
    for place in places:
        page, picture = _made(scan, place)
        yield page, picture
        size += len(picture)
        if time.monotonic() - began > ANSWER_SECONDS or size > ANSWER_BYTES:
            break


def _made(scan: _Scan, place: int) -> tuple[Made, bytes]:
    try:
        image, dpi = scan.page(place)
        picture = png(image, dpi)
        page = Made(
            width=image.width,
            height=image.height,
            png_bytes=len(picture),
            codes=codes.find(image),
        )
    except RefusedError as error:
        return Made.model_validate({"lost": error.code}), b""
    except MemoryError:
        return Made(lost="page_too_heavy"), b""
    except (ValueError, OSError):
        return Made(lost="page_broken"), b""
    return page, picture


def _practise() -> None:
    """Once with each format: a child can import nothing later, and libraries import late."""
    for mode, form in (
        ("1", "TIFF"),
        ("CMYK", "TIFF"),
        ("RGB", "JPEG"),
        ("RGBA", "PNG"),
        ("RGB", "PDF"),
    ):
        picture = io.BytesIO()
        Image.new(mode, (60, 40)).save(picture, form, dpi=(100, 200))
        pages_of(Ask(last=1).model_dump_json().encode() + b"\n" + picture.getvalue())


_practise()
