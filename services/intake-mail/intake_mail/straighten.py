"""A page's picture made ready for reading: grey, without specks, its lines level.

Runs in a limited child, which alone decodes what somebody sent: importing this must load all that it needs. What comes
out is bare pixels, so that no other program has to trust a picture's format.
"""

from __future__ import annotations

import io
import math
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydantic import Field

from speakup.events import Frozen

Pixels = NDArray[np.uint8]
"""Rows of grey: 0 is black."""

MOST_PIXELS = 60_000_000
"""Of a page: A4 at 720 dpi."""
READING_DPI = 200
"""Finer pages are made this coarse: as well read as at 300 dpi, in two thirds of the time."""
A4_INCHES = 11.69
"""The longer side: what a page without a resolution is taken for."""
SHEET_INCHES = (3.0, 17.0)
"""The longer side: a small note to A3."""
LEAST_DPI = 70.0
MOST_SKEW = 6.0
"""Degrees that are looked for either way; more is no paper in a scanner."""
SAMPLE_INCHES, SAMPLE_DPI = 2.2, 130
"""The densest part of the page, which is enough to tell what is up."""

_SKEW_DPI = 75
_LEVEL = 0.15
"""Degrees that reading doesn't mind."""
_FEW = 200
"""Points of ink that make no line."""
_POINTS = 40_000
_LINE_INK = 4
"""Points in a row of a line, and not of a speck."""
_FEW_LINES, _FLUSH = 4, 2.0
_SPECK = 2
"""Pixels that touch: a full stop in small print at 150 dpi has six."""
_PAPER = 255

Size = Annotated[int, Field(ge=0, le=20_000)]


class NoPageError(Exception):
    """Not a PNG that can be read, or too large a one."""


class Head(Frozen):
    """What stands before the pixels: those of the page, then those of a sample of it."""

    width: Size
    height: Size
    sample_width: Size
    sample_height: Size
    dpi: Size
    scale: float
    """Pixels of the page as it came, to one of these."""
    skew: float
    """Degrees that the lines fell to the right before they were made level."""
    ink: Size
    """What is darker than this is ink."""
    is_flush: bool
    """Whether lines run across and begin below each other, but don't end so: most likely the page is upright."""


def straighten(job: bytes) -> bytes:
    """Quarter turns clockwise as one byte, and a PNG; to a `Head` as a line of JSON, and pixels.

    Raises NoPageError.
    """
    image, dpi = _opened(job[1:])
    grey = np.rot90(np.asarray(image), -job[0])
    ink = _threshold(grey)
    grey = _without_specks(grey, ink)
    scale = max(1.0, dpi / READING_DPI)
    page = _resized(Image.fromarray(grey), 1 / scale)
    dpi = round(dpi / scale)
    across, skew = _skew(_dark(page, ink, dpi))
    if abs(skew) > _LEVEL:
        page = page.rotate(skew, Image.Resampling.BICUBIC, fillcolor=_PAPER)
    else:
        skew = 0.0
    sample = _resized(_densest(page, ink, dpi), min(1.0, SAMPLE_DPI / dpi))
    head = Head(
        width=page.width,
        height=page.height,
        sample_width=sample.width,
        sample_height=sample.height,
        dpi=dpi,
        scale=scale,
        skew=skew,
        ink=ink,
        is_flush=across and is_flush(_dark(page, ink, dpi)),
    )
    return head.model_dump_json().encode() + b"\n" + page.tobytes() + sample.tobytes()


def _opened(png: bytes) -> tuple[Image.Image, float]:
    """The picture in grey, and its dots an inch."""
    try:
        with Image.open(io.BytesIO(png), formats=["PNG"]) as image:
            if image.width * image.height > MOST_PIXELS or min(image.size) < 1:
                raise NoPageError
            dpi = resolution(image)
            if image.has_transparency_data:
                # What is seen through is paper.
                paper = Image.new("RGBA", image.size, "white")
                paper.alpha_composite(image.convert("RGBA"))
                grey = paper.convert("L")
            else:
                grey = image.convert("L")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        raise NoPageError from None
    return grey, dpi


def resolution(image: Image.Image) -> float:
    """Dots an inch: what the file says, unless that makes no sheet of paper; cameras say 72."""
    longer = max(image.size)
    said = float(image.info.get("dpi", (0, 0))[0])
    if said > 0 and SHEET_INCHES[0] <= longer / said <= SHEET_INCHES[1]:
        return said
    return max(LEAST_DPI, longer / A4_INCHES)


def _resized(image: Image.Image, factor: float) -> Image.Image:
    if factor >= 1:
        return image
    size = (max(1, round(image.width * factor)), max(1, round(image.height * factor)))
    return image.resize(size, Image.Resampling.BOX)


