"""Good scans of each format become clean pages that look the same, in order."""

from __future__ import annotations

import io
import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pillow_heif
import pytest
from PIL import Image, PngImagePlugin

from intake_mail.opening import LostPage, OpenedPage, Opener
from intake_mail.papers import separator_sheets
from speakup.events import Language
from tests.intake_mail.rendered import LETTERS, letter
from tests.intake_mail.scans import file, opened, page, pdf, picture, png_chunks, qr, tiff

PHOTO = Image.linear_gradient("L").resize((620, 877))


def coloured() -> Image.Image:
    made = page(2, mode="RGB")
    made.paste((200, 30, 30), (60, 400, 560, 700))
    return made


def heic(*pages: Image.Image, **more: object) -> bytes:
    """As a phone makes it."""
    made: Any = pillow_heif.HeifFile()  # type: ignore[no-untyped-call]
    for one in pages:
        made.add_from_pillow(one)
    into = io.BytesIO()
    made.save(into, quality=90, **more)
    return into.getvalue()


def difference(one: Image.Image, other: Image.Image) -> float:
    """Mean of all channels, of 255; the same size is expected."""
    assert one.size == other.size
    pairs = (np.asarray(image.convert("RGB"), dtype=float) for image in (one, other))
    return float(np.abs(next(pairs) - next(pairs)).mean())


@pytest.mark.parametrize(
    ("make", "kind"),
    [
        (lambda image: file(image, "PNG"), "image/png"),
        (lambda image: file(image, "TIFF"), "image/tiff"),
        (lambda image: file(image, "TIFF", compression="tiff_lzw"), "image/tiff"),
        (lambda image: file(image, "JPEG", quality=95), "image/jpeg"),
        (heic, "image/heic"),
    ],
    ids=["PNG", "TIFF", "TIFF LZW", "JPEG", "HEIC"],
)
async def test_a_picture_keeps_its_points_and_its_colours(
    opener: Opener, make: Callable[[Image.Image], bytes], kind: str
) -> None:
    content = make(coloured())
    assert (await opener.probe(content)).content_type == kind
    (one,) = await opened(opener, content)
    assert difference(picture(one), coloured()) < 2
    assert picture(one).mode == "RGB"


@pytest.mark.parametrize(("scanned", "drawn"), [(75, 150), (150, 150), (200, 200)])
async def test_a_scan_in_a_pdf_is_drawn_as_fine_as_it_is(
    opener: Opener, scanned: int, drawn: int
) -> None:
    content = pdf(coloured(), dpi=scanned)
    assert (await opener.probe(content)).content_type == "application/pdf"
    (one,) = await opened(opener, content)
    page_ = picture(one)
    assert page_.size == (620 * drawn // scanned, 877 * drawn // scanned)
    assert page_.info["dpi"] == pytest.approx((drawn, drawn), abs=0.3)
    assert difference(page_.resize((620, 877), Image.Resampling.BOX), coloured()) < 4


async def test_a_page_that_was_written_is_drawn_at_300_dots_an_inch(opener: Opener) -> None:
    (one,) = await opened(opener, separator_sheets(1, Language.en))
    assert picture(one).size == pytest.approx((2480, 3508), abs=1)


async def test_a_black_and_white_tiff_packed_for_fax_stays_black_and_white(opener: Opener) -> None:
    content = tiff(page(3, mode="1"), compression="group4", dpi=(300, 300))
    (one,) = await opened(opener, content)
    assert picture(one).mode == "1"
    assert difference(picture(one), page(3)) == 0


async def test_the_long_points_of_a_fax_become_square(opener: Opener) -> None:
    content = tiff(page(3, size=(1728, 1100), mode="1"), compression="group3", dpi=(204, 98))
    (one,) = await opened(opener, content)
    assert picture(one).size == (1728, 2289)
    assert picture(one).info["dpi"] == pytest.approx((204, 204), abs=0.1)


async def test_a_page_without_colours_becomes_grey_though_the_scanner_says_colours(
    opener: Opener,
) -> None:
    yellowish = Image.new("RGB", (620, 877), (250, 246, 235))
    yellowish.paste((20, 18, 22), (60, 60, 560, 90))
    (one,) = await opened(opener, file(yellowish, "PNG"))
    assert picture(one).mode == "L"


async def test_a_signature_in_blue_keeps_its_colour(opener: Opener) -> None:
    signed = page(2, mode="RGB")
    signed.paste((30, 50, 170), (400, 800, 460, 804))
    (one,) = await opened(opener, file(signed, "PNG"))
    assert picture(one).getpixel((430, 802)) == (30, 50, 170)


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
async def test_what_is_seen_through_is_paper(opener: Opener, mode: str) -> None:
    sheet = Image.new("RGBA", (200, 300), (0, 0, 0, 0))
    sheet.paste((0, 0, 0, 255), (50, 50, 150, 100))
    (one,) = await opened(opener, file(sheet.convert(mode), "PNG"))
    seen = picture(one).convert("L")
    assert (seen.getpixel((10, 10)), seen.getpixel((100, 75))) == (255, 0)
    assert "transparency" not in seen.info


async def test_a_page_with_sixteen_bits_a_point_keeps_its_greys(opener: Opener) -> None:
    deep = Image.fromarray(np.asarray(PHOTO).astype(np.uint16) * 257)
    for form in ("PNG", "TIFF"):
        (one,) = await opened(opener, file(deep, form))
        assert difference(picture(one), PHOTO) < 1


async def test_a_picture_for_print_keeps_its_look(opener: Opener) -> None:
    (one,) = await opened(opener, file(coloured().convert("CMYK"), "JPEG", quality=95))
    assert difference(picture(one), coloured()) < 3


@pytest.mark.parametrize("turn", range(1, 9))
async def test_a_phone_s_picture_is_turned_as_it_says(opener: Opener, turn: int) -> None:
    # ISO 12234-1, tag 274: how the points must be moved to be upright.
    how = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_270,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_90,
    }
    exif = Image.Exif()
    exif[274] = turn
    shown = coloured().transpose(how[turn]) if turn in how else coloured()
    for content in (
        file(coloured(), "JPEG", exif=exif, quality=95),
        file(coloured(), "PNG", exif=exif),
        file(coloured(), "TIFF", exif=exif),
    ):
        (one,) = await opened(opener, content)
        assert difference(picture(one), shown) < 2


