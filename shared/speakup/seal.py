"""Sealing: whoever holds the public key can close, only the holder of the private key can open.

HPKE (RFC 9180) with the hybrid KEM ML-KEM-768 + X25519, so that what is recorded today stays closed to a
quantum computer of tomorrow; HKDF-SHA256, AES-256-GCM. A seal is a step (1 byte), a session (1,168 bytes: a
random secret under HPKE) and a lock under the session's key of that step. A session serves a few seals, since
HPKE costs ten times all else; after each its secret is replaced by a hash of itself (HMAC-SHA512, a symmetric
ratchet), so that whoever takes the sealing process opens nothing that it sealed before (decision 0008).

A case's own things lie under a symmetric key of the case (`lock`, `unlock`): AES-256-GCM with a random
96-bit nonce before the ciphertext and the context (what it is, whose it is) as associated data.
"""

from __future__ import annotations

import hmac
import os
import threading
from collections import OrderedDict
from dataclasses import dataclass, field

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
_HEADER = 1168
"""Bytes of a session: HPKE's encapsulated key (1,120), the secret (32), the tag (16)."""
_SESSION_INFO = b"speakup/session"
SEALS = 32
"""By one session, at most; a few, because a secret that leaks opens those that are still to come."""
_SESSIONS_KEPT = 256


class CannotOpenError(Exception):
    """The key doesn't fit, or the ciphertext or its context was changed. Trying again won't help."""


class UnknownKeyError(CannotOpenError):
    """No private key with that id is held here: destroyed, or not ours."""


class _Ratchet:
    """A secret that gives one key after another and can't go back."""

    __slots__ = ("_secret",)

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def key(self) -> bytes:
        """The next key (32 bytes)."""
        both = hmac.digest(self._secret, b"speakup/step", "sha512")
        self._secret = both[32:]
        return both[:32]


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A public key with its id; `raw` is ML-KEM-768's 1,184 bytes and X25519's 32."""

    key_id: str
    raw: bytes
    _sealer: _Sealer = field(repr=False, compare=False)

    @classmethod
    def from_raw(cls, key_id: str, raw: bytes) -> PublicKey:
        """From the 1,216 bytes of `raw`. Raises ValueError for anything else."""
        return cls(key_id, raw, _Sealer(raw))

    def seal(self, plaintext: bytes, info: str) -> Sealed:
        """Close for the key's holder, bound to `info`."""
        step, session, key = self._sealer.next()
        return Sealed(
            key_id=self.key_id,
            ciphertext=b"".join((bytes((step,)), session, lock(key, plaintext, info))),
        )


class _Sealer:
    """The sessions to one public key, one after another; for several threads."""

    def __init__(self, raw: bytes) -> None:
        self._to = hpke.MLKEM768X25519PublicKey(
            MLKEM768PublicKey.from_public_bytes(raw[:_MLKEM_PUBLIC]),
            X25519PublicKey.from_public_bytes(raw[_MLKEM_PUBLIC:]),
        )
        self._mutex = threading.Lock()
        self._step = SEALS

    def next(self) -> tuple[int, bytes, bytes]:
        """A step, its session and its key."""
        with self._mutex:
            if self._step == SEALS:
                secret = os.urandom(32)
                self._session = _SUITE.encrypt(secret, self._to, _SESSION_INFO)
                self._ratchet, self._step = _Ratchet(secret), 0
            self._step += 1
            return self._step - 1, self._session, self._ratchet.key()


@dataclass(frozen=True, slots=True)
class PrivateKey:
    """A private key with its id; `raw` is the ML-KEM seed and the X25519 scalar (96 bytes)."""

    key_id: str
    raw: bytes
    _opener: _Opener = field(repr=False, compare=False)

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
        return cls(key_id, raw, _Opener(raw))

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
        ciphertext = sealed.ciphertext
        if len(ciphertext) <= 1 + _HEADER or ciphertext[0] >= SEALS:
            raise CannotOpenError("no seal")
        key = self._opener.key(ciphertext[1 : 1 + _HEADER], ciphertext[0])
        return unlock(key, ciphertext[1 + _HEADER :], info)


