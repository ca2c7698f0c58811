"""Whether a person must look is decided by confidence, and by the ink that no word accounts for."""

from __future__ import annotations

import numpy as np
import pytest

from intake_mail.page_text import (
    Box,
    PageState,
    Word,
    covered,
    in_lines,
    judged,
    mean_confidence,
)


def word(text: str = "word", *, confidence: float = 95, row: int = 0, width: int = 80) -> Word:
    box = Box(left=20, top=20 + 40 * row, width=width, height=30)
    return Word(text=text, confidence=confidence, box=box, line=row, paragraph=row // 2)


def page_of(rows: int) -> np.ndarray[tuple[int, int], np.dtype[np.bool_]]:
    """Rows of ink, each where the word of that row is."""
    dark = np.zeros((600, 200), dtype=np.bool_)
    for row in range(rows):
        dark[20 + 40 * row : 50 + 40 * row, 20:100] = True
    return dark


def test_a_page_read_with_confidence_in_a_twelfth_of_its_words_is_not_called_read() -> None:
    words = [word(confidence=94)]
    share = covered(page_of(12), words, dpi=120)
    assert share < 0.2
    assert judged(mean_confidence(words), share) is PageState.handwritten


def test_a_page_with_all_its_ink_in_sure_words_is_read() -> None:
    words = [word(row=row) for row in range(12)]
    share = covered(page_of(12), words, dpi=120)
    assert (share, judged(mean_confidence(words), share)) == (1.0, PageState.read)


def test_ink_in_words_that_the_reader_is_unsure_of_is_not_read() -> None:
    words = [word(confidence=40, row=row) for row in range(12)]
    assert covered(page_of(12), words, dpi=120) == 0


def test_one_letter_as_large_as_the_page_accounts_for_nothing() -> None:
    picture = Word(
        text="|",
        confidence=96,
        box=Box(left=0, top=0, width=200, height=600),
        line=0,
        paragraph=0,
    )
    assert covered(page_of(12), [picture], dpi=120) == 0


def test_two_letters_drawn_over_a_whole_line_account_for_nothing() -> None:
    dark = np.zeros((100, 600), dtype=np.bool_)
    dark[20:50, 20:520] = True
    assert covered(dark, [word("ab", width=500)], dpi=120) == 0


@pytest.mark.parametrize(
    ("confidence", "share", "state"),
    [
        (95, 0.99, PageState.read),
        (70, 0.99, PageState.check),
        (95, 0.7, PageState.check),
        (95, 0.1, PageState.handwritten),
        (None, 0.0, PageState.handwritten),
        (None, 1.0, PageState.read),
    ],
)
def test_both_must_be_high_for_a_page_to_be_read(
    confidence: float | None, share: float, state: PageState
) -> None:
    assert judged(confidence, share) is state


def test_text_keeps_lines_and_paragraphs() -> None:
    words = [word("a"), word("b"), word("c", row=1), word("d", row=2)]
    assert in_lines(words) == "a b\nc\n\nd"


def test_a_long_word_weighs_more_than_a_point() -> None:
    assert mean_confidence([word("longword1", confidence=50), word(".", confidence=100)]) == 55


def test_a_word_of_little_confidence_is_marked() -> None:
    assert not word(confidence=74).is_sure
    assert word(confidence=76).is_sure
