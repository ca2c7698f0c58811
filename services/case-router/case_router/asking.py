"""Asking for what two people must want: the reason goes under the case's key, or the accounts' key."""

from __future__ import annotations

from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncConnection

from case_router.approving import Action, are_enough
from case_router.sign_in import ACCOUNTS_KEY
from case_router.store import approvals
from case_router.store.rows import AnyRow
from case_router.store.vault import approval_context
from speakup import seal
from speakup.keys import KeyFolder
from speakup.logs import get_logger
from speakup.problems import Problem

log = get_logger("case-router")

NOBODY = (
    "Nobody could approve this: it takes an officer or the chair who isn't you and isn't named in the case "
    "(of an account: two officers, or the chair)."
)


async def ask_of_case(
    connection: AsyncConnection,
    key: bytes,
    *,
    number: str,
    action: Action,
    asked_by: UUID,
    reason: str,
    detail: str | None = None,
) -> UUID:
    """The approval's id; the caller has locked the case. Raises Problem 409."""
    of_person = None if action is Action.erase else asked_by
    if await approvals.is_asked(
        connection, action, case_number=number, asked_by=of_person, detail=detail
    ):
        raise Problem(409, "This has been asked for already, and isn't decided yet.")
    approval_id = uuid4()
    await approvals.add(
        connection,
        approval_id=approval_id,
        action=action,
        asked_by=asked_by,
        reason_locked=seal.lock(key, reason.encode(), approval_context(number, approval_id)),
        case_number=number,
        detail=detail,
    )
    await _check(connection, action, approval_id)
    return approval_id


async def ask_of_account(
    connection: AsyncConnection,
    keys: KeyFolder,
    *,
    account_id: UUID,
    action: Action,
    asked_by: UUID,
    reason: str,
    detail: str | None = None,
) -> UUID:
    """The approval's id; the caller has locked the account. Raises Problem 409."""
    if await approvals.is_asked(connection, action, account_id=account_id):
        raise Problem(409, "This has been asked for already, and isn't decided yet.")
    approval_id = uuid4()
    await approvals.add(
        connection,
        approval_id=approval_id,
        action=action,
        asked_by=asked_by,
        reason_locked=seal.lock(
            keys.secret(ACCOUNTS_KEY), reason.encode(), _account_context(approval_id)
        ),
        account_id=account_id,
        detail=detail,
    )
    await _check(connection, action, approval_id)
    return approval_id


def open_reason(row: AnyRow, case_key: bytes | None, keys: KeyFolder) -> str | None:
    """Why it was asked for; None once its case was erased."""
    if row.case_number is None:
        key, context = keys.secret(ACCOUNTS_KEY), _account_context(row.approval_id)
    elif case_key is not None:
        key, context = case_key, approval_context(row.case_number, row.approval_id)
    else:
        return None
    if not row.reason_locked:
        return None
    try:
        return seal.unlock(key, row.reason_locked, context).decode()
    except seal.CannotOpenError:
        log.exception("reason_unreadable", approval_id=row.approval_id)
        return None


async def _check(connection: AsyncConnection, action: Action, approval_id: UUID) -> None:
    if not are_enough(action, await approvals.deciders(connection, approval_id)):
        raise Problem(409, NOBODY)


def _account_context(approval_id: UUID) -> str:
    return f"speakup/approval/{approval_id}"