class _Opener:
    """The sessions that one private key has opened of late; they go when the key goes."""

    def __init__(self, raw: bytes) -> None:
        self._by = hpke.MLKEM768X25519PrivateKey(
            MLKEM768PrivateKey.from_seed_bytes(raw[:_MLKEM_SEED]),
            X25519PrivateKey.from_private_bytes(raw[_MLKEM_SEED:]),
        )
        self._mutex = threading.Lock()
        self._sessions: OrderedDict[bytes, tuple[_Ratchet, list[bytes]]] = OrderedDict()

    def key(self, session: bytes, step: int) -> bytes:
        """The session's key of that step. Raises CannotOpenError."""
        with self._mutex:
            if session not in self._sessions:
                self._sessions[session] = (_Ratchet(self._secret(session)), [])
                if len(self._sessions) > _SESSIONS_KEPT:
                    self._sessions.popitem(last=False)
            ratchet, keys = self._sessions[session]
            while len(keys) <= step:
                keys.append(ratchet.key())
            return keys[step]

    def _secret(self, session: bytes) -> bytes:
        try:
            return _SUITE.decrypt(session, self._by, _SESSION_INFO)
        except (InvalidTag, ValueError):
            raise CannotOpenError("the seal doesn't open") from None


def new_key() -> bytes:
    """A random 256-bit key for `lock`."""
    return os.urandom(32)


class Lock:
    """Locks under one symmetric key: for several things of a case, since making it costs as much as using it."""

    __slots__ = ("_cipher",)

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)

    def __call__(self, plaintext: bytes, context: str) -> bytes:
        """Encrypt, bound to `context`; 28 bytes longer than the plaintext."""
        nonce = os.urandom(_NONCE)
        return nonce + self._cipher.encrypt(nonce, plaintext, context.encode())


def lock(key: bytes, plaintext: bytes, context: str) -> bytes:
    """The same, for one thing."""
    return Lock(key)(plaintext, context)


def unlock(key: bytes, locked: bytes, context: str) -> bytes:
    """What `lock` closed. Raises CannotOpenError."""
    try:
        return AESGCM(key).decrypt(locked[:_NONCE], locked[_NONCE:], context.encode())
    except (InvalidTag, ValueError):
        raise CannotOpenError("the lock doesn't open") from None


def pack(sealed: Sealed) -> bytes:
    """A seal as a table keeps it: the key's id, a zero byte, the ciphertext."""
    return sealed.key_id.encode() + b"\0" + sealed.ciphertext


def unpack(packed: bytes) -> Sealed:
    """What `pack` packed."""
    key_id, _, ciphertext = packed.partition(b"\0")
    return Sealed(key_id=key_id.decode(), ciphertext=ciphertext)


def content_info(submission_id: object) -> str:
    """What a submission's narrative is bound to."""
    return f"speakup/content/{submission_id}"


def contact_info(submission_id: object) -> str:
    """What a reporter's contact is bound to."""
    return f"speakup/contact/{submission_id}"


def reply_info(reply_id: object) -> str:
    """What a reply's text is bound to."""
    return f"speakup/reply/{reply_id}"


def amended_info(event_id: object) -> str:
    """What an amendment's content is bound to."""
    return f"speakup/amended/{event_id}"


def transcribe_info(event_id: object) -> str:
    """What a recording for the transcriber is bound to."""
    return f"speakup/transcribe/{event_id}"


def access_info(request_id: object) -> str:
    """What a reporter's credentials are bound to."""
    return f"speakup/access/{request_id}"


def view_info(request_id: object) -> str:
    """What a reporter's view is bound to."""
    return f"speakup/view/{request_id}"
