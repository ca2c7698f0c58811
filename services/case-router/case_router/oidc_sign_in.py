"""Single sign-on: to the provider and back, to an account by issuer and subject, and our own code where it is due."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from case_router import oidc_roles, staff_accounts
from case_router.oidc_provider import Identity, Provider, ProviderRefusedError
from case_router.sign_in import ACCOUNTS_KEY, SignIn, Tokens
from case_router.store import accounts, history, oidc_logins
from case_router.store.rows import AnyRow
from case_router.tokens import token_hash
from speakup import seal
from speakup.keys import KeyFolder
from speakup.logs import get_logger
from speakup.staff import Role

_HINT = "speakup/oidc/id-token"

log = get_logger("case-router")


class SsoError(Exception):
    """Nobody is signed in; the text is the name of the sentence that says why, in `texts/sso.*.po`."""


@dataclass(frozen=True, slots=True)
class Begun:
    """What the browser takes along: an address to go to, and a cookie."""

    url: str
    browser: str


@dataclass(frozen=True, slots=True)
class CodeAsked:
    """The provider said who it is; our own code is still to come, with this ticket."""

    ticket: str


@dataclass(frozen=True, slots=True)
class Entered:
    """Signed in."""

    tokens: Tokens
    next_path: str
    hint: bytes
    """The ID token under the accounts' key, for signing out there, too."""


class OidcSignIn:
    """Signs in who the provider vouches for. Raises ProviderAwayError where it isn't reached."""

    def __init__(
        self,
        engine: AsyncEngine,
        keys: KeyFolder,
        provider: Provider,
        sign_in: SignIn,
        public_url: str,
    ) -> None:
        self._engine, self._keys, self._provider, self._sign_in = engine, keys, provider, sign_in
        self._here = public_url.rstrip("/")

    @property
    def redirect_uri(self) -> str:
        """Where the provider sends people back to."""
        return f"{self._here}/login/oidc/callback"

    async def begin(self, next_path: str) -> Begun:
        """To the provider."""
        state, browser, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(4))
        url = await self._provider.login_url(
            redirect_uri=self.redirect_uri, state=state, nonce=nonce, verifier=verifier
        )
        async with self._engine.begin() as connection:
            await oidc_logins.begin(
                connection,
                state_hash=token_hash(state),
                browser_hash=token_hash(browser),
                nonce=nonce,
                verifier=verifier,
                next_path=next_path,
            )
        return Begun(url, browser)

    async def finish(
        self, browser: str, state: str, code: str | None, issuer: str | None
    ) -> Entered | CodeAsked:
        """Back from the provider; `code` is None where it says that nobody signed in. Raises SsoError."""
        async with self._engine.begin() as connection:
            begun = await oidc_logins.take(connection, token_hash(state), token_hash(browser))
        if begun is None:
            raise SsoError("sso.not_begun")
        if not await self._provider.is_answer_of(issuer):
            log.warning("oidc_refused", reason="issuer_of_answer")
            raise SsoError("sso.refused")
        if code is None:
            raise SsoError("sso.denied")
        identity = await self._identity(code, begun)
        async with self._engine.begin() as connection:
            account = await self._account(connection, identity)
            if account is not None:
                return await self._enter(connection, account, identity, browser, begun.next_path)
        raise SsoError("sso.no_role")

    async def with_code(self, browser: str, ticket: str, code: str) -> Entered:
        """The second half, where our own code is asked for. Raises SsoError."""
        async with self._engine.begin() as connection:
            entered = await self._try_code(
                connection, token_hash(browser), token_hash(ticket), code
            )
        if entered is None:
            raise SsoError("sso.code_wrong")
        return entered

    async def _try_code(
        self, connection: AsyncConnection, browser: bytes, ticket: bytes, code: str
    ) -> Entered | None:
        waiting = await oidc_logins.waiting(connection, ticket, browser)
        if waiting is None:
            raise SsoError("sso.not_begun")
        account = await accounts.by_id(connection, waiting.account_id)
        if account is None or account.disabled_at is not None or account.locked:
            return None
        # The second factor can have been reset meanwhile: then the sign-in is begun again.
        step = self._sign_in.step_of(account, code) if account.totp_confirmed else None
        if step is None:
            await accounts.count_failure(connection, account.account_id)
            return None
        await accounts.count_success(connection, account.account_id, step)
        await oidc_logins.end(connection, ticket)
        tokens = await self._sign_in.begin(connection, account, second_factor=True)
        return Entered(tokens, waiting.next_path, waiting.id_token_locked)

    async def logout_url(self, hint: bytes) -> str | None:
        """Where to sign out at the provider, too; None where there is no such place."""
        try:
            token = seal.unlock(self._keys.secret(ACCOUNTS_KEY), hint, _HINT).decode()
        except seal.CannotOpenError:
            return None
        return await self._provider.logout_url(token, f"{self._here}/login")

    async def _identity(self, code: str, begun: AnyRow) -> Identity:
        try:
            return await self._provider.identity(
                code=code,
                redirect_uri=self.redirect_uri,
                verifier=begun.verifier,
                nonce=begun.nonce,
            )
        except ProviderRefusedError as error:
            log.warning("oidc_refused", reason=str(error))
            raise SsoError("sso.refused") from None

    async def _account(self, connection: AsyncConnection, identity: Identity) -> AnyRow | None:
        """The account with its role as it is now; None: the person has no role here (any more)."""
        settings = self._provider.settings
        claimed = oidc_roles.claimed(identity.claims, settings.role_claim, settings.roles)
        subject = f"{self._provider.issuer} {identity.subject}"
        account = await accounts.by_subject(connection, subject)
        local = Role(account.role) if account is not None else None
        role = oidc_roles.decide(claimed, local)
        if account is None:
            return None if role is None else await _make(connection, subject, role, identity.claims)
        if account.disabled_at is not None:
            raise SsoError("sso.disabled")
        if role is None:
            await _withdraw(connection, account)
            return None
        if role is not local:
            await accounts.change(connection, account.account_id, role=role)
            await history.note(
                connection,
                "account.role_by_claim",
                [None],
                account_id=account.account_id,
                subject=role.value,
            )
        return await accounts.by_subject(connection, subject)

    async def _enter(
        self,
        connection: AsyncConnection,
        account: AnyRow,
        identity: Identity,
        browser: str,
        next_path: str,
    ) -> Entered | CodeAsked:
        locked = seal.lock(self._keys.secret(ACCOUNTS_KEY), identity.token.encode(), _HINT)
        vouched = self._vouched(identity.claims)
        if account.totp_confirmed and not vouched:
            ticket = secrets.token_urlsafe(32)
            await oidc_logins.begin(
                connection,
                state_hash=token_hash(ticket),
                browser_hash=token_hash(browser),
                next_path=next_path,
                account_id=account.account_id,
                id_token_locked=locked,
            )
            return CodeAsked(ticket)
        tokens = await self._sign_in.begin(connection, account, second_factor=vouched)
        return Entered(tokens, next_path, locked)

    def _vouched(self, claims: Mapping[str, Any]) -> bool:
        """Whether the provider says that a second factor was used, in the words that the settings name."""
        settings, methods = self._provider.settings, claims.get("amr")
        named = {m for m in methods if isinstance(m, str)} if isinstance(methods, list) else set()
        acr = claims.get("acr")
        return bool(named & settings.second_factor_amr) or (
            isinstance(acr, str) and acr in settings.second_factor_acr
        )


