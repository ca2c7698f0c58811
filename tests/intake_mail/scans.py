"""Scan files as they come: good ones of each format, and such as break what opens them."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import AsyncIterator, Sequence

import pypdf
import zxingcpp
from PIL import Image, ImageDraw

from intake_mail.opening import LostPage, OpenedPage, Opener


def page(number: int = 1, *, size: tuple[int, int] = (620, 877), mode: str = "L") -> Image.Image:
    """A page that shows its number as so many bars."""
    made = Image.new("RGB", size, "white")
    draw = ImageDraw.Draw(made)
    for bar in range(number):
        draw.rectangle((60, 60 + 60 * bar, size[0] - 60, 90 + 60 * bar), fill="black")
    return made.convert(mode)


def file(image: Image.Image, form: str, **more: object) -> bytes:
    """The picture as a file of that format."""
    made = io.BytesIO()
    image.save(made, form, **more)
    return made.getvalue()


def pdf(*pages: Image.Image, dpi: int = 75, **more: object) -> bytes:
    """The pictures as pages, packed as JPEG, or by CCITT where they are black and white."""
    return file(pages[0], "PDF", resolution=dpi, save_all=True, append_images=pages[1:], **more)


def tiff(*pages: Image.Image, **more: object) -> bytes:
    """The pictures as pages."""
    return file(pages[0], "TIFF", save_all=True, append_images=pages[1:], **more)


def written(writer: pypdf.PdfWriter) -> bytes:
    """The PDF."""
    made = io.BytesIO()
    writer.write(made)
    return made.getvalue()


def many_empty_pages(pages: int) -> bytes:
    """A TIFF with pages of one point, each described by 6 fields."""
    fields = ((256, 1), (257, 1), (258, 8), (262, 1), (273, 8), (279, 1))
    one = 2 + 12 * len(fields) + 4
    made = bytearray(struct.pack("<2sHI", b"II", 42, 10) + b"\xff\0")
    for number in range(pages):
        made += struct.pack("<H", len(fields))
        for tag, value in fields:
            made += struct.pack("<HHII", tag, 4, 1, value)
        made += struct.pack("<I", 10 + one * (number + 1) if number + 1 < pages else 0)
    return bytes(made)


def bomb(width: int = 50_000, height: int = 50_000) -> bytes:
    """A PNG of a few kilobytes with so many points, all black."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    packed = zlib.compress(b"\0" * 4_000_000)
    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")
    )


def qr(text: str, *, dpi: int = 150, millimetres: float = 30) -> Image.Image:
    """An A4 page with one QR code of that side."""
    code = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode, ec_level="Q")
    side = round(millimetres / 25.4 * dpi)
    made = Image.fromarray(zxingcpp.write_barcode_to_image(code, scale=8)).convert("L")
    sheet = Image.new("L", (round(8.27 * dpi), round(11.69 * dpi)), 255)
    sheet.paste(made.resize((side, side)), (dpi, dpi))
    return sheet


async def opened(opener: Opener, content: bytes) -> Sequence[OpenedPage | LostPage]:
    """All its pages. Raises ScanError."""
    probe = await opener.probe(content)
    pages: AsyncIterator[OpenedPage | LostPage] = opener.pages(content, probe)
    found = [one async for one in pages]
    assert len(found) == probe.pages
    return found


def picture(one: OpenedPage | LostPage) -> Image.Image:
    """What is seen on it."""
    assert isinstance(one, OpenedPage), one
    with Image.open(io.BytesIO(one.png), formats=["PNG"]) as image:
        image.load()
    assert image.size == (one.width, one.height)
    return image


def png_chunks(content: bytes) -> list[bytes]:
    """Their kinds."""
    kinds, at = [], 8
    while at < len(content):
        kinds.append(content[at + 4 : at + 8])
        at += 12 + int.from_bytes(content[at : at + 4], "big")
    return kinds


def pdf_of_a_picture(about: bytes, data: bytes) -> bytes:
    """A Letter page that is filled by this stream, described by these entries of its dictionary."""
    draw = b"q 612 0 0 792 0 0 cm /I Do Q"
    objects = (
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 4 0 R"
        b"/Resources<</XObject<</I 5 0 R>>>>>>",
        b"<</Length %d>>stream\n%b\nendstream" % (len(draw), draw),
        b"<</Type/XObject/Subtype/Image%b/Length %d>>stream\n%b\nendstream"
        % (about, len(data), data),
    )
    made, places = bytearray(b"%PDF-1.7\n"), []
    for number, each in enumerate(objects, 1):
        places.append(len(made))
        made += b"%d 0 obj\n%b\nendobj\n" % (number, each)
    table = len(made)
    made += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    made += b"".join(b"%010d 00000 n \n" % place for place in places)
    made += b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, table)
    return bytes(made)
