"""Local accounts of staff."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import func, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from case_router.store.rows import AnyRow
from case_router.tables import accounts
from speakup.staff import Role

NAME = re.compile(r"[a-z][a-z0-9._-]{0,63}")
"""What an account can be called."""

FREE_FAILURES = 4
LOCK_SECONDS = 30
LONGEST_LOCK_SECONDS = 900
"""From the fifth failure on an account is locked: 30 s, then twice as long each time, up to 15 min."""

_COUNT_FAILURE = text(
    """
    UPDATE accounts
    SET failures = least(failures + 1, 1000),
        locked_until = CASE WHEN failures >= :free THEN now() + make_interval(
            secs => least(:seconds * power(2, least(failures - :free, 20)), :longest)) END
    WHERE account_id = :account_id
    """
)


async def add(connection: AsyncConnection, name: str, role: Role, password_hash: str) -> bool:
    """Make an account; False where the name is taken, which changes nothing."""
    made = await connection.execute(
        insert(accounts)
        .values(account_id=uuid4(), name=name, role=role, password_hash=password_hash)
        .on_conflict_do_nothing()
        .returning(accounts.c.account_id)
    )
    return made.one_or_none() is not None


async def all_of_them(connection: AsyncConnection) -> Sequence[AnyRow]:
    """Every account, by name, without what it signs in with."""
    columns = (accounts.c[name] for name in ("account_id", "name", "role", "email", "disabled_at"))
    second = accounts.c.totp_confirmed.label("second_factor")
    query = select(*columns, second).order_by(accounts.c.name)
    return (await connection.execute(query)).all()


async def add_signed_on(connection: AsyncConnection, name: str, role: Role, subject: str) -> bool:
    """Make an account that comes by single sign-on; False where the name or subject is taken."""
    made = await connection.execute(
        insert(accounts)
        .values(account_id=uuid4(), name=name, role=role, oidc_subject=subject)
        .on_conflict_do_nothing()
        .returning(accounts.c.account_id)
    )
    return made.one_or_none() is not None


async def by_subject(connection: AsyncConnection, subject: str) -> AnyRow | None:
    """Like `by_name`; `subject` is an issuer and its name for somebody."""
    return await _locked_row(connection, accounts.c.oidc_subject == subject)


async def exists(connection: AsyncConnection, name: str) -> bool:
    """Whether the name is taken."""
    return await connection.scalar(select(1).where(accounts.c.name == name)) is not None


async def by_name(connection: AsyncConnection, name: str) -> AnyRow | None:
    """The account, locked until the transaction ends, with `locked`: no sign-in now; or None."""
    if NAME.fullmatch(name) is None:
        return None
    return await _locked_row(connection, accounts.c.name == name)


async def by_id(connection: AsyncConnection, account_id: UUID | str) -> AnyRow | None:
    """Like `by_name`."""
    return await _locked_row(connection, accounts.c.account_id == UUID(str(account_id)))


async def _locked_row(connection: AsyncConnection, condition: Any) -> AnyRow | None:
    waits = func.coalesce(accounts.c.locked_until > func.now(), False)
    locked = or_(waits, accounts.c.disabled_at.is_not(None)).label("locked")
    query = select(accounts, locked).where(condition).with_for_update(key_share=True)
    return (await connection.execute(query)).one_or_none()


async def count_failure(connection: AsyncConnection, account_id: UUID) -> None:
    """A wrong password or code; the fifth in a row and each after it locks for a while."""
    await connection.execute(
        _COUNT_FAILURE,
        {
            "account_id": account_id,
            "free": FREE_FAILURES,
            "seconds": LOCK_SECONDS,
            "longest": LONGEST_LOCK_SECONDS,
        },
    )


async def count_success(
    connection: AsyncConnection, account_id: UUID, totp_step: int | None
) -> None:
    """Forget failures; remember the step of the code that was taken."""
    values: dict[str, Any] = {"failures": 0, "locked_until": None}
    if totp_step is not None:
        values["totp_last_step"] = totp_step
    await change(connection, account_id, **values)


async def change(connection: AsyncConnection, account_id: UUID, **values: object) -> None:
    """Change columns of an account."""
    await connection.execute(
        update(accounts).where(accounts.c.account_id == account_id).values(**values)
    )


async def with_role(connection: AsyncConnection, role: Role) -> Sequence[AnyRow]:
    """`account_id` and `name` of the accounts with a role, by name."""
    query = (
        select(accounts.c.account_id, accounts.c.name)
        .where(accounts.c.role == role)
        .order_by(accounts.c.name)
    )
    return (await connection.execute(query)).all()
