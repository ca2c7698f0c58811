"""Accounts of staff, for admins. What makes an officer, a chair or an admin is approved by two officers or the chair."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends
from fastapi.responses import Response
from pydantic import Field, SecretStr, StringConstraints
from sqlalchemy import func
from sqlalchemy.ext.asyncio import AsyncConnection

from case_router import staff_accounts
from case_router.api.account import Body
from case_router.api.answers import Answer, problems
from case_router.api.approvals import Reason
from case_router.api.parts import IN_THE_DOCS, PREFIX, Parts
from case_router.api.token import too_many
from case_router.approving import PRIVILEGED, Action
from case_router.asking import ask_of_account
from case_router.passwords import LONGEST, TooManyWaitingError, weakness
from case_router.store import accounts, history
from case_router.store.rows import AnyRow
from case_router.tokens import token_hash
from speakup.problems import Problem, not_found
from speakup.staff import Role, Staff

Email = Annotated[str, StringConstraints(max_length=254, pattern=r"^[^@\s]+@[^@\s]+$")]


class AccountRead(Answer):
    """An account."""

    account_id: UUID
    name: str
    role: Role
    email: str | None
    disabled_at: datetime | None
    second_factor: bool


class AccountList(Answer):
    """All, by name."""

    items: list[AccountRead]


class NewAccount(Body):
    """Who is to work with the service."""

    name: str = Field(pattern=f"^{accounts.NAME.pattern}$", max_length=64, examples=["a.ospanova"])
    role: Role
    email: Email | None = None
    reason: Reason


class AccountChange(Body):
    """What is to be another; what isn't given stays."""

    role: Role | None = None
    email: Email | None = None
    disabled: bool | None = None
    reason: Reason


class ResetBody(Body):
    """Why."""

    reason: Reason


class Done(Answer):
    """What came of it."""

    account_id: UUID
    code: str | None = Field(description="For the owner, to set a password with; shown this once.")
    approval_id: UUID | None = Field(description="What waits for approval; null: it is done.")


class FirstPassword(Body):
    """The code's owner chooses a password."""

    name: str = Field(max_length=64)
    code: SecretStr = Field(max_length=LONGEST)
    new: SecretStr = Field(max_length=LONGEST)


def router(parts: Parts) -> APIRouter:
    """`/accounts` and `POST /first-password`."""
    routes = APIRouter(prefix=PREFIX, tags=["accounts"], dependencies=[IN_THE_DOCS])
    admin = Depends(parts.caller(frozenset({Role.admin})))

    @routes.get("/accounts", summary="List accounts", responses=problems(401, 404))
    async def list_accounts(staff: Staff = admin) -> AccountList:
        """All, the disabled ones, too."""
        async with parts.engine.connect() as connection:
            rows = await accounts.all_of_them(connection)
        return AccountList(items=[AccountRead.model_validate(row) for row in rows])

    @routes.post(
        "/accounts",
        summary="Make an account",
        status_code=201,
        responses=problems(401, 404, 409, 422),
    )
    async def add(body: NewAccount, staff: Staff = admin) -> Done:
        """A handler, mailroom or auditor can begin with the `code` at once; an officer, a chair or an admin once that
        is approved, with a code that is shown to who approved it.
        """
        return await _add(parts, staff, body)

    @routes.patch(
        "/accounts/{account_id}",
        summary="Change an account",
        responses=problems(401, 404, 409, 422),
    )
    async def change(account_id: UUID, body: AccountChange, staff: Staff = admin) -> Done:
        """Disabling ends all sign-ins at once. A role of officer, chair or admin, and enabling such an account
        again, waits for approval; all else is done at once.
        """
        return await _change(parts, staff, account_id, body)

    @routes.post(
        "/accounts/{account_id}/reset",
        summary="Reset what an account signs in with",
        responses=problems(401, 404, 409, 422),
    )
    async def reset(account_id: UUID, body: ResetBody, staff: Staff = admin) -> Done:
        """Of an officer, a chair or an admin it waits for approval."""
        return await _reset(parts, staff, account_id, body)

    @routes.post(
        "/first-password", include_in_schema=False, status_code=204, response_class=Response
    )
    async def first_password(body: FirstPassword) -> None:
        """The code is over then. The account signs in with the password from now on."""
        await _first_password(parts, body)

    return routes


