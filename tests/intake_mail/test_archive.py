"""The archive copy is a PDF/A whose text can be searched, made of pixels alone."""

from __future__ import annotations

import io
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pypdf
import pytest
from PIL import Image

from intake_mail import archive
from intake_mail.archive import Archiver, open_archiver
from intake_mail.bind import bind, packed
from intake_mail.page_reader import Page
from intake_mail.straighten import NoPageError
from speakup.events import Language
from tests.intake_mail.rendered import letter, png


@pytest.fixture
async def archiver(tmp_path: Path) -> AsyncIterator[Archiver]:
    if missing := await archive.notice():
        pytest.skip(missing)
    async with open_archiver(tmp_path) as opened:
        yield opened


async def test_a_letter_of_two_pages_can_be_searched_and_is_pdf_a(archiver: Archiver) -> None:
    first, _ = letter("Қоймадан жанар-жағармай ұрланды.")
    second, _ = letter("Прошу проверить склад.")
    both = (Language.kk, Language.ru)
    made = await archiver.archive(
        [Page(png(first), both), Page(png(second.rotate(180)), both, rotation=180)]
    )
    read = pypdf.PdfReader(io.BytesIO(made))
    assert [round(read.pages[0].mediabox.width), len(read.pages)] == [595, 2]
    assert "ұрланды" in read.pages[0].extract_text()
    assert "склад" in read.pages[1].extract_text()
    metadata = read.xmp_metadata
    assert metadata is not None
    assert b'part="2"' in metadata.stream.get_data()


def test_what_is_hidden_in_a_picture_is_not_bound() -> None:
    file, exif = io.BytesIO(), Image.Exif()
    exif[0x010E] = "taken at 49.8 73.1"
    Image.new("L", (60, 80), 255).save(file, "PNG", exif=exif)
    assert b"49.8" in file.getvalue()
    assert b"49.8" not in bind(packed([(file.getvalue(), 0)]))


def test_pages_are_bound_in_order_and_upright() -> None:
    pages = [(png(Image.new("L", (60, 80))), 0), (png(Image.new("RGB", (60, 80))), 90)]
    read = pypdf.PdfReader(io.BytesIO(bind(packed(pages))))
    assert [page.mediabox.width < page.mediabox.height for page in read.pages] == [True, False]


def test_what_is_no_picture_is_not_bound() -> None:
    with pytest.raises(NoPageError):
        bind(packed([(b"%PDF-1.7", 0)]))


def test_what_a_killed_process_left_is_removed(tmp_path: Path) -> None:
    left, ours = (
        tmp_path / "speakup-archive-99999999-a",
        tmp_path / f"speakup-archive-{os.getpid()}-a",
    )
    left.mkdir()
    ours.mkdir()
    archive.clear(tmp_path)
    assert (left.exists(), ours.exists()) == (False, True)


async def test_without_ocrmypdf_readiness_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "install ocrmypdf" in (await archive.notice() or "")
