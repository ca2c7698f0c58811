"""The short way of reading an address gives what aiosmtpd's long way gives."""

from __future__ import annotations

import pytest
from aiosmtpd.smtp import SMTP
from hypothesis import given
from hypothesis import strategies as st

from intake_email.smtp import _USUAL

LONG = SMTP.__new__(SMTP)
LONG.local_part_limit = 0

ARGUMENTS = (
    "<a@example.kz>",
    "<a@example.kz> SIZE=100 BODY=8BITMIME",
    " <a.b+c@sub.example.kz>  size=1",
    "<a@example.kz> ",
    "<a@example.kz>SIZE=1",
    "<>",
    "<a>",
    "<a..b@example.kz>",
    "<.a@example.kz>",
    "<a@example.kz.>",
    "<a@-x.kz>",
    "a@example.kz",
    '<"a b"@example.kz>',
    "<a@[127.0.0.1]>",
    "<@relay:a@example.kz>",
    "<a@example.kz> (comment) SIZE=1",
    "<\u0430@example.kz>",
    "<a@example.kz>\tSIZE=1",
)


@pytest.mark.parametrize("argument", ARGUMENTS)
def test_addresses_are_read_as_before(argument: str) -> None:
    assert short(argument) in (None, long(argument))


@given(st.text(alphabet="aZ9.@<>+-_ (\"'\\=\t", max_size=24))
def test_no_text_is_read_otherwise(argument: str) -> None:
    assert short(argument) in (None, long(argument))


def test_the_usual_ones_go_the_short_way() -> None:
    assert all(short(argument) for argument in ARGUMENTS[:3])


def test_a_hostile_address_ends() -> None:
    assert short("<" + "a." * 100_000 + "!>") is None


def short(argument: str) -> tuple[str, str] | None:
    usual = _USUAL.fullmatch(argument)
    return (usual[1], usual[2] or "") if usual else None


def long(argument: str) -> tuple[str | None, str | None]:
    try:
        return LONG._getaddr(argument)
    except IndexError:
        return None, None
