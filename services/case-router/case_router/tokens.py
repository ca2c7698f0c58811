"""Access tokens: JSON Web Tokens signed with Ed25519; refresh tokens: random, kept as their hash."""

from __future__ import annotations

import hashlib
import secrets
from datetime import UTC, datetime, timedelta

import jwt

from speakup import scopes, signing
from speakup.keys import KeyFolder
from speakup.staff import ISSUER, Staff

ACCESS_SECONDS = 600
SCOPED_SECONDS = 300
REFRESH_HOURS = 12
SIGNING_KEY = "token-signing"


class Signer:
    """Signs access tokens. Raises MissingKeyError where there is no signing key."""

    def __init__(self, keys: KeyFolder) -> None:
        self._key = signing.private(keys, SIGNING_KEY)

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
    """What is kept of a token or code that is handed out; it is random, so that a plain SHA-256 will do."""
    return hashlib.sha256(token.encode()).digest()
