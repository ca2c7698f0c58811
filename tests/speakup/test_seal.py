"""Seals: only the right key opens, and only in the right place."""

from __future__ import annotations

import hmac

import pytest

from speakup.events import Sealed
from speakup.seal import SEALS, CannotOpenError, PrivateKey, PublicKey, lock, new_key, unlock

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


def test_seals_open_last_one_first_and_by_whoever_holds_the_key() -> None:
    seals = [(place, PUBLIC.seal(b"%d" % place, f"case/{place}")) for place in range(3 * SEALS)]
    for place, sealed in reversed(seals):
        for holder in (PAIR, PrivateKey.from_raw("k1", PAIR.raw)):
            assert holder.open(sealed, f"case/{place}") == b"%d" % place


def test_the_sealing_process_keeps_nothing_that_opens_what_it_sealed() -> None:
    public = PublicKey.from_raw("k1", PAIR.public_raw())
    sealed = public.seal(b"words", "case/1")
    stolen: list[object] = [public]
    secrets = []
    while stolen:
        thing = stolen.pop()
        if isinstance(thing, bytes):
            secrets.append(thing)
            continue
        names = {*getattr(thing, "__slots__", ()), *getattr(thing, "__dict__", ())}
        stolen += [getattr(thing, name) for name in names]
    keys = [each for each in secrets if len(each) == 32]
    assert keys
    # By themselves, and as the secret from here on.
    for key in keys + [hmac.digest(key, b"speakup/step", "sha512")[:32] for key in keys]:
        with pytest.raises(CannotOpenError):
            unlock(key, locked(sealed), "case/1")


def test_a_step_that_no_session_has_is_no_seal() -> None:
    sealed = PUBLIC.seal(b"words", "case/1")
    with pytest.raises(CannotOpenError):
        PAIR.open(Sealed(key_id="k1", ciphertext=b"\xff" + sealed.ciphertext[1:]), "case/1")


def test_no_two_seals_share_a_key() -> None:
    public = PublicKey.from_raw("k1", PAIR.public_raw())
    seals = [public.seal(b"words", "case/1").ciphertext for _ in range(2 * SEALS)]
    assert len({(each[0], each[1:1169]) for each in seals}) == 2 * SEALS
    assert len({each[1:1169] for each in seals}) == 2


def locked(sealed: Sealed) -> bytes:
    return sealed.ciphertext[1169:]


def test_a_lock_opens_by_its_key_and_context_only() -> None:
    key = new_key()
    locked = lock(key, b"words", "a")
    assert unlock(key, locked, "a") == b"words"
    for wrong_key, wrong_context in ((new_key(), "a"), (key, "b")):
        with pytest.raises(CannotOpenError):
            unlock(wrong_key, locked, wrong_context)
