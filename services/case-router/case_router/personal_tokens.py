"""Tokens for other systems: an account's owner makes them, a system exchanges them for access tokens."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from case_router import personal_token
from case_router.account import NotNowError
from case_router.sign_in import RefusedError
from case_router.store import access_tokens, accounts, history
from case_router.store.rows import AnyRow
from case_router.tokens import Signer, token_hash
from speakup import scopes
from speakup.keys import KeyFolder
from speakup.scopes import Scope
from speakup.staff import Role, Staff

LONGEST_DAYS = 365
AT_MOST = 20

_CASES = frozenset({Scope.cases_read, Scope.cases_write, Scope.narratives_read})
ROLE_SCOPES: Mapping[Role, frozenset[Scope]] = {
    Role.mailroom: frozenset({Scope.letters_read, Scope.letters_write, Scope.narratives_read}),
    Role.handler: _CASES,
    Role.officer: _CASES | {Scope.reports_read},
    Role.chair: _CASES | {Scope.reports_read},
    Role.auditor: frozenset({Scope.reports_read, Scope.letters_read}),
    Role.admin: frozenset({Scope.reports_read}),
}
"""What each role can hand on; what the role itself may not do, its tokens can't either."""


@dataclass(frozen=True, slots=True)
class Access:
    """What a system got for its personal access token."""

    token: str
    scope: str


class PersonalTokens:
    """Makes, ends and exchanges them."""

    def __init__(self, engine: AsyncEngine, keys: KeyFolder) -> None:
        self._engine, self._signer = engine, Signer(keys)

    async def make(
        self, staff: Staff, name: str, wanted: Collection[Scope], days: int
    ) -> tuple[str, AnyRow]:
        """The token, which is shown this once, and its row. Raises NotNowError."""
        beyond = frozenset(wanted) - ROLE_SCOPES[staff.role]
        if beyond:
            raise NotNowError(
                f"Your role can't hand on {scopes.written(beyond)}; "
                f"it can {scopes.written(ROLE_SCOPES[staff.role])}."
            )
        if Scope.narratives_read in wanted and not staff.narratives:
            raise NotNowError(
                "Only who signed in with a second factor can hand on narratives:read. Enrol one and sign in again."
            )
        owner = UUID(staff.account_id)
        token = personal_token.make()
        async with self._engine.begin() as connection:
            account = await accounts.by_id(connection, owner)
            if account is None or account.disabled_at is not None:
                raise NotNowError("Your account is over.")
            if len(await access_tokens.of_account(connection, owner)) >= AT_MOST:
                raise NotNowError(f"An account has at most {AT_MOST} tokens; end one first.")
            row = await access_tokens.add(
                connection,
                owner,
                name=name,
                scopes=wanted,
                token_hash=token_hash(token),
                expires_at=datetime.now(UTC) + timedelta(days=days),
            )
            await history.note(
                connection,
                "account.token_made",
                [None],
                account_id=owner,
                subject=str(row.token_id),
            )
        return token, row

    async def list(self, staff: Staff) -> Sequence[AnyRow]:
        """The caller's, newest first."""
        async with self._engine.connect() as connection:
            return await access_tokens.of_account(connection, UUID(staff.account_id))

    async def end(self, staff: Staff, token_id: UUID) -> bool:
        """False where the caller has no such token."""
        owner = UUID(staff.account_id)
        async with self._engine.begin() as connection:
            ended = await access_tokens.end(connection, owner, token_id)
            if ended:
                await history.note(
                    connection,
                    "account.token_ended",
                    [None],
                    account_id=owner,
                    subject=str(token_id),
                )
        return ended

    async def exchange(self, token: str, wanted: str | None) -> Access:
        """An access token with the scopes wanted, or all that the token has and the account's role still hands on.

        Raises RefusedError.
        """
        if not personal_token.is_whole(token):
            raise RefusedError
        async with self._engine.begin() as connection:
            row = await access_tokens.use(connection, token_hash(token))
            if row is None:
                raise RefusedError
            role = Role(row.role)
            granted = scopes.read(" ".join(row.scopes)) & ROLE_SCOPES[role]
            if wanted:
                granted &= scopes.read(wanted)
            if not granted:
                raise RefusedError
            await history.note(
                connection,
                "account.token_exchanged",
                [None],
                account_id=row.account_id,
                subject=str(row.token_id),
            )
        staff = Staff(
            str(row.account_id),
            row.account_name,
            role,
            narratives=Scope.narratives_read in granted,
            scopes=granted,
        )
        return Access(self._signer.sign(staff), scopes.written(granted))