async def _make(
    connection: AsyncConnection, subject: str, role: Role, claims: Mapping[str, Any]
) -> AnyRow | None:
    """The account of somebody who comes for the first time. It is never somebody's who was here before: names and
    addresses can change hands, an issuer's subjects can't.
    """
    wanted = account_name(claims)
    for name in (wanted, *(f"{wanted[:58]}-{n}" for n in range(2, 10)), f"user-{uuid4().hex[:12]}"):
        if await accounts.add_signed_on(connection, name, role, subject):
            break
        if (account := await accounts.by_subject(connection, subject)) is not None:
            return account
    account = await accounts.by_subject(connection, subject)
    if account is not None:
        await history.note(
            connection,
            "account.added_by_claim",
            [None],
            account_id=account.account_id,
            subject=role.value,
        )
    return account


async def _withdraw(connection: AsyncConnection, account: AnyRow) -> None:
    await staff_accounts.disable(connection, account.account_id)
    await history.note(connection, "account.role_withdrawn", [None], account_id=account.account_id)


def account_name(claims: Mapping[str, Any]) -> str:
    """What the account is called: by the provider's name for the person, in the letters that names have here."""
    wanted = claims.get("preferred_username") or claims.get("email")
    local = wanted.partition("@")[0].lower() if isinstance(wanted, str) else ""
    name = re.sub(r"[^a-z0-9._-]+", "-", local).strip("-.")[:64]
    return name if accounts.NAME.fullmatch(name) else f"user-{uuid4().hex[:12]}"
