"""What the mailroom prints: separator sheets, the register, labels."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from intake_mail import papers
from intake_mail.register import Entry
from intake_mail.splitting import split
from intake_mail.store import Line
from speakup.events import Language
from speakup.i18n import texts
from tests import printed

HASH = "0123456789abcdef" * 4
PRINTED_AT = datetime(2026, 11, 23, 20, 15, tzinfo=ZoneInfo("Asia/Almaty"))


def line(place: int = 1, **facts: Any) -> Line:
    entry: dict[str, Any] = {
        "received_on": date(2026, 11, 20),
        "opened_by": "A. Serikova",
        "witnessed_by": "B. Ivanov",
    }
    given: dict[str, Any] = {"state": "sent", "version": 1, "sha256": (HASH,), "void_reason": None}
    given |= {name: facts.pop(name) for name in list(facts) if name in given}
    return Line(
        letter_id=UUID(int=place),
        number=f"2026-M-{place:06d}",
        entry=Entry.model_validate(entry | facts),
        created_at=datetime(2026, 11, 20, tzinfo=UTC),
        touched_at=datetime(2026, 11, 20, tzinfo=UTC),
        sent_at=None,
        opened_at=None,
        **given,
    )


def register(*lines: Line, language: Language = Language.en, year: int | None = 2026) -> bytes:
    return papers.register(
        lines, year=year, language=language, printed_at=PRINTED_AT, printed_by="Мира #1"
    )


def row(of: Line, language: Language = Language.en) -> str:
    """Its line in the register, as words."""
    return printed.words(register(of, language=language)).partition(of.number)[2]


# Separator sheets.


@pytest.mark.parametrize("turned", [0, 90, 180, 270])
def test_a_sheet_is_seen_three_times_however_it_is_fed(turned: int) -> None:
    (picture,) = printed.pictures(papers.separator_sheets(1, Language.kk))
    first, *others = printed.codes(picture.rotate(turned, expand=True))
    assert re.fullmatch(r"SPEAKUP:SEP:1:[0-9A-F]{10}", first)
    assert others == [first, first]


@pytest.mark.parametrize(
    "kept", [(0, 0, 0.4, 0.3), (0.6, 0.7, 1, 1), (0, 0, 1, 0.6), (0.2, 0.1, 0.8, 0.6)]
)
def test_a_torn_sheet_is_still_seen(kept: tuple[float, float, float, float]) -> None:
    (picture,) = printed.pictures(papers.separator_sheets(1, Language.kk))
    left, top, right, bottom = kept
    piece = picture.crop(
        (
            round(left * picture.width),
            round(top * picture.height),
            round(right * picture.width),
            round(bottom * picture.height),
        )
    )
    assert split([printed.codes(piece)]).separators == (0,)


def test_no_two_sheets_have_the_same_code() -> None:
    pictures = printed.pictures(papers.separator_sheets(5, Language.ru))
    assert len({printed.codes(picture)[0] for picture in pictures}) == len(pictures) == 5


@pytest.mark.parametrize("language", list(Language))
def test_a_sheet_says_what_it_is_in_three_languages_the_readers_first(language: Language) -> None:
    words = printed.words(papers.separator_sheets(1, language))
    places = {
        each: words.index(texts()(each, "paper.separator.text").split(".")[0]) for each in Language
    }
    assert min(places, key=lambda each: places[each]) is language


def test_a_sheet_is_a4() -> None:
    assert printed.size(papers.separator_sheets(1, Language.en)) == (210, 297)


# The register.


def test_a_line_says_all_that_the_register_knows() -> None:
    given = line(
        postmarked_on=date(2026, 11, 17),
        registered_mail_number="RR123456789KZ",
        envelope=True,
        seal_intact=False,
        enclosures="3 photographs",
        storage_place="Safe 2",
    )
    assert row(given).startswith(
        " 20.11.2026 17.11.2026 RR123456789KZ yes no 3 photographs A. Serikova B. Ivanov Safe 2 "
        f"{HASH[:32]} {HASH[32:]} sent"
    )


def test_every_scan_has_its_hash_in_full() -> None:
    hashes = tuple(f"{scan:064x}" for scan in range(50))
    words = printed.words(register(line(sha256=hashes), line(2)))
    assert re.findall(r"[0-9a-f]{32}", words.partition("2026-M-000002")[0]) == [
        half for each in hashes for half in (each[:32], each[32:])
    ]


@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize("state", ["draft", "sending", "sent", "void"])
def test_its_state_is_a_word(state: str, language: Language) -> None:
    word = texts()(language, f"paper.register.state.{state}")
    assert word in row(line(state=state), language)


def test_only_a_corrected_line_has_a_version() -> None:
    assert "version 3" in row(line(version=3))
    assert "version" not in row(line(version=1))


def test_a_void_letter_says_why() -> None:
    made = register(line(state="void", void_reason="an advertisement"))
    assert "an advertisement" in printed.words(made)


def test_a_void_letter_is_struck_out_and_others_are_not() -> None:
    void, sent = line(state="void", sha256=()), line(state="sent", sha256=())
    assert printed.inked(register(void)) > printed.inked(register(sent)) + 100


def test_lines_come_oldest_first_whatever_their_order() -> None:
    words = printed.words(register(line(3), line(1), line(2)))
    assert re.findall(r"2026-M-\d{6}", words) == [f"2026-M-{place:06d}" for place in (1, 2, 3)]


@pytest.mark.parametrize("language", list(Language))
def test_its_head_stands_on_every_page_and_pages_are_counted(language: Language) -> None:
    pages = printed.pages(register(*map(line, range(1, 61)), language=language))
    head = texts()(language, "paper.register.storage")
    assert len(pages) > 1
    for at, page in enumerate(pages, 1):
        assert head in " ".join(page.split())
        assert texts()(language, "paper.register.page", page=at, pages=len(pages)) in page


def test_it_says_when_and_by_whom_it_was_printed() -> None:
    words = printed.words(register(line(1), line(2)))
    assert "Register of letters, 2026" in words
    assert "Printed: 23.11.2026 20:15 (+05). By: Мира #1. Letters: 2." in words


def test_a_register_of_all_years_names_none() -> None:
    assert printed.words(register(line(), year=None)).startswith("Register of letters Printed")


def test_an_empty_register_can_be_printed() -> None:
    assert "Letters: 0." in printed.words(register())


@pytest.mark.parametrize(
    "name", ["registered_mail_number", "enclosures", "storage_place", "opened_by"]
)
def test_a_long_value_wraps_within_its_column(name: str) -> None:
    most = 100 if name == "opened_by" else 200
    long: dict[str, Any] = {name: "Ж" * most}
    words = printed.words(register(line(**long, sha256=())))
    assert words.count("Ж") == most
    assert max(map(len, re.findall("Ж+", words))) < 30


def test_what_people_write_is_never_markup() -> None:
    assert "#panic() *x* <y>" in row(line(enclosures="#panic() *x* <y>"))


def test_it_is_a4_landscape() -> None:
    assert printed.size(register(line())) == (297, 210)


def test_two_thousand_lines_can_be_printed() -> None:
    words = printed.words(register(*map(line, range(1, 2001))))
    assert len(set(re.findall(r"2026-M-\d{6}", words))) == 2000


# Labels.

ADDRESS = "Әсел Қ. Жұмабаева\nАбай даңғылы, 150/230\n\n  Қарағанды 100012  "


def test_a_label_has_the_address_and_the_code_and_nothing_else() -> None:
    words = printed.words(papers.label(ADDRESS, "K7Q2-M4X"))
    assert sorted(words.split()) == sorted([*ADDRESS.split(), "K7Q2-M4X"])


def test_a_label_has_its_size() -> None:
    assert printed.size(papers.label(ADDRESS, "K7Q2-M4X")) == (105, 70)


@pytest.mark.parametrize(
    "address",
    [
        "\n".join(["ж" * 60] * 8),
        "\n".join(["Товарищество с ограниченной ответственностью"] * 12),
        "a" * 500,
        "#panic()",
        "",
    ],
    ids=["long words", "many lines", "one word", "markup", "empty"],
)
def test_any_address_stays_on_one_label(address: str) -> None:
    pdf = papers.label(address, "K7Q2-M4X")
    (words,) = printed.pages(pdf)
    (picture,) = printed.pictures(pdf)
    for letter in set(address) - {"\n", " "}:
        assert words.count(letter) >= address.count(letter)
    width, height = picture.size
    for margin in ((0, 0, 25, height), (width - 25, 0, width, height)):
        assert picture.crop(margin).getextrema() == (255, 255)
