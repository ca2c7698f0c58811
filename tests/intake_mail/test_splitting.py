"""A file of several letters is split at its separator sheets, and no page of it is lost."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from intake_mail.splitting import split
from speakup import case_number

SHEET = "SPEAKUP:SEP:1:0A1B2C3D4E"
ONE, OTHER = "3000000017", "3000000025"
WRONG = ONE[:-1] + str((int(ONE[-1]) + 1) % 10)

CODES = st.sampled_from(
    [
        SHEET,
        *(f"SPEAKUP:CASE:1:{number}" for number in (ONE, OTHER, WRONG)),
        "https://example.kz",
        "",
    ]
)
PAGES = st.lists(st.lists(CODES | st.text(max_size=20), max_size=3), max_size=30)


def slip(number: str) -> list[str]:
    return [f"SPEAKUP:CASE:1:{number}"]


def is_sheet(codes: Sequence[str]) -> bool:
    return any(code.startswith("SPEAKUP:SEP:1:") for code in codes)


@given(PAGES)
def test_every_page_is_in_one_letter_or_a_separator_sheet(pages: list[list[str]]) -> None:
    result = split(pages)
    placed = [page for letter in result.letters for page in letter] + [*result.separators]
    assert sorted(placed) == list(range(len(pages)))


@given(PAGES)
def test_pages_and_letters_keep_their_order(pages: list[list[str]]) -> None:
    result = split(pages)
    placed = [page for letter in result.letters for page in letter]
    assert placed == sorted(placed)
    assert [*result.separators] == sorted(result.separators)


@given(PAGES)
def test_only_separator_sheets_are_dropped_and_all_of_them(pages: list[list[str]]) -> None:
    result = split(pages)
    assert [*result.separators] == [page for page, codes in enumerate(pages) if is_sheet(codes)]


@given(PAGES)
def test_no_letter_is_empty_and_none_goes_on_across_a_sheet(pages: list[list[str]]) -> None:
    for letter in split(pages).letters:
        assert letter
        assert [*letter] == list(range(letter[0], letter[-1] + 1))


@given(PAGES)
def test_two_letters_always_have_a_sheet_between_them(pages: list[list[str]]) -> None:
    result = split(pages)
    for before, after in zip(result.letters, result.letters[1:], strict=False):
        assert set(range(before[-1] + 1, after[0])) & {*result.separators}


@given(PAGES)
def test_each_letter_has_its_own_word_on_what_it_quotes(pages: list[list[str]]) -> None:
    result = split(pages)
    assert len(result.letters) == len(result.quoted) == len(result.disputed)
    for number, disputed in zip(result.quoted, result.disputed, strict=True):
        assert number is None or (case_number.is_valid(number) and not disputed)


def test_a_pile_is_split_at_its_sheets() -> None:
    result = split([[SHEET], [], [], [SHEET], []])
    assert result.letters == ((1, 2), (4,))
    assert result.separators == (0, 3)


def test_pages_before_the_first_sheet_are_a_letter() -> None:
    assert split([[], [], [SHEET], []]).letters == ((0, 1), (3,))


def test_a_file_without_sheets_is_one_letter() -> None:
    assert split([[], ["https://example.kz"], []]).letters == ((0, 1, 2),)


def test_sheets_alone_are_no_letter() -> None:
    assert split([[SHEET], [SHEET]]).letters == ()
    assert split([]).letters == ()


def test_sheets_one_after_another_make_no_empty_letter() -> None:
    assert split([[], [SHEET], [SHEET], [SHEET], []]).letters == ((0,), (4,))


def test_a_sheet_whose_code_is_seen_three_times_is_one_sheet() -> None:
    assert split([[], [SHEET, SHEET, SHEET], []]).separators == (1,)


def test_a_reply_slip_on_any_page_is_quoted_by_its_letter_alone() -> None:
    result = split([[], [SHEET], [], slip(ONE), [SHEET], []])
    assert result.quoted == (None, ONE, None)
    assert result.disputed == (False, False, False)


def test_a_slip_whose_number_does_not_check_is_nothing() -> None:
    assert split([slip(WRONG)]).quoted == (None,)
    assert split([slip(WRONG), slip(ONE)]).quoted == (ONE,)


def test_the_same_case_named_twice_is_quoted() -> None:
    result = split([slip(ONE), slip(ONE)])
    assert (result.quoted, result.disputed) == ((ONE,), (False,))


def test_a_letter_that_names_two_cases_quotes_none_and_says_so() -> None:
    result = split([slip(ONE), slip(OTHER)])
    assert (result.quoted, result.disputed) == ((None,), (True,))


def test_slips_of_two_letters_do_not_dispute_each_other() -> None:
    assert split([slip(ONE), [SHEET], slip(OTHER)]).quoted == (ONE, OTHER)
