"""Pages' pictures bound to one PDF of nothing but their pixels: no script, no metadata, no position.

Runs in a limited child: importing this must load all that it needs. One page is in memory at a time.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator, Sequence

from PIL import Image

from intake_mail.straighten import MOST_PIXELS, NoPageError, resolution

QUALITY = 85
"""Of JPEG; pages in black and white stay as they are."""
_HEAD = struct.Struct(">BI")
_TURNS = (
    None,
    Image.Transpose.ROTATE_270,
    Image.Transpose.ROTATE_180,
    Image.Transpose.ROTATE_90,
)
"""Clockwise, by quarters; Pillow counts against the clock."""


def packed(pages: Sequence[tuple[bytes, int]]) -> bytes:
    """PNGs, and degrees clockwise that make them upright, as one job."""
    return b"".join(_HEAD.pack(degrees // 90 % 4, len(png)) + png for png, degrees in pages)


def bind(job: bytes) -> bytes:
    """A `packed` job to a PDF (ISO 32000-1, 7.5). Raises NoPageError."""
    objects: list[bytes] = [b"", b""]
    numbers: list[int] = []
    for turns, png in _parts(job):
        image, size = _picture(png, turns)
        drawn = b"q %.2f 0 0 %.2f 0 0 cm /P Do Q" % size
        at = len(objects) + 1
        objects += [
            image,
            _stream(b"", drawn),
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 %.2f %.2f]/Contents %d 0 R"
            b"/Resources<</XObject<</P %d 0 R>>>>>>" % (*size, at + 1, at),
        ]
        numbers.append(at + 2)
    if not numbers:
        raise NoPageError
    objects[0] = b"<</Type/Catalog/Pages 2 0 R>>"
    kids = b" ".join(b"%d 0 R" % number for number in numbers)
    objects[1] = b"<</Type/Pages/Count %d/Kids[%s]>>" % (len(numbers), kids)
    return _file(objects)


def _parts(job: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at < len(job):
        turns, size = _HEAD.unpack_from(job, at)
        at += _HEAD.size
        yield turns, job[at : at + size]
        at += size


def _picture(png: bytes, turns: int) -> tuple[bytes, tuple[float, float]]:
    """Its object, and its width and height in points."""
    try:
        with Image.open(io.BytesIO(png), formats=["PNG"]) as opened:
            if opened.width * opened.height > MOST_PIXELS:
                raise NoPageError
            dpi = resolution(opened)
            image = _plain(opened)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        raise NoPageError from None
    turn = _TURNS[turns]
    if turn is not None:
        image = image.transpose(turn)
    colours = b"/DeviceRGB" if image.mode == "RGB" else b"/DeviceGray"
    head = b"/Type/XObject/Subtype/Image/Width %d/Height %d/ColorSpace%s" % (*image.size, colours)
    if image.mode == "1":
        body = zlib.compress(image.tobytes())
        head += b"/BitsPerComponent 1/Filter/FlateDecode"
    else:
        file = io.BytesIO()
        image.save(file, "JPEG", quality=QUALITY)
        body = file.getvalue()
        head += b"/BitsPerComponent 8/Filter/DCTDecode"
    width, height = image.size
    return _stream(head, body), (width * 72 / dpi, height * 72 / dpi)


def _plain(image: Image.Image) -> Image.Image:
    if image.has_transparency_data:
        paper = Image.new("RGBA", image.size, "white")
        paper.alpha_composite(image.convert("RGBA"))
        return paper.convert("RGB")
    return image.convert(image.mode if image.mode in {"1", "L", "RGB"} else "RGB")


def _stream(head: bytes, body: bytes) -> bytes:
    return b"<<%s/Length %d>>stream\n%s\nendstream" % (head, len(body), body)


def _file(objects: Sequence[bytes]) -> bytes:
    file = bytearray(b"%PDF-1.5\n%\xe2\xe3\xcf\xd3\n")
    places = []
    for number, content in enumerate(objects, 1):
        places.append(len(file))
        file += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    start = len(file)
    file += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    file += b"".join(b"%010d 00000 n \n" % place for place in places)
    file += b"trailer\n<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (
        len(objects) + 1,
        start,
    )
    return bytes(file)


def _practise() -> None:
    """Once with each kind: a child can import nothing later, and libraries import late."""
    for mode in ("1", "L", "RGBA", "P"):
        file = io.BytesIO()
        Image.new(mode, (20, 20)).save(file, "PNG")
        bind(packed([(file.getvalue(), 90)]))


_practise()
