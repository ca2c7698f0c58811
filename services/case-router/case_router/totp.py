"""The second factor: time-based one-time passwords (RFC 6238), 6 digits, 30 s, one step of tolerance."""

from __future__ import annotations

import hmac
from datetime import UTC, datetime

import pyotp

from speakup import seal

SECONDS = 30
_TOLERANCE = (-1, 0, 1)


def new_secret() -> str:
    """160 random bits in base32, for an authenticator app."""
    return pyotp.random_base32()


def enrolment_uri(secret: str, name: str) -> str:
    """The `otpauth://` address that authenticator apps read from a QR code."""
    return pyotp.TOTP(secret).provisioning_uri(name=name, issuer_name="Speak Up")


def step_of(
    secret: str, code: str, *, after: int | None, now: datetime | None = None
) -> int | None:
    """The time step that a code is right for; None where it is wrong or not later than `after`.

    Whoever accepts the code keeps the step as the next `after`, so that a code is taken once.
    """
    current = int((now or datetime.now(UTC)).timestamp()) // SECONDS
    generator = pyotp.TOTP(secret)
    digits = code.replace(" ", "").encode()
    for step in (current + offset for offset in _TOLERANCE):
        right = hmac.compare_digest(generator.generate_otp(step).encode(), digits)
        if right and (after is None or step > after):
            return step
    return None


def lock_secret(key: bytes, account_id: object, secret: str) -> bytes:
    """The secret as it is stored, under the accounts' key."""
    return seal.lock(key, secret.encode(), _context(account_id))


def unlock_secret(key: bytes, account_id: object, locked: bytes) -> str:
    """What `lock_secret` closed. Raises CannotOpenError."""
    return seal.unlock(key, locked, _context(account_id)).decode()


def _context(account_id: object) -> str:
    return f"speakup/account/{account_id}/totp"
