"""One person's spellings are one sender; two people are never one."""

from __future__ import annotations

import pytest

from intake_email.origin import Origins, normalised


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("asel@example.kz", "Asel@Example.KZ"),
        ("a.s.el+x@gmail.com", "asel@googlemail.com"),
        ("ivan@пример.рф", "ivan@xn--e1afmkfd.xn--p1ai"),
        ("ivan@ПРИМЕР.рф", "ivan@пример.рф."),
    ],
)
def test_spellings_of_one_mailbox_are_one(one: str, other: str) -> None:
    assert normalised(one) == normalised(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("a.sel@example.kz", "asel@example.kz"),
        ("asel+x@example.kz", "asel@example.kz"),
        ("a@faß.de", "a@fass.de"),
        ("а@example.kz", "a@example.kz"),  # a Cyrillic letter
    ],
)
def test_two_mailboxes_stay_two(one: str, other: str) -> None:
    assert normalised(one) != normalised(other)


@pytest.mark.parametrize("address", ["a@under_score.kz", "a@" + "x" * 200, "a@..", "@", "\ud800@x"])
def test_odd_addresses_are_compared_as_they_are(address: str) -> None:
    assert Origins(b"key").sender(address, address) is not None


def test_nobody_is_no_sender() -> None:
    assert Origins(b"key").sender("", "asel@example.kz") is None


def test_without_the_key_the_mac_cannot_be_told() -> None:
    assert Origins(b"a").sender("x@y.kz", "x@y.kz") != Origins(b"b").sender("x@y.kz", "x@y.kz")
