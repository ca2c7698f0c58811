"""What is read out of a case, in portions."""

from __future__ import annotations

from urllib.parse import quote

from hypothesis import given
from hypothesis import strategies as st

from intake_phone.read_out import PORTION, next_said, portions, this_said
from tests.intake_phone.calling import reply, transcript, view
from tests.twilio_double import URL_CHARACTERS

LONG = " ".join(f"This is sentence {i} of a long answer." for i in range(100))


def test_a_long_answer_is_cut_between_sentences() -> None:
    cut = portions(view(reply(LONG)))
    assert all(portion.text.endswith("answer.") for portion in cut)
    assert [portion.first for portion in cut] == [True] + [False] * (len(cut) - 1)
    assert [portion.last for portion in cut] == [False] * (len(cut) - 1) + [True]


@given(st.text(), st.integers(1, 400))
def test_no_word_is_lost_and_none_too_long(text: str, times: int) -> None:
    cut = portions(view(reply(text * times)))
    spoken = "".join("".join(portion.text.split()) for portion in cut)
    assert spoken == "".join(c for c in text * times if c.isprintable() and not c.isspace())
    assert all(len(portion.text) <= PORTION for portion in cut)


def test_what_xml_cannot_carry_is_not_spoken() -> None:
    assert portions(view(reply("a\x00b\ufffe c\n\nd")))[0].text == "a b c d"


def test_one_can_go_to_the_next_thing_said_and_back_to_its_beginning() -> None:
    cut = portions(view(reply(LONG), transcript()))
    assert len(cut) > 3
    assert next_said(cut, 0) == next_said(cut, 1) == len(cut) - 1
    assert this_said(cut, 1) == 0
    assert next_said(cut, len(cut) - 1) == len(cut)
    assert this_said(cut, len(cut)) == len(cut) - 1


def test_a_portion_in_cyrillic_is_not_too_long_for_one_say() -> None:
    assert len(quote("ж" * PORTION)) <= URL_CHARACTERS
