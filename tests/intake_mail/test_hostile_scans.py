"""Whatever a file is, it is opened within limits or refused with a word; and one bad page spoils no other."""

from __future__ import annotations

import asyncio
import io
import socket
import struct
import zipfile
import zlib
from collections.abc import Callable
from typing import get_args

import numpy as np
import pypdf
import pypdfium2
import pytest
from PIL import Image
from pypdf.generic import (
    ArrayObject,
    DictionaryObject,
    NameObject,
    NumberObject,
    StreamObject,
    TextStringObject,
)

from intake_mail.opening import (
    FUNCTION,
    MAX_BYTES,
    MEGABYTES,
    LostPage,
    OpenedPage,
    Opener,
    ScanError,
)
from intake_mail.scan_job import Ask, PageCode, ScanCode
from speakup.events import Language
from speakup.i18n import texts
from speakup.sandbox import Sandbox, SandboxError
from tests.intake_mail.scans import (
    bomb,
    file,
    many_empty_pages,
    opened,
    page,
    pdf,
    pdf_of_a_picture,
    picture,
    tiff,
    written,
)

NOISE = np.random.default_rng(1).bytes(1_000_000)


async def refused(opener: Opener, content: bytes) -> str:
    """Why the file isn't taken."""
    with pytest.raises(ScanError) as caught:
        await opener.probe(content)
    return caught.value.code


def copied(content: bytes) -> pypdf.PdfWriter:
    return pypdf.PdfWriter(clone_from=io.BytesIO(content))


async def test_zero_bytes_are_said_to_be_empty(opener: Opener) -> None:
    assert await refused(opener, b"") == "empty"


async def test_200_mb_are_refused_though_they_begin_well(opener: Opener) -> None:
    assert await refused(opener, file(page(), "JPEG") + bytes(200_000_000)) == "too_large"


async def test_a_file_as_large_as_allowed_is_opened(opener: Opener) -> None:
    scan = file(page(), "JPEG")
    (one,) = await opened(opener, scan + bytes(MAX_BYTES - len(scan)))
    assert isinstance(one, OpenedPage)
    assert await refused(opener, scan + bytes(MAX_BYTES - len(scan) + 1)) == "too_large"


@pytest.mark.parametrize(
    "content",
    [
        b"<!doctype html><title>Letter</title>",
        b"Dear Sirs",
        b"\0" * 1000,
        b"GIF89a" + bytes(100),
        b"PK\3\4" + bytes(100),
        b"MZ" + bytes(100),
        b"\xff\xd8",
        b"\0\0\0\x20ftypavif" + bytes(100),
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
    ],
    ids=lambda content: repr(content[:12]),
)
async def test_what_is_no_scan_is_said_to_be_none(opener: Opener, content: bytes) -> None:
    assert await refused(opener, content) == "not_a_scan"


@pytest.mark.parametrize("form", ["PDF", "TIFF", "JPEG", "PNG"])
async def test_a_mark_and_rubbish_behind_it_are_broken(opener: Opener, form: str) -> None:
    rubbish = file(page(), form)[:8] + NOISE[:3000] + b"\n%%EOF"
    assert await refused(opener, rubbish) == "broken"


async def test_a_pdf_that_does_not_begin_at_the_start_is_refused(opener: Opener) -> None:
    assert await refused(opener, b"GIF89a\n" + pdf(page())) == "not_a_scan"
    assert await refused(opener, b"\n" + pdf(page())) == "not_a_scan"


async def test_a_picture_that_is_a_pdf_too_is_refused(opener: Opener) -> None:
    both = file(page(), "JPEG", comment=pdf(Image.new("L", (20, 20))))
    assert len(pypdfium2.PdfDocument(both)) == 1
    assert await refused(opener, both) == "not_a_scan"


@pytest.mark.parametrize("form", ["PDF", "TIFF", "JPEG", "PNG"])
async def test_a_scan_that_is_a_zip_too_is_refused(opener: Opener, form: str) -> None:
    both = io.BytesIO(file(page(), form))
    with zipfile.ZipFile(both, "a") as archive:
        archive.writestr("run.js", "alert(1)")
        archive.comment = b"x" * 500
    assert await refused(opener, both.getvalue()) == "not_a_scan"


async def test_a_pdf_with_a_password_is_refused(opener: Opener) -> None:
    for algorithm in ("RC4-128", "AES-256"):
        writer = copied(pdf(page()))
        writer.encrypt("a secret", algorithm=algorithm)
        assert await refused(opener, written(writer)) == "encrypted"


