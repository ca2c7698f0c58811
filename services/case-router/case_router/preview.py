"""A file from a stranger as a picture that a browser may show: its pixels, made anew.

Runs in a limited child: importing this must load all that it needs. A job is the page (from 0) in 4 bytes and
the file; the result is the number of pages in 4 bytes and the page as PNG.
"""

from __future__ import annotations

import io
import struct
from contextlib import suppress

import pypdfium2
from PIL import Image, ImageOps

FUNCTION = "case_router.preview:preview"
"""For `speakup.sandbox`."""
TYPES = frozenset(
    {
        "application/pdf",
        "image/png",
        "image/jpeg",
        "image/gif",
        "image/webp",
        "image/tiff",
        "image/bmp",
    }
)
"""That may have a preview, by the sender's word; the file itself decides."""
HEAD = struct.Struct(">I")
WIDEST = 1400
"""Pixels."""
_MOST_PIXELS = 80_000_000
_FORMATS = ("PNG", "JPEG", "GIF", "WEBP", "TIFF", "BMP")

Image.init()
Image.MAX_IMAGE_PIXELS = _MOST_PIXELS


class NoPreviewError(Exception):
    """It is no picture and no PDF, or has no such page."""


def preview(job: bytes) -> bytes:
    """Raises NoPreviewError."""
    (page,) = HEAD.unpack_from(job)
    content = job[HEAD.size :]
    count, image = (
        _of_pdf(content, page) if content[:1024].find(b"%PDF-") >= 0 else _of_image(content, page)
    )
    image.thumbnail((WIDEST, WIDEST * 2))
    file = io.BytesIO()
    image.save(file, "PNG")
    return HEAD.pack(count) + file.getvalue()


def _of_pdf(content: bytes, number: int) -> tuple[int, Image.Image]:
    try:
        document = pypdfium2.PdfDocument(content)
        count = len(document)
        if number >= count:
            raise NoPreviewError
        page = document[number]
        scale = WIDEST / max(page.get_width(), page.get_height() / 2, 1)
        image: Image.Image = page.render(scale=min(scale, 4)).to_pil()
    except pypdfium2.PdfiumError:
        raise NoPreviewError from None
    return count, image.convert("RGB")


def _of_image(content: bytes, number: int) -> tuple[int, Image.Image]:
    try:
        with Image.open(io.BytesIO(content), formats=_FORMATS) as opened:
            # A film is shown by its first picture; the pages of a TIFF are pages.
            count = getattr(opened, "n_frames", 1) if opened.format == "TIFF" else 1
            if number >= count:
                raise NoPreviewError
            opened.seek(number)
            upright: Image.Image = opened
            with suppress(OSError, ValueError, SyntaxError):
                upright = ImageOps.exif_transpose(opened)
            return count, upright.convert("RGB")
    except (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError):
        raise NoPreviewError from None
