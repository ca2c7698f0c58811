"""A page as pixels and nothing else: without metadata, a profile or transparency, grey where the page is grey.

Runs in a limited child.
"""

from __future__ import annotations

import io
import math

import numpy as np
from PIL import Image, ImageOps

from intake_mail.scan_job import LONGEST_SIDE

MOST_PIXELS = 36_000_000
"""A4 at 600 dpi: larger pages are made as small as this."""
BELIEVABLE_DPI = (70.0, 1200.0)

_TINTED, _COLOURED_SHARE = 40, 1e-4
"""Of 255 between a point's channels, as yellowish paper hasn't; of all points: a stroke of blue ink on A4 is more."""
_SHRUNK = 4
_DEEP = ("I", "I;16", "I;16L", "I;16B", "I;16N")


def clean(image: Image.Image, dpi: tuple[float, float] | None) -> tuple[Image.Image, float | None]:
    """Upright by its EXIF orientation, over white, with square points; and its dots an inch, where believable.

    Raises ValueError where its points aren't colours; MemoryError.
    """
    image = _flat(image)
    if dpi is not None and not all(
        math.isfinite(one) and BELIEVABLE_DPI[0] <= one <= BELIEVABLE_DPI[1] for one in dpi
    ):
        dpi = None
    image, resolution = _sized(image, dpi)
    image = ImageOps.exif_transpose(image)
    if image.mode == "RGB" and _is_grey(image):
        image = image.convert("L")
    return image, resolution


def png(image: Image.Image, dpi: float | None) -> bytes:
    """Its file, with a resolution (pHYs) at most."""
    bare = Image.frombytes(image.mode, image.size, image.tobytes())
    file = io.BytesIO()
    more = {} if dpi is None else {"dpi": (dpi, dpi)}
    bare.save(file, "PNG", compress_level=3, **more)
    return file.getvalue()


def _flat(image: Image.Image) -> Image.Image:
    """In black and white, in grey or in colours."""
    if image.mode in _DEEP:
        deep = np.asarray(image)
        return _like(image, Image.fromarray((deep.clip(0, 65535) >> 8).astype(np.uint8)))
    if image.mode == "F":
        raise ValueError("points that aren't colours")
    if image.has_transparency_data:
        paper = Image.new("RGBA", image.size, "white")
        paper.alpha_composite(image.convert("RGBA"))
        return _like(image, paper.convert("RGB"))
    return image if image.mode in ("1", "L", "RGB") else _like(image, image.convert("RGB"))


def _like(image: Image.Image, made: Image.Image) -> Image.Image:
    """With what was said of its orientation."""
    made.getexif().update({k: v for k, v in image.getexif().items() if k == 0x0112})
    return made


def _sized(image: Image.Image, dpi: tuple[float, float] | None) -> tuple[Image.Image, float | None]:
    """No larger than allowed; its points made square, as those of a fax aren't."""
    across = down = 1.0
    if dpi is not None:
        across, down = max(dpi) / dpi[0], max(dpi) / dpi[1]
    width, height = image.width * across, image.height * down
    smaller = min(1.0, math.sqrt(MOST_PIXELS / (width * height)), LONGEST_SIDE / max(width, height))
    size = (max(1, math.floor(width * smaller + 1e-6)), max(1, math.floor(height * smaller + 1e-6)))
    resolution = None if dpi is None else max(dpi) * smaller
    if size == image.size:
        return image, resolution
    grey = image.convert("L") if image.mode == "1" else image
    return _like(image, grey.resize(size, Image.Resampling.BOX)), resolution


def _is_grey(image: Image.Image) -> bool:
    points = np.asarray(image.reduce(_SHRUNK) if min(image.size) >= _SHRUNK else image)
    tint = points.max(axis=2).astype(np.int16) - points.min(axis=2)
    return bool((tint > _TINTED).mean() < _COLOURED_SHARE)
