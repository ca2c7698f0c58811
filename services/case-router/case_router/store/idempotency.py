"""A repeated request acts once: its `Idempotency-Key` is claimed in the transaction that acts."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from case_router.tables import idempotency

DAYS = 7
"""For so long a repetition is known."""


class OtherRequestError(Exception):
    """The key was used for another request."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What was answered: identifiers only, never a word of a person."""

    status: int
    etag: str
    body: dict[str, Any]


async def claim(
    connection: AsyncConnection, account_id: str, key: str, fingerprint: bytes
) -> Kept | None:
    """The answer that was given before; None for a new key, which is then this transaction's.

    Of two at once the second waits for the first to end. Raises OtherRequestError.
    """
    await connection.execute(
        delete(idempotency).where(
            idempotency.c.account_id == account_id,
            idempotency.c.at < func.now() - text(f"interval '{DAYS} days'"),
        )
    )
    claimed = await connection.execute(
        insert(idempotency)
        .values(account_id=account_id, key=key, fingerprint=fingerprint, status=0, answer="")
        .on_conflict_do_nothing()
        .returning(idempotency.c.key)
    )
    if claimed.one_or_none() is not None:
        return None
    row = (
        await connection.execute(
            select(idempotency).where(
                idempotency.c.account_id == account_id, idempotency.c.key == key
            )
        )
    ).one()
    if row.fingerprint != fingerprint:
        raise OtherRequestError
    answer = json.loads(row.answer)
    return Kept(row.status, answer["etag"], answer["body"])


async def keep(connection: AsyncConnection, account_id: str, key: str, kept: Kept) -> None:
    """Remember the answer to a claimed key."""
    await connection.execute(
        update(idempotency)
        .where(idempotency.c.account_id == account_id, idempotency.c.key == key)
        .values(status=kept.status, answer=json.dumps({"etag": kept.etag, "body": kept.body}))
    )
