"""Personal access tokens, by their hash."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from case_router.store.rows import AnyRow
from case_router.tables import accounts
from case_router.work_tables import access_tokens

_GOOD = (access_tokens.c.ended_at.is_(None), access_tokens.c.expires_at > func.now())


async def add(
    connection: AsyncConnection,
    account_id: UUID,
    *,
    name: str,
    scopes: Collection[str],
    token_hash: bytes,
    expires_at: datetime,
) -> AnyRow:
    """The new row."""
    query = (
        insert(access_tokens)
        .values(
            token_id=uuid4(),
            token_hash=token_hash,
            account_id=account_id,
            name=name,
            scopes=sorted(scopes),
            expires_at=expires_at,
        )
        .returning(access_tokens)
    )
    row: AnyRow = (await connection.execute(query)).one()
    return row


async def of_account(connection: AsyncConnection, account_id: UUID) -> Sequence[AnyRow]:
    """Those that can be used, newest first."""
    query = (
        select(access_tokens)
        .where(access_tokens.c.account_id == account_id, *_GOOD)
        .order_by(access_tokens.c.made_at.desc(), access_tokens.c.token_id)
    )
    return (await connection.execute(query)).all()


async def use(connection: AsyncConnection, token_hash: bytes) -> AnyRow | None:
    """The token's `account_id`, `account_name`, `role` and `scopes`; None where the token or its account is over."""
    used = await connection.execute(
        update(access_tokens)
        .values(used_at=func.now())
        .where(
            access_tokens.c.token_hash == token_hash,
            *_GOOD,
            accounts.c.account_id == access_tokens.c.account_id,
            accounts.c.disabled_at.is_(None),
        )
        .returning(
            access_tokens.c.token_id,
            access_tokens.c.scopes,
            accounts.c.account_id,
            accounts.c.name.label("account_name"),
            accounts.c.role,
        )
    )
    return used.one_or_none()


async def end(connection: AsyncConnection, account_id: UUID, token_id: UUID) -> bool:
    """End one of the account's tokens; False where there is none that can be used."""
    ended = await connection.execute(
        update(access_tokens)
        .values(ended_at=func.now())
        .where(
            access_tokens.c.token_id == token_id,
            access_tokens.c.account_id == account_id,
            access_tokens.c.ended_at.is_(None),
        )
        .returning(access_tokens.c.token_id)
    )
    return ended.one_or_none() is not None


async def end_all(connection: AsyncConnection, account_id: UUID) -> None:
    """End all tokens of an account: it was reset, or is over."""
    await connection.execute(
        update(access_tokens)
        .values(ended_at=func.now())
        .where(access_tokens.c.account_id == account_id, access_tokens.c.ended_at.is_(None))
    )
