"""The code on both halves of an answer by post."""

from __future__ import annotations

import re
from hashlib import sha256
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from speakup.post_code import parse_post_code, post_code

CODE = "K1Q0-M4X"


def test_it_is_the_first_35_bits_of_the_hash_in_crockfords_base32() -> None:
    reply = UUID(int=1)
    signs = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
    bits = "".join(f"{byte:08b}" for byte in sha256(reply.bytes).digest())[:35]
    expected = "".join(signs[int(bits[at : at + 5], 2)] for at in range(0, 35, 5))
    assert post_code(reply) == f"{expected[:4]}-{expected[4:]}"


@given(st.uuids())
def test_it_is_read_as_it_was_written(reply: UUID) -> None:
    code = post_code(reply)
    assert re.fullmatch(r"[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{3}", code)
    assert parse_post_code(code) == code


def test_two_replies_have_two_codes() -> None:
    assert post_code(uuid4()) != post_code(uuid4())


@pytest.mark.parametrize(
    "text",
    [
        "k1q0-m4x",
        " K1Q0 M4X\n",
        "K1Q0M4X",
        "k i q o m 4 x",
        "KLQO-M4X",
        "KlQo–M4X",
        "К1QО-М4Х",
        "кІqо м4х",
    ],
    ids=ascii,
)
def test_slips_of_people_who_copy_it_are_understood(text: str) -> None:
    assert parse_post_code(text) == CODE


@pytest.mark.parametrize(
    "text", ["", "K1Q0-M4", "K1Q0-M4X2", "K1Q0-M4U", "K1Q0.M4X", "١٢٣٤٥٦٧", "ЖЖЖЖЖЖЖ"], ids=ascii
)
def test_what_can_be_no_code_is_none(text: str) -> None:
    assert parse_post_code(text) is None


@given(st.text(max_size=12))
def test_any_text_is_none_or_a_code_that_stays_itself(text: str) -> None:
    code = parse_post_code(text)
    assert code is None or parse_post_code(code) == code
