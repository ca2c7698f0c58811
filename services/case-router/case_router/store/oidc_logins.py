"""Sign-ins by single sign-on that have begun: each is taken up once, by the browser that began it."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from sqlalchemy import delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from case_router.store.rows import AnyRow
from case_router.work_tables import oidc_logins

MINUTES = 10


async def begin(
    connection: AsyncConnection,
    *,
    state_hash: bytes,
    browser_hash: bytes,
    nonce: str = "",
    verifier: str = "",
    next_path: str,
    account_id: UUID | None = None,
    id_token_locked: bytes | None = None,
) -> None:
    """Keep it for ten minutes; those that are over are removed. `account_id`: only our own code is still to come."""
    await connection.execute(delete(oidc_logins).where(oidc_logins.c.expires_at <= func.now()))
    await connection.execute(
        insert(oidc_logins).values(
            state_hash=state_hash,
            browser_hash=browser_hash,
            nonce=nonce,
            verifier=verifier,
            next_path=next_path,
            account_id=account_id,
            id_token_locked=id_token_locked,
            expires_at=func.now() + timedelta(minutes=MINUTES),
        )
    )


async def take(
    connection: AsyncConnection, state_hash: bytes, browser_hash: bytes
) -> AnyRow | None:
    """What was begun at the provider, which is over then; None where this browser began no such thing."""
    taken = await connection.execute(
        delete(oidc_logins)
        .where(
            oidc_logins.c.state_hash == state_hash,
            oidc_logins.c.browser_hash == browser_hash,
            oidc_logins.c.expires_at > func.now(),
            oidc_logins.c.account_id.is_(None),
        )
        .returning(oidc_logins)
    )
    return taken.one_or_none()


async def waiting(
    connection: AsyncConnection, state_hash: bytes, browser_hash: bytes
) -> AnyRow | None:
    """What waits for our own code, locked until the transaction ends."""
    query = (
        select(oidc_logins)
        .where(
            oidc_logins.c.state_hash == state_hash,
            oidc_logins.c.browser_hash == browser_hash,
            oidc_logins.c.expires_at > func.now(),
            oidc_logins.c.account_id.is_not(None),
        )
        .with_for_update()
    )
    return (await connection.execute(query)).one_or_none()


async def end(connection: AsyncConnection, state_hash: bytes) -> None:
    """The code was right."""
    await connection.execute(delete(oidc_logins).where(oidc_logins.c.state_hash == state_hash))