def exif_with_place() -> Image.Exif:
    exif = Image.Exif()
    exif[271], exif[306] = "Spy-Camera", "2026:11:23 10:00:00"
    exif.get_ifd(34853).update({1: "N", 2: (49.0, 48.0, 20.0), 3: "E", 4: (73.0, 5.0, 10.0)})
    return exif


async def test_where_and_when_and_by_whom_it_was_made_is_gone(opener: Opener) -> None:
    text = PngImagePlugin.PngInfo()
    text.add_text("Author", "Spy-Author")
    text.add_itxt("Comment", "Spy-Comment")
    profile = b"Spy-Profile" * 20
    more = {"exif": exif_with_place(), "icc_profile": profile}
    sources = [
        file(coloured(), "JPEG", comment=b"Spy-Comment", **more),
        file(coloured(), "PNG", pnginfo=text, **more),
        file(coloured(), "TIFF", software="Spy-Software", **more),
        heic(coloured(), exif=exif_with_place().tobytes()),
        pdf(coloured(), title="Spy-Title", author="Spy-Author"),
    ]
    for content in sources:
        assert b"Spy" in content or "Spy-Title".encode("utf-16-be") in content
        (one,) = await opened(opener, content)
        assert isinstance(one, OpenedPage)
        assert b"Spy" not in one.png
        assert set(png_chunks(one.png)) <= {b"IHDR", b"pHYs", b"IDAT", b"IEND"}


@pytest.mark.parametrize(("said", "kept"), [(300, 300), (71, 71), (1, None), (30_000, None)])
async def test_a_resolution_is_kept_where_it_can_be_believed(
    opener: Opener, said: int, kept: int | None
) -> None:
    (one,) = await opened(opener, file(page(), "PNG", dpi=(said, said)))
    found = picture(one).info.get("dpi")
    assert found == (None if kept is None else pytest.approx((kept, kept), abs=0.1))


@pytest.mark.parametrize(
    "make",
    [pdf, tiff, lambda *pages: tiff(*pages, compression="jpeg"), heic],
    ids=["PDF", "TIFF", "TIFF of JPEGs", "HEIC"],
)
async def test_pages_come_in_the_file_s_order(opener: Opener, make: Callable[..., bytes]) -> None:
    content = make(*(page(number, mode="RGB") for number in range(1, 6)))
    for number, one in enumerate(await opened(opener, content), 1):
        seen = picture(one).convert("L").resize((620, 877))
        column = np.asarray(seen)[:, 310] < 128
        assert int((np.diff(column.astype(int)) == 1).sum()) == number


async def test_a_large_page_is_made_smaller_with_its_resolution(opener: Opener) -> None:
    (one,) = await opened(opener, file(Image.new("1", (9000, 8000), 1), "PNG", dpi=(600, 600)))
    seen = picture(one)
    assert 35_900_000 < seen.width * seen.height <= 36_000_000
    assert seen.info["dpi"][0] == pytest.approx(600 * seen.width / 9000, rel=0.001)


async def test_a_sheet_as_large_as_pdf_allows_is_drawn_coarsely(opener: Opener) -> None:
    (one,) = await opened(opener, pdf(page(), dpi=3))
    assert isinstance(one, OpenedPage)
    assert one.width * one.height <= 36_000_000


async def test_codes_are_found_on_pages(opener: Opener) -> None:
    found = await opened(opener, pdf(page(mode="L"), qr("SPEAKUP:SEP:1:A"), dpi=150))
    assert [one.codes for one in found if isinstance(one, OpenedPage)] == [
        (),
        ("SPEAKUP:SEP:1:A",),
    ]


async def test_bytes_that_a_scanner_appends_are_tolerated(opener: Opener) -> None:
    for content in (pdf(page()), file(page(), "JPEG"), file(page(), "PNG"), heic(page(mode="RGB"))):
        (one,) = await opened(opener, content + bytes(5000) + b"Made by a scanner")
        assert isinstance(one, OpenedPage)


async def test_a_letter_at_300_dpi_is_opened_as_it_was_scanned(opener: Opener) -> None:
    sheet, _ = letter(LETTERS[Language.ru], dpi=300)
    (one,) = await opened(opener, pdf(sheet, dpi=300))
    assert difference(picture(one), sheet) < 4


async def test_all_public_test_scans_open(opener: Opener, corpora: Path) -> None:
    names = [
        path for path in (corpora / "scans").rglob("*") if path.suffix in (".tif", ".png", ".pdf")
    ]
    assert len(names) > 25
    found = [await opened(opener, path.read_bytes()) for path in names]
    assert not [one for one in itertools.chain(*found) if isinstance(one, LostPage)]
