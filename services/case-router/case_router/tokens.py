"""Access tokens: JSON Web Tokens signed with Ed25519; refresh tokens: random, kept as their hash."""

from __future__ import annotations

import hashlib
import secrets
from datetime import UTC, datetime, timedelta

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from speakup import scopes
from speakup.keys import KeyFolder
from speakup.staff import ISSUER, PUBLIC_KEY_FILE, Staff

ACCESS_SECONDS = 600
SCOPED_SECONDS = 300
REFRESH_HOURS = 12
SIGNING_KEY = "token-signing"


def ensure_signing_key(keys: KeyFolder) -> None:
    """Make the signing key where there is none, and publish the one to verify with."""
    keys.ensure_secret(
        SIGNING_KEY,
        Ed25519PrivateKey.generate().private_bytes(
            Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
        ),
    )
    public = _load(keys).public_key()
    keys.publish_file(
        PUBLIC_KEY_FILE, public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    )


def _load(keys: KeyFolder) -> Ed25519PrivateKey:
    key = load_pem_private_key(keys.secret(SIGNING_KEY), password=None)
    if not isinstance(key, Ed25519PrivateKey):
        raise TypeError("the tokens' signing key is no Ed25519 key")
    return key


class Signer:
    """Signs access tokens. Raises MissingKeyError where there is no signing key."""

    def __init__(self, keys: KeyFolder) -> None:
        self._key = _load(keys)

    def sign(self, staff: Staff) -> str:
        """A token that says for ten minutes who somebody is; for five, one made for another system."""
        now = datetime.now(UTC)
        seconds = ACCESS_SECONDS if staff.scopes is None else SCOPED_SECONDS
        scope = {} if staff.scopes is None else {"scope": scopes.written(staff.scopes)}
        return jwt.encode(
            {
                "iss": ISSUER,
                "sub": staff.account_id,
                "name": staff.name,
                "role": staff.role.value,
                "narratives": staff.narratives,
                "iat": now,
                "exp": now + timedelta(seconds=seconds),
            }
            | scope,
            self._key,
            algorithm="EdDSA",
        )


def new_refresh_token() -> str:
    """256 random bits."""
    return secrets.token_urlsafe(32)


def token_hash(token: str) -> bytes:
    """What is kept of a refresh token; it is random, so that a plain SHA-256 will do."""
    return hashlib.sha256(token.encode()).digest()
