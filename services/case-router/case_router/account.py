"""What people change of their own account: the password, and the second factor."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from case_router import totp
from case_router.passwords import Passwords, weakness
from case_router.sign_in import ACCOUNTS_KEY
from case_router.store import accounts, history, sessions
from speakup.keys import KeyFolder
from speakup.staff import Staff


class NotNowError(Exception):
    """It can't be done; the text says why, to the account's owner."""


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What an authenticator app needs."""

    secret: str
    uri: str


class OwnAccount:
    """Changes of the caller's own account; each ends all their sign-ins but for the current token."""

    def __init__(self, engine: AsyncEngine, keys: KeyFolder, passwords: Passwords) -> None:
        self._engine, self._keys, self._passwords = engine, keys, passwords

    async def begin_totp(self, staff: Staff) -> Enrolment:
        """A new secret, which counts once it is confirmed. Raises NotNowError."""
        secret = totp.new_secret()
        async with self._engine.begin() as connection:
            account = await accounts.by_id(connection, staff.account_id)
            if account is None or account.totp_confirmed:
                raise NotNowError(
                    "This account has its second factor already; an admin can reset the account."
                )
            locked = totp.lock_secret(self._keys.secret(ACCOUNTS_KEY), account.account_id, secret)
            await accounts.change(connection, account.account_id, totp_locked=locked)
        return Enrolment(secret, totp.enrolment_uri(secret, staff.name))

    async def confirm_totp(self, staff: Staff, code: str) -> None:
        """From now on the code is asked for. Raises NotNowError."""
        async with self._engine.begin() as connection:
            account = await accounts.by_id(connection, staff.account_id)
            if account is None or account.totp_locked is None or account.totp_confirmed:
                raise NotNowError("There is nothing to confirm: POST /api/v1/account/totp first.")
            key = self._keys.secret(ACCOUNTS_KEY)
            secret = totp.unlock_secret(key, account.account_id, account.totp_locked)
            step = totp.step_of(secret, code, after=account.totp_last_step)
            if step is None:
                raise NotNowError(
                    "The code is wrong or over. Check the clock of your phone and take the next one."
                )
            owner: UUID = account.account_id
            await accounts.change(connection, owner, totp_confirmed=True, totp_last_step=step)
            await sessions.end_all(connection, owner)
            await history.note(connection, "account.totp_confirmed", [None], account_id=owner)

    async def change_password(self, staff: Staff, current: str, new: str) -> None:
        """Raises NotNowError, TooManyWaitingError."""
        reason = weakness(new, staff.name)
        if reason is not None:
            raise NotNowError(reason)
        async with self._passwords.turn(), self._engine.begin() as connection:
            account = await accounts.by_id(connection, staff.account_id)
            stored = account.password_hash if account is not None else None
            right = await self._passwords.verify(stored, current)
            if account is not None and right and not account.locked:
                owner: UUID = account.account_id
                hashed = await self._passwords.hash(new)
                await accounts.change(connection, owner, password_hash=hashed)
                await sessions.end_all(connection, owner)
                await history.note(connection, "account.password_changed", [None], account_id=owner)
                return
            if account is not None and not account.locked:
                await accounts.count_failure(connection, account.account_id)
        raise NotNowError("The current password is wrong, or the account is locked for a while.")
