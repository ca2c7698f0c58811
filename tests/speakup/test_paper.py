"""Pages to print: Kazakh letters, no date, nothing read as markup, codes that a scanner reads."""

from __future__ import annotations

import io
import json

import psutil
import pypdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from speakup import paper
from tests import printed

KAZAKH = "ӘҒҚҢӨҰҮҺІ әғқңөұүһі"
SHOWN = "#set document(title: sys.inputs.text)\n#set text(font: sys.inputs.font)\n#sys.inputs.text"


def shown(text: str, font: str = paper.SERIF) -> bytes:
    return paper.compile(SHOWN, {"text": text, "font": font})


@pytest.mark.parametrize("font", [paper.SERIF, paper.MONOSPACE])
def test_kazakh_letters_are_printed_and_can_be_searched(font: str) -> None:
    assert printed.words(shown(KAZAKH, font)) == KAZAKH


@pytest.mark.parametrize("font", [paper.SERIF, paper.MONOSPACE])
def test_the_font_comes_with_the_file(font: str) -> None:
    page = pypdf.PdfReader(io.BytesIO(shown(KAZAKH, font))).pages[0]
    embedded, from_the_machine = page._get_fonts()
    assert [font.replace(" ", "") in name for name in embedded] == [True]
    assert from_the_machine == set()


def test_no_date_is_in_the_file() -> None:
    made = shown("text")
    assert b"CreationDate" not in made
    assert b"ModDate" not in made
    assert b"1970" not in made


def test_the_same_pages_are_the_same_bytes() -> None:
    assert shown(KAZAKH) == shown(KAZAKH)


@pytest.mark.parametrize(
    "text",
    [
        "#panic()",
        '#read("/etc/passwd")',
        "$x$ *no* _no_ @no <no>",
        "= no",
        '")\n#panic()',
        "\\u{41}",
    ],
)
def test_what_people_write_is_never_markup(text: str) -> None:
    assert printed.words(shown(text)) == " ".join(text.split())


def test_a_template_that_is_wrong_is_said_to_be() -> None:
    with pytest.raises(paper.PaperError, match=r"^failed$"):
        paper.compile("#panic(sys.inputs.text)", {"text": "a secret"})


def test_nothing_of_what_is_printed_goes_to_the_log(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(paper.PaperError):
        paper.compile("#panic(sys.inputs.text)", {"text": "a secret"})
    assert "secret" not in "".join(capfd.readouterr())


def test_pages_that_take_too_long_are_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paper, "SECONDS", 0.3)
    with pytest.raises(paper.PaperError, match=r"^timeout$"):
        paper.compile("#for at in range(10000000) { [#at] }", {})


def test_what_was_printed_does_not_stay_in_memory() -> None:
    template = "#table(columns: 5, ..json(bytes(sys.inputs.rows)).flatten())"
    before = psutil.Process().memory_info().rss
    paper.compile(template, {"rows": json.dumps([[f"word {at}"] * 5 for at in range(1000)])})
    assert psutil.Process().memory_info().rss - before < 10_000_000


def test_a_word_too_long_for_a_line_breaks_and_others_stay_whole() -> None:
    assert paper.breakable("ab abc abcd", 3) == "ab abc a\u200bb\u200bc\u200bd"


@pytest.mark.parametrize("turned", [0, 90, 180, 270])
def test_a_code_is_read_from_a_scan_however_it_lies(turned: int) -> None:
    made = paper.compile(
        '#image("code.svg", width: 25mm)', {}, {"code.svg": paper.qr_svg("SPEAKUP:SEP:1:x")}
    )
    (picture,) = printed.pictures(made)
    assert printed.codes(picture.rotate(turned, expand=True)) == ["SPEAKUP:SEP:1:x"]


def test_a_code_is_read_with_a_hole_in_it() -> None:
    made = paper.compile(
        '#set page(width: 40mm, height: 40mm, margin: 0mm)\n#image("code.svg", width: 40mm)',
        {},
        {"code.svg": paper.qr_svg("SPEAKUP:CASE:1:3123456783")},
    )
    (picture,) = printed.pictures(made)
    left, right = round(picture.width * 17 / 40), round(picture.width * 24 / 40)
    picture.paste(255, (left, left, right, right))
    assert printed.codes(picture) == ["SPEAKUP:CASE:1:3123456783"]


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=60))
@settings(max_examples=25, deadline=None)
def test_a_code_says_what_it_was_made_of(text: str) -> None:
    made = paper.compile('#image("code.svg", width: 60mm)', {}, {"code.svg": paper.qr_svg(text)})
    (picture,) = printed.pictures(made)
    assert printed.codes(picture) == [text]
