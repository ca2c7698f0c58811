"""Case numbers: what people copy from a phone call or a letter must not lead to another's case."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from speakup.case_number import is_valid, mint, mint_pin
from speakup.events import Channel

numbers = st.sampled_from(list(Channel)).map(mint)


@pytest.mark.parametrize(
    ("channel", "digit"),
    [(Channel.phone, "1"), (Channel.email, "2"), (Channel.mail, "3"), (Channel.hand, "4")],
)
def test_a_number_tells_the_channel(channel: Channel, digit: str) -> None:
    number = mint(channel)
    assert number[0] == digit
    assert is_valid(number)


@given(numbers, st.integers(0, 9), st.integers(1, 9))
def test_one_wrong_digit_is_found(number: str, place: int, shift: int) -> None:
    wrong = str((int(number[place]) + shift) % 10)
    assert not is_valid(number[:place] + wrong + number[place + 1 :])


@given(numbers, st.integers(0, 8))
def test_two_swapped_neighbours_are_found(number: str, place: int) -> None:
    a, b = number[place], number[place + 1]
    if a != b:
        assert not is_valid(number[:place] + b + a + number[place + 2 :])


@pytest.mark.parametrize("text", ["", "2", "29410802360", "294108023x", "٢٩٤١٠٨٠٢٣٦", "0000000000"])
def test_other_text_is_no_number(text: str) -> None:
    assert not is_valid(text)


def test_a_pin_has_six_digits_and_keeps_its_zeros() -> None:
    pins = {mint_pin() for _ in range(300)}
    assert all(len(pin) == 6 and pin.isdigit() for pin in pins)
    assert len(pins) > 250