async def test_a_pdf_that_is_only_protected_from_changes_is_opened(opener: Opener) -> None:
    writer = copied(pdf(page()))
    writer.encrypt("", "a secret", algorithm="AES-256")
    (one,) = await opened(opener, written(writer))
    assert isinstance(one, OpenedPage)


async def test_a_pdf_without_pages_is_refused(opener: Opener) -> None:
    assert await refused(opener, written(pypdf.PdfWriter())) == "no_pages"


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.99])
@pytest.mark.parametrize(
    "content",
    [
        pdf(page(2), page(3)),
        file(page(2), "JPEG"),
        file(page(2), "PNG"),
        file(page(2), "TIFF"),
        file(page(2, mode="1"), "TIFF", compression="group4"),
        file(page(2), "TIFF", compression="tiff_lzw"),
    ],
    ids=["PDF", "JPEG", "PNG", "TIFF", "TIFF G4", "TIFF LZW"],
)
async def test_of_a_file_cut_anywhere_no_page_looks_whole(
    opener: Opener, content: bytes, share: float
) -> None:
    cut = content[: int(len(content) * share)]
    if await _is_refused(opener, cut):
        assert await refused(opener, cut) == "broken"
    else:
        assert await opened(opener, cut) == [LostPage("page_broken")]


async def _is_refused(opener: Opener, content: bytes) -> bool:
    try:
        await opener.probe(content)
    except ScanError:
        return True
    return False


async def test_a_pdf_cut_in_what_was_added_later_is_broken(opener: Opener) -> None:
    first = pdf(page())
    writer = pypdf.PdfWriter(io.BytesIO(first), incremental=True)
    writer.add_metadata({"/Title": "x" * 3000})
    later = written(writer)
    assert isinstance((await opened(opener, later))[0], OpenedPage)
    assert await refused(opener, later[: len(first) + 500]) == "broken"


@pytest.mark.parametrize(
    "data",
    [
        zlib.compress(bytes(500_000)),
        zlib.compress(NOISE)[:500_000],
        b"rubbish",
    ],
    ids=["too short", "cut", "rubbish"],
)
async def test_a_pdf_s_page_whose_picture_lacks_rows_is_lost(opener: Opener, data: bytes) -> None:
    grey = b"/Width 1000/Height 1000/BitsPerComponent 8/ColorSpace/DeviceGray/Filter/FlateDecode"
    whole = pdf_of_a_picture(grey, zlib.compress(bytes(1_000_000)))
    assert isinstance((await opened(opener, whole))[0], OpenedPage)
    assert await opened(opener, pdf_of_a_picture(grey, data)) == [LostPage("page_broken")]


