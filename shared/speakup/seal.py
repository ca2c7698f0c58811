"""Sealing: whoever holds the public key can close, only the holder of the private key can open.

HPKE (RFC 9180) with the hybrid KEM ML-KEM-768 + X25519, so that what is recorded today stays closed to a
quantum computer of tomorrow; HKDF-SHA256, AES-256-GCM. HPKE here has no associated data: what must be
bound (what it is, whose it is) goes into `info`.

A case's own things lie under a symmetric key of the case (`lock`, `unlock`): AES-256-GCM with a random
96-bit nonce before the ciphertext and the context as associated data.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hpke
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey, MLKEM768PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from speakup.events import Sealed

_SUITE = hpke.Suite(hpke.KEM.MLKEM768_X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_256_GCM)
_MLKEM_SEED = 64
_MLKEM_PUBLIC = 1184
_NONCE = 12


class CannotOpenError(Exception):
    """The key doesn't fit, or the ciphertext or its context was changed. Trying again won't help."""


class UnknownKeyError(CannotOpenError):
    """No private key with that id is held here: destroyed, or not ours."""


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A public key with its id; `raw` is ML-KEM-768's 1,184 bytes and X25519's 32."""

    key_id: str
    raw: bytes
    handle: hpke.MLKEM768X25519PublicKey

    @classmethod
    def from_raw(cls, key_id: str, raw: bytes) -> PublicKey:
        """From the 1,216 bytes of `raw`. Raises ValueError for anything else."""
        return cls(
            key_id,
            raw,
            hpke.MLKEM768X25519PublicKey(
                MLKEM768PublicKey.from_public_bytes(raw[:_MLKEM_PUBLIC]),
                X25519PublicKey.from_public_bytes(raw[_MLKEM_PUBLIC:]),
            ),
        )

    def seal(self, plaintext: bytes, info: str) -> Sealed:
        """Close for the key's holder, bound to `info`."""
        return Sealed(
            key_id=self.key_id, ciphertext=_SUITE.encrypt(plaintext, self.handle, info.encode())
        )


@dataclass(frozen=True, slots=True)
class PrivateKey:
    """A private key with its id; `raw` is the ML-KEM seed and the X25519 scalar (96 bytes)."""

    key_id: str
    raw: bytes
    handle: hpke.MLKEM768X25519PrivateKey

    @classmethod
    def generate(cls, key_id: str) -> PrivateKey:
        """A new key."""
        raw = (
            MLKEM768PrivateKey.generate().private_bytes_raw()
            + X25519PrivateKey.generate().private_bytes_raw()
        )
        return cls.from_raw(key_id, raw)

    @classmethod
    def from_raw(cls, key_id: str, raw: bytes) -> PrivateKey:
        """From the 96 bytes of `raw`. Raises ValueError for anything else."""
        return cls(
            key_id,
            raw,
            hpke.MLKEM768X25519PrivateKey(
                MLKEM768PrivateKey.from_seed_bytes(raw[:_MLKEM_SEED]),
                X25519PrivateKey.from_private_bytes(raw[_MLKEM_SEED:]),
            ),
        )

    def public_raw(self) -> bytes:
        """1,216 bytes for `PublicKey.from_raw`."""
        return (
            MLKEM768PrivateKey.from_seed_bytes(self.raw[:_MLKEM_SEED])
            .public_key()
            .public_bytes_raw()
            + X25519PrivateKey.from_private_bytes(self.raw[_MLKEM_SEED:])
            .public_key()
            .public_bytes_raw()
        )

    def open(self, sealed: Sealed, info: str) -> bytes:
        """The plaintext. Raises CannotOpenError."""
        if sealed.key_id != self.key_id:
            raise UnknownKeyError("sealed to another key")
        try:
            return _SUITE.decrypt(sealed.ciphertext, self.handle, info.encode())
        except (InvalidTag, ValueError):
            raise CannotOpenError("the seal doesn't open") from None


def new_key() -> bytes:
    """A random 256-bit key for `lock`."""
    return os.urandom(32)


def lock(key: bytes, plaintext: bytes, context: str) -> bytes:
    """Encrypt under a symmetric key, bound to `context`; 28 bytes longer than the plaintext."""
    nonce = os.urandom(_NONCE)
    return nonce + AESGCM(key).encrypt(nonce, plaintext, context.encode())


def unlock(key: bytes, locked: bytes, context: str) -> bytes:
    """What `lock` closed. Raises CannotOpenError."""
    try:
        return AESGCM(key).decrypt(locked[:_NONCE], locked[_NONCE:], context.encode())
    except (InvalidTag, ValueError):
        raise CannotOpenError("the lock doesn't open") from None


def content_info(submission_id: object) -> str:
    """What a submission's narrative is bound to."""
    return f"speakup/content/{submission_id}"


def contact_info(submission_id: object) -> str:
    """What a reporter's contact is bound to."""
    return f"speakup/contact/{submission_id}"


def reply_info(reply_id: object) -> str:
    """What a reply's text is bound to."""
    return f"speakup/reply/{reply_id}"
