"""Passwords: argon2id (RFC 9106), in threads, a bounded number at a time."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

SHORTEST = 12
LONGEST = 256
AT_A_TIME = 2
QUEUE = 100

# 32 MiB each, so that a flood of sign-ins takes 64 MiB and no more.
_HASHER = PasswordHasher(time_cost=3, memory_cost=32 * 1024, parallelism=1)

_COMMON = frozenset(
    Path(__file__).with_name("common_passwords.txt").read_text(encoding="utf-8").split()
)


class TooManyWaitingError(Exception):
    """So many sign-ins wait that one more would wait too long."""


def make_password() -> str:
    """A random password of 120 bits."""
    return secrets.token_urlsafe(15)


def hash_password(password: str) -> str:
    """The hash to store. Takes about 0.1 s and 32 MiB: call it in a thread where others wait."""
    return _HASHER.hash(password)


def weakness(password: str, name: str) -> str | None:
    """Why a password is too weak for the account `name`, in words; None where it will do."""
    plain = password.casefold()
    if len(password) < SHORTEST:
        return f"A password needs at least {SHORTEST} characters."
    if len(password) > LONGEST:
        return f"A password has at most {LONGEST} characters."
    if plain in _COMMON or len(set(plain)) < 5 or name.casefold() in plain:
        return "This password is too easy to guess; take a few words that don't belong together."
    return None


class Passwords:
    """Verifies and hashes for one process."""

    def __init__(self) -> None:
        self._turns = asyncio.Semaphore(AT_A_TIME)
        self._waiting = 0
        # Of no account: a name that isn't there takes as long as a wrong password.
        self._dummy = hash_password(make_password())

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait for one of the few places; what follows may hash once. Raises TooManyWaitingError."""
        if self._waiting >= QUEUE:
            raise TooManyWaitingError
        self._waiting += 1
        try:
            await self._turns.acquire()
        finally:
            self._waiting -= 1
        try:
            yield
        finally:
            self._turns.release()

    async def verify(self, stored: str | None, password: str) -> bool:
        """Whether the password is right; never for `stored` None, in the same time."""
        right = await asyncio.to_thread(_verify, stored or self._dummy, password)
        return right and stored is not None

    async def hash(self, password: str) -> str:
        """The hash to store."""
        return await asyncio.to_thread(hash_password, password)


def _verify(stored: str, password: str) -> bool:
    try:
        return _HASHER.verify(stored, password)
    except (VerificationError, InvalidHashError):
        return False
