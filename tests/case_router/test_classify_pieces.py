from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from case_router.pieces import HEAD, PIECE, TAIL, clean, pieces


@given(st.text(max_size=3_000))
def test_no_piece_is_long_and_no_word_is_lost(text: str) -> None:
    plain = clean(text)
    found = pieces(plain)
    assert all(0 < len(piece) <= PIECE * 3 // 2 for piece in found)
    assert sorted("".join("".join(found).split())) == sorted("".join(plain.split()))


def test_pieces_end_where_sentences_end() -> None:
    sentences = [f"Sentence {'long ' * 30}number {n}." for n in range(5)]
    assert sorted(pieces(" ".join(sentences))) == sorted(sentences)


def test_the_end_of_a_long_text_comes_before_its_middle() -> None:
    sentences = [f"Sentence {'long ' * 40}number {n}." for n in range(9)]
    found = pieces(" ".join(sentences))
    assert found.index(sentences[8]) == 2
    assert found.index(sentences[0]) == 0


def test_a_clean_text_is_bounded_and_can_be_encoded() -> None:
    plain = clean("\ufdfa" * 100_000 + "\ud800\0")
    assert len(plain) <= HEAD + TAIL + 1
    assert b"\0" not in plain.encode()
