"""Accounts as admins keep them: made, disabled, given another role, reset.

Nobody but the owner learns a password: they set it with a code that is shown once. Of an account that counts among the
two who approve things the code is shown to who approved it, never to the admin who asked for it.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import func
from sqlalchemy.ext.asyncio import AsyncConnection

from case_router.deciding import Approved
from case_router.passwords import make_password
from case_router.store import access_tokens, accounts, history, sessions
from case_router.tokens import token_hash
from speakup.problems import Problem
from speakup.staff import Role

NO_PASSWORD = "!"  # noqa: S105 - no hash of argon2id: nothing fits it
CODE_FOR = timedelta(days=7)


async def invite(connection: AsyncConnection, account_id: UUID) -> str:
    """A code for the owner to set a password with; what they signed in with before is over."""
    code = make_password()
    await accounts.change(
        connection,
        account_id,
        password_hash=NO_PASSWORD,
        totp_locked=None,
        totp_confirmed=False,
        totp_last_step=None,
        failures=0,
        locked_until=None,
        invited_hash=token_hash(code),
        invited_until=datetime.now(UTC) + CODE_FOR,
    )
    await end_everything(connection, account_id)
    return code


async def end_everything(connection: AsyncConnection, account_id: UUID) -> None:
    """All sign-ins and all tokens of the account."""
    await sessions.end_all(connection, account_id)
    await access_tokens.end_all(connection, account_id)


async def disable(connection: AsyncConnection, account_id: UUID) -> None:
    """At once: no sign-in, no token, no case."""
    await accounts.change(connection, account_id, disabled_at=func.now())
    await end_everything(connection, account_id)


async def give_role(connection: AsyncConnection, account_id: UUID, role: Role) -> str | None:
    """Also to a disabled account, which is over then. A code where the account has no password yet."""
    account = await accounts.by_id(connection, account_id)
    if account is None:
        raise Problem(409, "The account isn't there any more.")
    await accounts.change(connection, account_id, role=role, disabled_at=None)
    await end_everything(connection, account_id)
    return await invite(connection, account_id) if account.password_hash == NO_PASSWORD else None


async def granted(approved: Approved) -> dict[str, str]:
    """What was asked for with `grant_role`."""
    row = approved.approval
    code = await give_role(approved.connection, row.account_id, Role(row.detail))
    await _note(approved, "account.role_granted")
    return {"code": code} if code else {}


async def reset_approved(approved: Approved) -> dict[str, str]:
    """What was asked for with `reset_credentials`."""
    code = await invite(approved.connection, approved.approval.account_id)
    await _note(approved, "account.reset")
    return {"code": code}


async def _note(approved: Approved, action: str) -> None:
    subject = str(approved.approval.account_id)
    await history.note(approved.connection, action, [None], subject=subject)
