"""Signing in with password and code, staying signed in with refresh tokens, signing out."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum, auto
from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from case_router import totp
from case_router.installation import is_loopback
from case_router.passwords import Passwords
from case_router.store import accounts, history, sessions
from case_router.store.rows import AnyRow
from case_router.tokens import (
    REFRESH_HOURS,
    Signer,
    new_refresh_token,
    token_hash,
)
from speakup.keys import KeyFolder
from speakup.logs import get_logger
from speakup.settings import Common
from speakup.staff import Role, Staff

ACCOUNTS_KEY = "accounts"

# A refusal is answered at the end of such a beat, so that its reason can't be read off the clock.
_BEAT_SECONDS = 0.25

log = get_logger("case-router")


class RefusedError(Exception):
    """Wrong name, password, code or token, or a locked account: one answer for all."""


class CodeNeededError(Exception):
    """The password is right; the account has a second factor, and its code wasn't given."""


class SingleSignOnError(Exception):
    """Passwords are refused: people sign in by single sign-on."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """What somebody who signed in holds."""

    access: str
    refresh: str
    refresh_until: datetime


class _Outcome(Enum):
    right = auto()
    wrong = auto()
    code_needed = auto()


class SignIn:
    """Signs staff in and out. `by_password`: the names that may come by password; None: every account."""

    def __init__(
        self,
        engine: AsyncEngine,
        keys: KeyFolder,
        settings: Common,
        by_password: Collection[str] | None = None,
    ) -> None:
        self._engine, self._keys, self._by_password = engine, keys, by_password
        self._signer = Signer(keys)
        self._everywhere = is_loopback(settings.public_url)
        self.passwords = Passwords()

    async def with_password(self, name: str, password: str, code: str | None) -> Tokens:
        """Raises RefusedError, CodeNeededError, TooManyWaitingError, SingleSignOnError."""
        if self._by_password is not None and name not in self._by_password:
            raise SingleSignOnError
        started = time.monotonic()
        tokens = None
        async with self.passwords.turn(), self._engine.begin() as connection:
            account = await accounts.by_name(connection, name)
            outcome = await self._check(connection, account, password, code)
            if outcome is _Outcome.right and account is not None:
                tokens = await self.begin(connection, account, second_factor=account.totp_confirmed)
        if outcome is _Outcome.code_needed:
            raise CodeNeededError
        if tokens is None:
            log.warning("sign_in_refused")
            await asyncio.sleep(_BEAT_SECONDS - (time.monotonic() - started) % _BEAT_SECONDS)
            raise RefusedError
        return tokens

    async def refresh(self, token: str) -> Tokens:
        """New tokens for a refresh token, which is over then. Raises RefusedError."""
        async with self._engine.begin() as connection:
            session = await sessions.take(connection, token_hash(token))
            account = (
                await accounts.by_id(connection, session.account_id)
                if session is not None
                else None
            )
            tokens = (
                await self._tokens(
                    connection, account, session.second_factor, session.family, session.expires_at
                )
                if session is not None and account is not None
                else None
            )
        if tokens is None:
            raise RefusedError
        return tokens

    async def end(self, token: str) -> None:
        """Sign out: the refresh token's whole sign-in is over."""
        async with self._engine.begin() as connection:
            family = await sessions.family_of(connection, token_hash(token))
            if family is not None:
                await sessions.end_family(connection, family)

    async def _check(
        self,
        connection: AsyncConnection,
        account: AnyRow | None,
        password: str,
        code: str | None,
    ) -> _Outcome:
        """Whether it is them; failures are counted in the caller's transaction."""
        stored = account.password_hash if account is not None else None
        right = await self.passwords.verify(stored, password)
        if account is None or account.locked:
            return _Outcome.wrong
        step = None
        if right and account.totp_confirmed:
            if code is None:
                return _Outcome.code_needed
            step = self.step_of(account, code)
            right = step is not None
        if not right:
            await accounts.count_failure(connection, account.account_id)
            return _Outcome.wrong
        await accounts.count_success(connection, account.account_id, step)
        return _Outcome.right

    def step_of(self, account: AnyRow, code: str) -> int | None:
        """The time step of the account's authenticator that the code is right for, or None."""
        secret = totp.unlock_secret(
            self._keys.secret(ACCOUNTS_KEY), account.account_id, account.totp_locked
        )
        return totp.step_of(secret, code, after=account.totp_last_step)

    async def begin(
        self, connection: AsyncConnection, account: AnyRow, *, second_factor: bool
    ) -> Tokens:
        """A new session of somebody who has shown who they are."""
        await history.note(connection, "account.signed_in", [None], account_id=account.account_id)
        until = datetime.now(UTC) + timedelta(hours=REFRESH_HOURS)
        return await self._tokens(connection, account, second_factor, uuid4(), until)

    async def _tokens(
        self,
        connection: AsyncConnection,
        account: AnyRow,
        second_factor: bool,
        family: UUID,
        until: datetime,
    ) -> Tokens:
        refresh = new_refresh_token()
        await sessions.add(
            connection,
            token_hash=token_hash(refresh),
            account_id=account.account_id,
            expires_at=until,
            second_factor=second_factor,
            family=family,
        )
        staff = Staff(
            str(account.account_id),
            account.name,
            Role(account.role),
            second_factor or self._everywhere,
        )
        return Tokens(self._signer.sign(staff), refresh, until)
