"""A letter to a reporter who wrote by post: what it says, what it doesn't, and its reply slip."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from speakup.events import Language
from speakup.i18n import texts
from speakup.letter_paper import letter
from tests import printed

NUMBER, PIN, CODE = "3000000017", "012345", "K7Q2-M4X"
DATES = {
    Language.kk: "2026 ж. 3 қараша",
    Language.ru: "3 ноября 2026 г.",
    Language.en: "3 November 2026",
}
FIRST_FOLD = 105 / 297
"""Of the page's height (DIN 5008, form B)."""


def made(**facts: Any) -> bytes:
    defaults: dict[str, Any] = {
        "case_number": NUMBER,
        "text": "What do you know?",
        "pin": None,
        "code": CODE,
        "language": Language.en,
        "written_on": date(2026, 11, 3),
    }
    return letter(**defaults | facts)


def says(pdf: bytes, text: str) -> bool:
    return text.replace("\u00a0", " ") in printed.words(pdf).replace("\u00a0", " ")


@pytest.mark.parametrize("language", list(Language))
def test_it_says_who_writes_when_and_about_which_case(language: Language) -> None:
    pdf = made(language=language)
    assert says(pdf, texts()(language, "paper.letter.sender"))
    assert says(pdf, texts()(language, "home.letter.address"))
    assert says(pdf, DATES[language])
    assert says(pdf, texts()(language, "paper.letter.subject", number=NUMBER))


@pytest.mark.parametrize("language", list(Language))
def test_words_of_one_language_come_alone(language: Language) -> None:
    pdf = made(language=language)
    slips = {each: texts()(each, "paper.letter.slip") for each in Language}
    assert [each for each, words in slips.items() if says(pdf, words)] == [language]


def test_without_a_language_the_words_come_in_all_three() -> None:
    pdf = made(language=None, pin=PIN)
    for language in Language:
        assert says(pdf, texts()(language, "home.letter.address"))
        assert says(pdf, texts()(language, "paper.letter.slip.text"))
        assert says(pdf, DATES[language])


@pytest.mark.parametrize("language", list(Language))
def test_an_acknowledgement_shows_number_and_pin(language: Language) -> None:
    words = printed.words(made(language=language, pin=PIN))
    assert f"{texts()(language, 'paper.letter.number')} {NUMBER}" in words
    assert f"{texts()(language, 'paper.letter.pin')} {PIN}" in words


def test_a_question_has_no_word_of_a_pin() -> None:
    assert "PIN" not in printed.words(made(pin=None))


def test_its_text_is_kept_line_by_line() -> None:
    pdf = made(text="Әріптес,\r\nекінші жол.\n\n#panic() *no*")
    (page,) = printed.pages(pdf)
    assert "Әріптес,\nекінші жол.\n#panic() *no*\n" in page


def test_a_long_word_stays_on_the_page() -> None:
    pdf = made(text="W" * 300)
    assert printed.words(pdf).replace(" ", "").replace("\u200b", "").count("W" * 300) == 1
    (picture,) = printed.pictures(pdf, dpi=50)
    margin = picture.crop((picture.width * 191 // 210, 0, picture.width, picture.height))
    assert margin.getextrema() == (255, 255)


@pytest.mark.parametrize("turned", [0, 180])
@pytest.mark.parametrize("language", [*Language, None])
def test_its_slip_is_read_by_a_scanner(language: Language | None, turned: int) -> None:
    picture = printed.pictures(made(language=language))[-1]
    assert printed.codes(picture.rotate(turned)) == [f"SPEAKUP:CASE:1:{NUMBER}"]


@pytest.mark.parametrize("lines", range(18, 48, 3))
def test_its_slip_is_never_cut(lines: int) -> None:
    pdf = made(text="\n".join(f"line {line}" for line in range(lines)))
    *_, last = printed.pages(pdf)
    title, sentence = (
        texts()(Language.en, f"paper.letter.{name}") for name in ("slip", "slip.text")
    )
    assert f"{title}\n{sentence}\n{NUMBER}" in last
    assert printed.codes(printed.pictures(pdf)[-1]) == [f"SPEAKUP:CASE:1:{NUMBER}"]
    assert re.findall(r"line (\d+)", printed.words(pdf)) == [str(line) for line in range(lines)]


@pytest.mark.parametrize("lines", range(20, 32))
def test_its_slip_is_never_put_over_the_text(lines: int) -> None:
    pdf = made(text="\n".join([*["line"] * lines, "the end"]))
    title = texts()(Language.en, "paper.letter.slip")
    if printed.place(pdf, "the end")[0] == printed.place(pdf, title)[0]:
        assert printed.place(pdf, title)[1] - printed.place(pdf, "the end")[1] > 12
    else:
        assert printed.place(pdf, title)[1] < 40


def test_each_page_bears_the_code_of_its_label() -> None:
    pages = printed.pages(made(text="line\n" * 150))
    assert len(pages) > 2
    assert all(CODE in page for page in pages)


def test_pages_after_the_first_are_numbered() -> None:
    first, *others = printed.pages(made(text="line\n" * 150))
    total = len(others) + 1
    assert f"/{total}" not in first
    assert [f"{NUMBER} · {at}/{total}" in page for at, page in enumerate(others, 2)] == [True] * (
        total - 1
    )


def test_folded_with_its_head_outside_it_shows_neither_number_nor_text() -> None:
    pdf = made(language=None, pin=PIN, text="the text")
    outside = printed.words_above(pdf, FIRST_FOLD)
    assert CODE in outside
    assert texts()(Language.en, "home.letter.address") in outside
    assert not [secret for secret in (NUMBER, PIN, "the text") if secret in outside]


def test_it_is_a4() -> None:
    assert printed.size(made()) == (210, 297)


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=300))
@settings(max_examples=15, deadline=None)
def test_any_text_can_be_printed(text: str) -> None:
    assert printed.codes(printed.pictures(made(text=text))[-1]) == [f"SPEAKUP:CASE:1:{NUMBER}"]