async def test_a_pdf_s_page_whose_jpeg_is_cut_is_lost(opener: Opener) -> None:
    about = b"/Width 620/Height 877/BitsPerComponent 8/ColorSpace/DeviceGray/Filter/DCTDecode"
    jpeg = file(page(), "JPEG")
    assert isinstance((await opened(opener, pdf_of_a_picture(about, jpeg)))[0], OpenedPage)
    cut = pdf_of_a_picture(about, jpeg[: len(jpeg) // 2])
    assert await opened(opener, cut) == [LostPage("page_broken")]


async def test_a_picture_of_fifty_thousand_by_fifty_thousand_is_refused(opener: Opener) -> None:
    assert await refused(opener, bomb()) == "too_many_pixels"
    assert await refused(opener, bomb(9000, 9000)) == "too_many_pixels"


async def test_such_a_picture_in_a_pdf_loses_its_page(opener: Opener) -> None:
    about = b"/Width 50000/Height 50000/BitsPerComponent 8/ColorSpace/DeviceRGB/Filter/FlateDecode"
    found = await opened(opener, pdf_of_a_picture(about, zlib.compress(bytes(50_000_000))))
    assert [type(one) for one in found] == [LostPage]


async def test_such_a_page_in_the_middle_of_a_tiff_is_lost_alone(opener: Opener) -> None:
    content = bytearray(tiff(page(1), page(2), page(3)))
    second = struct.unpack_from("<I", content, _end_of_directory(content, 4))[0]
    for place in range(second + 2, second + 26, 12):
        # Width and height are a directory's first fields.
        struct.pack_into("<HHII", content, place, *_field(content, place)[:1], 4, 1, 50_000)
    found = await opened(opener, bytes(content))
    assert found[1] == LostPage("too_many_pixels")
    assert [type(one) for one in found] == [OpenedPage, LostPage, OpenedPage]


def _end_of_directory(content: bytes | bytearray, pointer: int) -> int:
    at: int = struct.unpack_from("<I", content, pointer)[0]
    return at + 2 + 12 * int(struct.unpack_from("<H", content, at)[0])


def _field(content: bytes | bytearray, place: int) -> tuple[int, ...]:
    return struct.unpack_from("<HHII", content, place)


async def test_a_page_with_a_strip_outside_of_the_file_is_lost_alone(opener: Opener) -> None:
    content = bytearray(tiff(page(1), page(2), page(3)))
    second = struct.unpack_from("<I", content, _end_of_directory(content, 4))[0]
    places = range(second + 2, _end_of_directory(content, _end_of_directory(content, 4)), 12)
    offsets = next(place for place in places if _field(content, place)[0] == 273)
    at = _field(content, offsets)[3] if _field(content, offsets)[2] > 1 else offsets + 8
    struct.pack_into("<I", content, at, 2**31)
    found = await opened(opener, bytes(content))
    assert found[1] == LostPage("page_broken")
    assert [type(one) for one in found] == [OpenedPage, LostPage, OpenedPage]


async def test_more_than_200_pages_are_refused(opener: Opener) -> None:
    assert await refused(opener, many_empty_pages(10_000)) == "too_many_pages"
    assert await refused(opener, many_empty_pages(201)) == "too_many_pages"
    assert (await opener.probe(many_empty_pages(200))).pages == 200
    writer = pypdf.PdfWriter()
    for _ in range(201):
        writer.add_blank_page(100, 100)
    assert await refused(opener, written(writer)) == "too_many_pages"


async def test_a_tiff_whose_pages_go_in_a_circle_ends(opener: Opener) -> None:
    content = bytearray(many_empty_pages(3))
    struct.pack_into("<I", content, len(content) - 4, 10)
    assert len(await opened(opener, bytes(content))) == 3


def with_script() -> bytes:
    writer = copied(pdf(page(2)))
    script = "app.alert('x'); this.getField('a').value = 'changed';"
    action = DictionaryObject(
        {NameObject("/S"): NameObject("/JavaScript"), NameObject("/JS"): TextStringObject(script)}
    )
    writer.root_object[NameObject("/OpenAction")] = action
    opening = DictionaryObject({NameObject("/O"): action})
    writer.pages[0][NameObject("/AA")] = opening
    return written(writer)


def with_form() -> bytes:
    writer = copied(pdf(page(2)))
    field = DictionaryObject(
        {
            NameObject("/Type"): NameObject("/Annot"),
            NameObject("/Subtype"): NameObject("/Widget"),
            NameObject("/FT"): NameObject("/Tx"),
            NameObject("/T"): TextStringObject("a"),
            NameObject("/V"): TextStringObject("typed"),
            NameObject("/Rect"): ArrayObject([NumberObject(n) for n in (10, 10, 200, 40)]),
        }
    )
    reference = writer._add_object(field)
    writer.pages[0][NameObject("/Annots")] = ArrayObject([reference])
    writer.root_object[NameObject("/AcroForm")] = DictionaryObject(
        {
            NameObject("/Fields"): ArrayObject([reference]),
            NameObject("/XFA"): TextStringObject("<xdp:xdp xmlns:xdp='http://ns.adobe.com/xdp/'/>"),
        }
    )
    return written(writer)


@pytest.mark.parametrize("make", [with_script, with_form])
async def test_a_pdf_with_a_script_or_a_form_is_drawn_as_without(
    opener: Opener, make: Callable[[], bytes]
) -> None:
    (plain,) = await opened(opener, pdf(page(2)))
    (one,) = await opened(opener, make())
    assert np.array_equal(np.asarray(picture(one)), np.asarray(picture(plain)))


def test_pdfium_is_built_without_scripts_and_live_forms() -> None:
    assert not {"V8", "XFA"} & set(pypdfium2.PDFIUM_INFO.flags)


async def test_a_stamp_put_on_a_page_is_drawn_as_seen(opener: Opener) -> None:
    writer = copied(pdf(Image.new("L", (620, 877), 255)))
    look = StreamObject()
    look.set_data(b"0 g 0 0 100 100 re f")
    box = ArrayObject([NumberObject(n) for n in (0, 0, 100, 100)])
    look[NameObject("/Subtype")] = NameObject("/Form")
    look[NameObject("/BBox")] = box
    stamp = DictionaryObject(
        {
            NameObject("/Type"): NameObject("/Annot"),
            NameObject("/Subtype"): NameObject("/Stamp"),
            NameObject("/Rect"): box,
            NameObject("/AP"): DictionaryObject({NameObject("/N"): writer._add_object(look)}),
        }
    )
    writer.pages[0][NameObject("/Annots")] = ArrayObject([writer._add_object(stamp)])
    (one,) = await opened(opener, written(writer))
    seen = picture(one)
    assert (seen.getpixel((200, seen.height - 200)), seen.getpixel((600, 600))) == (0, 255)


async def test_a_pdf_that_refers_to_places_elsewhere_reaches_none(opener: Opener) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        address = f"http://127.0.0.1:{server.getsockname()[1]}/picture.jpg"
        elsewhere = (
            b"/Width 10/Height 10/BitsPerComponent 8/ColorSpace/DeviceGray/FFilter/DCTDecode"
            b"/F<</FS/URL/F(" + address.encode() + b")>>"
        )
        writer = copied(pdf_of_a_picture(elsewhere, b""))
        action = DictionaryObject(
            {NameObject("/S"): NameObject("/URI"), NameObject("/URI"): TextStringObject(address)}
        )
        writer.root_object[NameObject("/OpenAction")] = action
        found = await opened(opener, written(writer))
        assert len(found) == 1
        with pytest.raises(BlockingIOError):
            server.accept()


class _Failing(Sandbox):
    """Every job with one of these pages fails so; the rest is done by a real child."""

    def __init__(self, bad: dict[int, str]) -> None:
        super().__init__(FUNCTION, children=1, megabytes=MEGABYTES, seconds=60)
        self._bad = bad
        self.sizes: list[int] = []

    async def run(self, job: bytes) -> bytes:
        ask = Ask.model_validate_json(job.partition(b"\n")[0])
        for place, word in self._bad.items():
            if ask.first <= place < ask.last:
                raise SandboxError(word)
        self.sizes.append(ask.last - ask.first)
        return await super().run(job)


async def test_a_page_that_takes_too_long_or_ends_the_child_is_lost_alone() -> None:
    sandbox = _Failing({1: "timeout", 3: "crashed", 4: "MemoryError"})
    try:
        found = await opened(Opener(sandbox), pdf(*(page(number) for number in range(1, 7))))
    finally:
        sandbox.close()
    lost = {place: one.code for place, one in enumerate(found) if isinstance(one, LostPage)}
    assert lost == {1: "page_too_long", 3: "page_too_heavy", 4: "page_too_heavy"}


async def test_a_whole_small_file_is_one_job() -> None:
    sandbox = _Failing({})
    try:
        await opened(Opener(sandbox), many_empty_pages(40))
    finally:
        sandbox.close()
    assert sandbox.sizes == [0, 40]


async def test_a_file_whose_headers_cannot_be_read_in_time_is_broken() -> None:
    class Slow(Sandbox):
        async def run(self, job: bytes) -> bytes:
            raise SandboxError("timeout")

    assert await refused(Opener(Slow(FUNCTION)), pdf(page())) == "broken"


async def test_that_the_service_ends_is_no_fault_of_the_file() -> None:
    sandbox = Sandbox(FUNCTION, children=1)
    sandbox.close()
    with pytest.raises(SandboxError, match="closed"):
        await Opener(sandbox).probe(pdf(page()))


@pytest.mark.parametrize(
    "lie",
    [
        b"",
        b"no JSON\n",
        b'{"kind":"text/html","pages":1}\n',
        b'{"kind":"image/png","pages":100000}\n',
        b'{"refused":"<script>"}\n',
        b'{"kind":"image/png","pages":1,"made":[{"png_bytes":500}]}\nshort',
    ],
)
async def test_a_child_that_was_taken_over_can_say_nothing_else(lie: bytes) -> None:
    class Liar(Sandbox):
        async def run(self, job: bytes) -> bytes:
            return lie

    assert await refused(Opener(Liar(FUNCTION)), pdf(page())) == "broken"


async def test_a_page_that_needs_too_much_memory_is_lost(opener: Opener) -> None:
    heavy = file(Image.new("RGBA", (8900, 8900), (0, 0, 0, 100)), "PNG", compress_level=1)
    small = file(page(), "PNG")
    assert await opened(opener, heavy) == [LostPage("page_too_heavy")]
    assert isinstance((await opened(opener, small))[0], OpenedPage)


async def test_several_files_are_opened_side_by_side_with_one_child(opener: Opener) -> None:
    files = [pdf(*(page(number) for _ in range(3))) for number in (1, 2, 3, 4)]
    several = await asyncio.gather(*(opened(opener, content) for content in files))
    for number, found in enumerate(several, 1):
        for one in found:
            column = np.asarray(picture(one))[:, 620] < 128
            assert int((np.diff(column.astype(int)) == 1).sum()) == number


@pytest.mark.parametrize("language", list(Language))
def test_every_reason_has_a_sentence(language: Language) -> None:
    for code in {*get_args(ScanCode), *get_args(PageCode)}:
        assert texts()(language, f"scan.{code}").endswith(".")