async def _add(parts: Parts, staff: Staff, body: NewAccount) -> Done:
    async with parts.engine.begin() as connection:
        await _still_admin(connection, staff)
        first = Role.mailroom if body.role in PRIVILEGED else body.role
        if not await accounts.add(connection, body.name, first, staff_accounts.NO_PASSWORD):
            raise Problem(409, "There is an account of that name already.")
        account = await accounts.by_name(connection, body.name)
        if account is None:
            raise not_found()
        await accounts.change(
            connection, account.account_id, email=body.email, disabled_at=func.now()
        )
        await _note(connection, staff, "account.added", account.account_id)
        return await _give(parts, connection, staff, account, body.role, body.reason)


async def _change(parts: Parts, staff: Staff, account_id: UUID, body: AccountChange) -> Done:
    async with parts.engine.begin() as connection:
        await _still_admin(connection, staff)
        account = await _other(connection, staff, account_id)
        if body.email is not None:
            await accounts.change(connection, account_id, email=body.email)
            await _note(connection, staff, "account.email_changed", account_id)
        if body.disabled:
            await staff_accounts.disable(connection, account_id)
            await _note(connection, staff, "account.disabled", account_id)
        elif body.role not in (None, account.role) or (
            body.disabled is False and account.disabled_at is not None
        ):
            role = Role(body.role or account.role)
            return await _give(parts, connection, staff, account, role, body.reason)
    return Done(account_id=account_id, code=None, approval_id=None)


async def _reset(parts: Parts, staff: Staff, account_id: UUID, body: ResetBody) -> Done:
    async with parts.engine.begin() as connection:
        await _still_admin(connection, staff)
        account = await _other(connection, staff, account_id)
        if Role(account.role) in PRIVILEGED:
            approval_id = await ask_of_account(
                connection,
                parts.keys,
                account_id=account_id,
                action=Action.reset_credentials,
                asked_by=UUID(staff.account_id),
                reason=body.reason,
            )
            await _note(connection, staff, "reset_credentials.asked", account_id)
            return Done(account_id=account_id, code=None, approval_id=approval_id)
        code = await staff_accounts.invite(connection, account_id)
        await _note(connection, staff, "account.reset", account_id)
    return Done(account_id=account_id, code=code, approval_id=None)


async def _first_password(parts: Parts, body: FirstPassword) -> None:
    new, hashed = (
        body.new.get_secret_value(),
        token_hash(body.code.get_secret_value()),
    )
    reason = weakness(new, body.name)
    if reason is not None:
        raise Problem(409, reason)
    try:
        async with parts.sign_in.passwords.turn(), parts.engine.begin() as connection:
            account = await accounts.by_name(connection, body.name)
            if account is None or account.locked or not _is_code(account, hashed):
                raise Problem(
                    401, "The code is wrong, used or older than 7 days. Ask for another one."
                )
            await accounts.change(
                connection,
                account.account_id,
                password_hash=await parts.sign_in.passwords.hash(new),
                invited_hash=None,
                invited_until=None,
            )
            owner: UUID = account.account_id
            await history.note(connection, "account.password_set", [None], account_id=owner)
    except TooManyWaitingError:
        raise too_many() from None


def _is_code(account: AnyRow, hashed: bytes) -> bool:
    until = account.invited_until
    return bool(account.invited_hash == hashed and datetime.now(until.tzinfo) < until)


async def _give(
    parts: Parts,
    connection: AsyncConnection,
    staff: Staff,
    account: AnyRow,
    role: Role,
    reason: str,
) -> Done:
    account_id: UUID = account.account_id
    if role in PRIVILEGED:
        approval_id = await ask_of_account(
            connection,
            parts.keys,
            account_id=account_id,
            action=Action.grant_role,
            asked_by=UUID(staff.account_id),
            reason=reason,
            detail=role,
        )
        await _note(connection, staff, "grant_role.asked", account_id)
        return Done(account_id=account_id, code=None, approval_id=approval_id)
    code = await staff_accounts.give_role(connection, account_id, role)
    await _note(connection, staff, "account.role_given", account_id)
    return Done(account_id=account_id, code=code, approval_id=None)


async def _other(connection: AsyncConnection, staff: Staff, account_id: UUID) -> AnyRow:
    """The account, locked. Raises Problem 404; 409 for one's own."""
    if str(account_id) == staff.account_id:
        raise Problem(409, "This is your own account; another admin changes it.")
    account = await accounts.by_id(connection, account_id)
    if account is None:
        raise not_found()
    return account


async def _still_admin(connection: AsyncConnection, staff: Staff) -> None:
    me = await accounts.by_id(connection, staff.account_id)
    if me is None or me.disabled_at is not None or me.role != Role.admin:
        raise not_found()


async def _note(connection: AsyncConnection, staff: Staff, action: str, account_id: UUID) -> None:
    by = UUID(staff.account_id)
    await history.note(connection, action, [None], account_id=by, subject=str(account_id))
