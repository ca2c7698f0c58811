"""A page's picture becomes text, whichever way up it lay, and what is unsure is said."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import pytest
from PIL import Image

from intake_mail import page_reader
from intake_mail.page_reader import Page, PageReader
from intake_mail.page_text import PageState
from intake_mail.straighten import Head, NoPageError, straighten
from speakup.events import Language
from speakup.sandbox import SandboxError
from tests.intake_mail.rendered import (
    LETTERS,
    character_error,
    handwritten,
    letter,
    noisy,
    png,
    skewed,
)


async def test_an_upside_down_and_noisy_kazakh_letter_is_read(reader: PageReader) -> None:
    page, said = letter(LETTERS[Language.kk])
    read = await reader.read(Page(png(noisy(page).rotate(180))))
    assert character_error(said, read.text) <= 0.02
    assert (read.rotation, read.state) == (180, PageState.read)


async def test_a_russian_letter_skewed_by_five_degrees_is_read(reader: PageReader) -> None:
    page, said = letter(LETTERS[Language.ru], font="Noto Serif", dpi=300)
    read = await reader.read(Page(png(skewed(page, 5), dpi=300)))
    assert character_error(said, read.text) <= 0.02
    assert read.skew == pytest.approx(5, abs=0.2)
    assert read.state is PageState.read


async def test_a_letter_whose_lines_end_below_each_other_is_read_upside_down_too(
    reader: PageReader,
) -> None:
    # Turned round it looks like one whose lines begin so: only reading it tells.
    page, said = letter(LETTERS[Language.ru], flush="right")
    read = await reader.read(Page(png(page.rotate(180))))
    assert character_error(said, read.text) <= 0.02
    assert (read.rotation, read.state) == (180, PageState.read)


@pytest.mark.parametrize("language", LETTERS)
@pytest.mark.parametrize("turns", range(4))
def test_lines_that_begin_below_each_other_tell_which_way_is_up(
    language: Language, turns: int
) -> None:
    page, _ = letter(LETTERS[language])
    made = straighten(bytes([turns]) + png(noisy(page)))
    assert Head.model_validate_json(made.partition(b"\n")[0]).is_flush is (turns == 0)


async def test_an_english_letter_that_lies_on_its_side_is_read(reader: PageReader) -> None:
    page, said = letter(LETTERS[Language.en])
    read = await reader.read(Page(png(page.rotate(90, expand=True))))
    assert character_error(said, read.text) <= 0.02
    assert read.rotation == 90


async def test_a_person_s_word_on_what_is_up_and_in_which_language_is_obeyed(
    reader: PageReader,
) -> None:
    page, said = letter("We saw it on Friday. Nobody was told, and the gate was open.")
    lying = png(page.rotate(-90, expand=True))
    right = await reader.read(Page(lying, (Language.en,), rotation=270))
    assert (character_error(said, right.text), right.rotation) == (0, 270)


async def test_a_word_s_box_is_where_the_word_is_on_the_picture_as_it_came(
    reader: PageReader,
) -> None:
    page = Image.new("L", (2480, 3508), 255)
    text, _ = letter("Please look into the matter of the conveyor.", dpi=300)
    page.paste(text.crop((270, 270, 1800, 340)), (900, 2000))
    read = await reader.read(Page(png(skewed(page, 4), dpi=300)))
    first = next(word for word in read.words if word.text == "Please")
    cut = skewed(page, 4).crop(
        (
            first.box.left,
            first.box.top,
            first.box.left + first.box.width,
            first.box.top + first.box.height,
        )
    )
    alone = Image.new("L", (cut.width + 200, cut.height + 200), 255)
    alone.paste(skewed(cut, -4), (100, 100))
    assert "leas" in (await reader.read(Page(png(alone, dpi=300), rotation=0))).text


async def test_a_camera_s_picture_that_says_72_dots_an_inch_is_read_all_the_same(
    reader: PageReader,
) -> None:
    page, said = letter(LETTERS[Language.ru], dpi=300)
    read = await reader.read(Page(png(page.rotate(180), dpi=72), (Language.ru,)))
    assert (read.rotation, read.state) == (180, PageState.read)
    assert character_error(said, read.text) <= 0.02


async def test_an_empty_page_is_read_and_has_no_words(reader: PageReader) -> None:
    read = await reader.read(Page(png(Image.new("L", (1240, 1754), 250))))
    assert (read.words, read.text, read.confidence) == ((), "", None)
    assert read.state is PageState.read


async def test_loops_of_a_pen_are_left_to_a_person(reader: PageReader) -> None:
    read = await reader.read(Page(png(handwritten())))
    assert read.state is PageState.handwritten


async def test_a_typed_letter_with_much_written_by_hand_must_be_looked_at(
    reader: PageReader,
) -> None:
    page, _ = letter(LETTERS[Language.ru])
    page.paste(handwritten().crop((0, 130, 1240, 530)), (0, 900))
    read = await reader.read(Page(png(page)))
    assert read.state is PageState.check


async def test_what_is_no_picture_is_said_to_be_none(reader: PageReader) -> None:
    with pytest.raises(SandboxError, match="NoPageError"):
        await reader.read(Page(b"\x89PNG and no more"))


def test_a_picture_that_would_fill_the_memory_is_refused_by_its_header() -> None:
    with pytest.raises(NoPageError):
        straighten(b"\0" + _bomb())


def test_no_other_format_is_opened() -> None:
    file = io.BytesIO()
    Image.new("L", (40, 40)).save(file, "TIFF")
    with pytest.raises(NoPageError):
        straighten(b"\0" + file.getvalue())


async def test_without_tesseract_readiness_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    said = await page_reader.notice()
    assert said is not None
    assert "tesseract-ocr-kaz" in said


@pytest.mark.parametrize(("name", "rotation"), [("180", 180), ("L", 90), ("R", 270)])
async def test_a_public_test_page_is_turned_and_read(
    reader: PageReader, corpora: Path, name: str, rotation: int
) -> None:
    gold = (corpora / "scans" / "phototest.gold.txt").read_text()
    read = await reader.read(
        Page((corpora / "scans" / f"phototest-rotated-{name}.png").read_bytes())
    )
    assert (read.rotation, character_error(gold, read.text) <= 0.02) == (rotation, True)


def _bomb() -> bytes:
    """The header of a PNG with 50,000 by 50,000 points."""
    head = b"IHDR" + struct.pack(">IIBBBBB", 50_000, 50_000, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + head + struct.pack(">I", zlib.crc32(head))
