"""Sessions of staff: refresh tokens by their hash. A family is all the tokens of one sign-in."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from case_router.store.rows import AnyRow
from case_router.tables import sessions


async def add(
    connection: AsyncConnection,
    *,
    token_hash: bytes,
    account_id: UUID,
    expires_at: datetime,
    second_factor: bool,
    family: UUID,
) -> None:
    """Keep a token; those of the account that are over are removed."""
    await connection.execute(
        delete(sessions).where(
            sessions.c.account_id == account_id, sessions.c.expires_at <= func.now()
        )
    )
    await connection.execute(
        insert(sessions).values(
            token_hash=token_hash,
            account_id=account_id,
            expires_at=expires_at,
            second_factor=second_factor,
            family=family,
        )
    )


async def take(connection: AsyncConnection, token_hash: bytes) -> AnyRow | None:
    """The token's session, marked as rotated; None where it is unknown or over.

    A token that was rotated before is in two hands: its whole family ends.
    """
    row = (
        await connection.execute(
            select(sessions)
            .where(sessions.c.token_hash == token_hash, sessions.c.expires_at > func.now())
            .with_for_update()
        )
    ).one_or_none()
    if row is None:
        return None
    if row.rotated_at is not None:
        await end_family(connection, row.family)
        return None
    await connection.execute(
        update(sessions).where(sessions.c.token_hash == token_hash).values(rotated_at=func.now())
    )
    return row


async def family_of(connection: AsyncConnection, token_hash: bytes) -> UUID | None:
    """The family that a token belongs to."""
    found: UUID | None = await connection.scalar(
        select(sessions.c.family).where(sessions.c.token_hash == token_hash)
    )
    return found


async def end_family(connection: AsyncConnection, family: UUID) -> None:
    """End a sign-in: none of its tokens can be used again."""
    await connection.execute(delete(sessions).where(sessions.c.family == family))


async def end_all(connection: AsyncConnection, account_id: UUID) -> None:
    """End all sign-ins of an account."""
    await connection.execute(delete(sessions).where(sessions.c.account_id == account_id))
