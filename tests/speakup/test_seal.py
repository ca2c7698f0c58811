"""Seals: only the right key opens, and only in the right place."""

from __future__ import annotations

import pytest

from speakup.events import Sealed
from speakup.seal import CannotOpenError, PrivateKey, PublicKey, lock, new_key, unlock

PAIR = PrivateKey.generate("k1")
PUBLIC = PublicKey.from_raw("k1", PAIR.public_raw())


def test_the_holder_of_the_private_key_opens() -> None:
    assert PAIR.open(PUBLIC.seal(b"words", "case/1"), "case/1") == b"words"


def test_another_key_does_not_open() -> None:
    other = PrivateKey.generate("k1")
    with pytest.raises(CannotOpenError):
        other.open(PUBLIC.seal(b"words", "case/1"), "case/1")


def test_a_seal_moved_to_another_case_does_not_open() -> None:
    with pytest.raises(CannotOpenError):
        PAIR.open(PUBLIC.seal(b"words", "case/1"), "case/2")


@pytest.mark.parametrize("ciphertext", [b"", b"x", b"x" * 2000])
def test_what_is_no_seal_is_said_to_be_none(ciphertext: bytes) -> None:
    with pytest.raises(CannotOpenError):
        PAIR.open(Sealed(key_id="k1", ciphertext=ciphertext), "case/1")


def test_a_key_read_back_from_its_bytes_opens_the_same() -> None:
    again = PrivateKey.from_raw("k1", PAIR.raw)
    assert again.open(PUBLIC.seal(b"words", "case/1"), "case/1") == b"words"


def test_a_sealed_value_survives_its_way_as_json() -> None:
    sealed = PUBLIC.seal(b"\x00\xff words", "case/1")
    again = Sealed.model_validate_json(sealed.model_dump_json())
    assert PAIR.open(again, "case/1") == b"\x00\xff words"


def test_a_lock_opens_by_its_key_and_context_only() -> None:
    key = new_key()
    locked = lock(key, b"words", "a")
    assert unlock(key, locked, "a") == b"words"
    for wrong_key, wrong_context in ((new_key(), "a"), (key, "b")):
        with pytest.raises(CannotOpenError):
            unlock(wrong_key, locked, wrong_context)