def _threshold(grey: Pixels) -> int:
    """Between ink and paper (Otsu, IEEE Transactions on Systems, Man and Cybernetics 9, 1979)."""
    counts = np.bincount(grey.ravel(), minlength=256).astype(float)
    below = np.cumsum(counts)
    above = below[-1] - below
    sums = np.cumsum(counts * np.arange(256))
    with np.errstate(divide="ignore", invalid="ignore"):
        between = below * above * (sums / below - (sums[-1] - sums) / above) ** 2
    best = int(np.argmax(np.nan_to_num(between)))
    # An empty page has no ink, only paper that isn't even.
    return min(best, 200) + 1


def _without_specks(grey: Pixels, ink: int) -> Pixels:
    """Without single dark points on paper and single light ones in ink."""
    dark = (grey < ink).astype(np.uint8)
    padded = np.pad(dark, 1)
    rows = padded[:-2] + padded[1:-1] + padded[2:]
    near = rows[:, :-2] + rows[:, 1:-1] + rows[:, 2:]
    clean = grey.copy()
    clean[(dark == 1) & (near <= _SPECK)] = _PAPER
    clean[(dark == 0) & (near >= 9 - _SPECK)] = 0
    return clean


def _dark(page: Image.Image, ink: int, dpi: int) -> NDArray[np.bool_]:
    """Its ink, coarsely."""
    return np.asarray(_resized(page, min(1.0, _SKEW_DPI / dpi))) < (ink + _PAPER) // 2


def _skew(dark: NDArray[np.bool_]) -> tuple[bool, float]:
    """Whether lines run across the page, not up and down, and degrees by which they fall to the right."""
    rows, columns = np.nonzero(dark)
    if len(rows) < _FEW:
        return False, 0.0
    step = -(-len(rows) // _POINTS)
    y, x = rows[::step].astype(np.float32), columns[::step].astype(np.float32)
    across = _level(x, y)
    upward = _level(y, -x)
    return across >= upward, max(across, upward)[1]


def _level(along: NDArray[np.float32], off: NDArray[np.float32]) -> tuple[float, float]:
    """How sharp the lines' edges are at best, and at which degrees."""

    def sharpness(degrees: float) -> tuple[float, float]:
        place = off - along * math.tan(math.radians(degrees))
        rows = np.bincount((place - place.min()).astype(np.intp)).astype(float)
        return float(np.sum(np.diff(rows) ** 2)), degrees

    _, coarse = max(sharpness(float(d)) for d in np.arange(-MOST_SKEW, MOST_SKEW + 0.1, 0.5))
    return max(sharpness(coarse + float(d)) for d in np.arange(-0.4, 0.41, 0.1))


def is_flush(dark: NDArray[np.bool_]) -> bool:
    """Whether lines begin below each other much more than they end so, as typed ones do in our languages.

    `dark`: the ink of a level page, at `_SKEW_DPI`.
    """
    inked = np.pad(dark.sum(axis=1) >= _LINE_INK, 1).astype(np.int8)
    edges = np.flatnonzero(np.diff(inked)).reshape(-1, 2)
    heights = edges[:, 1] - edges[:, 0]
    # Marks above letters are no lines.
    edges = edges[2 * heights > np.median(heights)] if len(edges) else edges
    ends = [np.flatnonzero(dark[top:bottom].any(axis=0))[[0, -1]] for top, bottom in edges]
    if len(ends) < _FEW_LINES:
        return False
    left, right = np.array(ends).T
    begun, ended = (float(np.mean(np.abs(of - np.median(of)))) for of in (left, right))
    return begun * _FLUSH < ended


def _densest(page: Image.Image, ink: int, dpi: int) -> Image.Image:
    """The square with the most edges."""
    side, cell = round(SAMPLE_INCHES * dpi), max(1, dpi // 10)
    if page.width <= side or page.height <= side:
        return page
    dark = np.asarray(page) < ink
    edges = dark[:, 1:] != dark[:, :-1]
    height, width = edges.shape[0] // cell, edges.shape[1] // cell
    cells = edges[: height * cell, : width * cell].reshape(height, cell, width, cell)
    sums = np.pad(cells.sum(axis=(1, 3)).cumsum(axis=0).cumsum(axis=1), ((1, 0), (1, 0)))
    n = min(side // cell, height, width)
    windows = sums[n:, n:] - sums[:-n, n:] - sums[n:, :-n] + sums[:-n, :-n]
    top, left = np.unravel_index(int(np.argmax(windows)), windows.shape)
    y, x = int(top) * cell, int(left) * cell
    return page.crop((x, y, min(x + side, page.width), min(y + side, page.height)))


def _practise() -> None:
    """Once with a picture: a child can import nothing later, and libraries import late."""
    lines = np.full((400, 300), 255, dtype=np.uint8)
    lines[50:350:20, 40:260] = 0
    picture = io.BytesIO()
    Image.fromarray(lines).rotate(2, fillcolor=255).convert("RGBA").save(picture, "PNG")
    straighten(b"\0" + picture.getvalue())


_practise()
