"""Pages of a PDF drawn by PDFium (https://pypdfium2.readthedocs.io), in a limited child.

No script is run: PDFium is told of no form environment, and its build for PyPI has neither V8 nor XFA. It fetches
nothing. What a form or a note shows is drawn as seen.
"""

from __future__ import annotations

import math

import pypdfium2
import pypdfium2.raw
from PIL import Image

from intake_mail.clean_page import MOST_PIXELS
from intake_mail.scan_job import LONGEST_SIDE
from intake_mail.scan_kind import RefusedError

DPI = 300
POINTS_AN_INCH = 72
_COARSEST_DPI = 150
_WHOLE_PAGE = 0.85
"""Of a page's area: a scan of it, with a white edge at most."""
_ROOM, _SLACK = 0.999, 0.01
_DEEPEST = 8
"""Forms within forms whose pictures are looked at."""
_TAIL = 64
"""Bytes in which a JPEG's end is sought: some writers put line ends behind it."""


_REASONS = {
    pypdfium2.raw.FPDF_ERR_PASSWORD: "encrypted",
    pypdfium2.raw.FPDF_ERR_SECURITY: "encrypted",
    pypdfium2.raw.FPDF_ERR_FILE: "no_pages",
}


def open_pdf(content: bytes) -> pypdfium2.PdfDocument:
    """Raises RefusedError: `encrypted`, `no_pages`, `broken`."""
    # PDFium keeps the last error for ever, and sets none for a file without pages: this sets FPDF_ERR_FILE.
    pypdfium2.raw.FPDF_LoadDocument(b"", None)
    try:
        return pypdfium2.PdfDocument(content)
    except pypdfium2.PdfiumError as error:
        raise RefusedError(_REASONS.get(error.err_code, "broken")) from None


def draw(document: pypdfium2.PdfDocument, place: int) -> tuple[Image.Image, tuple[float, float]]:
    """The page in colour, and its dots an inch, across and down. Raises RefusedError: `page_broken`."""
    try:
        page = document[place]
        if not _pictures_are_whole(page):
            raise RefusedError("page_broken")
        width, height = page.get_size()
        scale = _scale(width, height, _own_dpi(page))
        bitmap = page.render(scale=scale, may_draw_forms=False, rev_byteorder=True)
    except pypdfium2.PdfiumError:
        raise RefusedError("page_broken") from None
    dpi = scale * POINTS_AN_INCH
    return bitmap.to_pil().convert("RGB"), (dpi, dpi)


def _own_dpi(page: pypdfium2.PdfPage) -> float:
    """Of a page that is one scanned picture, the picture's own, at most DPI: drawn finer, specks of a bad scanner grow
    until nobody can tell them from letters.
    """
    width, height = page.get_size()
    for picture in page.get_objects([pypdfium2.raw.FPDF_PAGEOBJ_IMAGE], max_depth=1):
        left, bottom, right, top = picture.get_bounds()
        if (right - left) * (top - bottom) >= _WHOLE_PAGE * width * height:
            pixels = max(picture.get_px_size())
            own = pixels * POINTS_AN_INCH / max(right - left, top - bottom)
            return min(max(float(own), _COARSEST_DPI), DPI)
    return DPI


def _scale(width: float, height: float, dpi: float) -> float:
    """Pixels a point: fewer for a large page. Raises RefusedError: `page_broken`."""
    if not (width > 0 and height > 0 and math.isfinite(width * height)):
        raise RefusedError("page_broken")
    scale = min(
        dpi / POINTS_AN_INCH,
        math.sqrt(MOST_PIXELS * _ROOM / (width * height)),
        LONGEST_SIDE * _ROOM / max(width, height),
    )
    # PDFium's sides are rounded up: 2480.001 would be 2481.
    return scale - _SLACK / max(width, height)


def _pictures_are_whole(page: pypdfium2.PdfPage) -> bool:
    """PDFium leaves blank what it can't decode, and fills up what is cut off: such a page would look whole."""
    pictures = page.get_objects([pypdfium2.raw.FPDF_PAGEOBJ_IMAGE], max_depth=_DEEPEST)
    return all(_is_whole(picture) for picture in pictures)


def _is_whole(picture: pypdfium2.PdfImage) -> bool:
    """Raises PdfiumError where it can't be decoded."""
    packed = picture.get_filters(skip_simple=True)
    if packed[-1:] == ["DCTDecode"]:
        jpeg = bytes(picture.get_data(decode_simple=True))
        return b"\xff\xd9" in jpeg[-_TAIL:]
    picture.get_bitmap()
    return bool(packed) or _has_all_rows(picture)


def _has_all_rows(picture: pypdfium2.PdfImage) -> bool:
    """But for the last one, which some writers cut short."""
    about = picture.get_metadata()
    row = (int(about.width) * int(about.bits_per_pixel) + 7) // 8
    there: int = pypdfium2.raw.FPDFImageObj_GetImageDataDecoded(picture, None, 0)
    return there >= row * (int(about.height) - 1)
