"""Pages of TIFF, JPEG, PNG and HEIC files, decoded by Pillow and libheif in a limited child.

A page of which points are missing is broken: it must never look whole.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Sequence

import pi_heif
from PIL import Image, MpoImagePlugin, TiffImagePlugin

from intake_mail.scan_kind import Kind, RefusedError

MOST_PIXELS = 80_000_000
"""Of a picture: A3 at 600 dpi."""

_FORMATS = {Kind.tiff: "TIFF", Kind.jpeg: "JPEG", Kind.png: "PNG", Kind.heic: "HEIF"}
_PLACES = (
    (TiffImagePlugin.STRIPOFFSETS, TiffImagePlugin.STRIPBYTECOUNTS),
    (TiffImagePlugin.TILEOFFSETS, TiffImagePlugin.TILEBYTECOUNTS),
)
_ERRORS = (
    OSError,
    ValueError,
    SyntaxError,
    LookupError,
    TypeError,
    EOFError,
    RuntimeError,
    struct.error,
)
"""What Pillow and libheif say of broken pictures."""
_BOMB = (Image.DecompressionBombError, Image.DecompressionBombWarning)

pi_heif.register_heif_opener(thumbnails=False)
# A phone's JPEG with a second picture inside is one page; Pillow would import this when it meets one.
_ = MpoImagePlugin


def open_picture(content: bytes, kind: Kind) -> Image.Image:
    """By its header alone. Raises RefusedError: `broken`, `too_many_pixels`."""
    try:
        image = Image.open(io.BytesIO(content), formats=[_FORMATS[kind]])
    except _BOMB:
        raise RefusedError("too_many_pixels") from None
    except _ERRORS:
        raise RefusedError("broken") from None
    _check_pixels(image)
    return image


def count(image: Image.Image, kind: Kind, most: int) -> int:
    """Its pages, or one more than `most`. Raises RefusedError: `broken`."""
    if kind is Kind.heic:
        return min(int(getattr(image, "n_frames", 1)), most + 1)
    pages = 1
    while kind is Kind.tiff and pages <= most:
        try:
            image.seek(pages)
        except EOFError:
            break
        except _BOMB:
            # There is such a page; it is refused when it is to be opened.
            pass
        except _ERRORS:
            raise RefusedError("broken") from None
        pages += 1
    return pages


def decode(image: Image.Image, place: int) -> tuple[float, float] | None:
    """That page becomes the image's points; its dots an inch, across and down, if it says so.

    Raises RefusedError: `page_broken`, `too_many_pixels`; MemoryError.
    """
    try:
        if image.tell() != place:
            image.seek(place)
        _check_pixels(image)
        if isinstance(image, TiffImagePlugin.TiffImageFile) and not _is_whole(image):
            raise RefusedError("page_broken")
        image.load()
        said = image.info.get("dpi")
        return None if said is None else (float(said[0]), float(said[1]))
    except _BOMB:
        raise RefusedError("too_many_pixels") from None
    except _ERRORS:
        raise RefusedError("page_broken") from None


def _check_pixels(image: Image.Image) -> None:
    if image.width * image.height > MOST_PIXELS:
        raise RefusedError("too_many_pixels")


def _is_whole(image: TiffImagePlugin.TiffImageFile) -> bool:
    """Whether all strips or tiles are there and lie within the file: what is missing would be drawn as something."""
    tags, end = image.tag_v2, len(image.fp.getbuffer())  # type: ignore[union-attr]  # a BytesIO
    rows = int(tags.get(TiffImagePlugin.ROWSPERSTRIP, image.height))
    strips: Sequence[int] = tags.get(TiffImagePlugin.STRIPOFFSETS, ())
    if strips and len(strips) * rows < image.height:
        return False
    return all(
        place + size <= end
        for offsets, sizes in _PLACES
        for place, size in zip(tags.get(offsets, ()), tags.get(sizes, ()), strict=True)
    )
