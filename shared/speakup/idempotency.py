"""A repeated request acts once: its `Idempotency-Key` is claimed in the transaction that acts."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    Column,
    DateTime,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    func,
    text,
)
from sqlalchemy.ext.asyncio import AsyncConnection

DAYS = 7
"""For so long a repetition is known."""


def idempotency_table(metadata: MetaData) -> Table:
    """The table, for a service's models and migrations."""
    return Table(
        "idempotency",
        metadata,
        Column("account_id", Uuid, nullable=False),
        Column("key", Text, nullable=False),
        Column("fingerprint", LargeBinary, nullable=False),  # SHA-256 of the request
        Column("status", Integer, nullable=False),
        Column("answer", Text, nullable=False),  # identifiers only
        Column("at", DateTime(timezone=True), nullable=False, server_default=func.now()),
        UniqueConstraint("account_id", "key"),
    )


_FORGET = text(
    "DELETE FROM idempotency WHERE account_id = :account_id AND at < now() - make_interval(days => :days)"
)
_CLAIM = text(
    "INSERT INTO idempotency (account_id, key, fingerprint, status, answer) "
    "VALUES (:account_id, :key, :fingerprint, 0, '') ON CONFLICT DO NOTHING RETURNING key"
)
_FIND = text(
    "SELECT fingerprint, status, answer FROM idempotency WHERE account_id = :account_id AND key = :key"
)
_KEEP = text(
    "UPDATE idempotency SET status = :status, answer = :answer "
    "WHERE account_id = :account_id AND key = :key"
)


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
    key_of = {"account_id": account_id, "key": key}
    await connection.execute(_FORGET, {"account_id": account_id, "days": DAYS})
    claimed = await connection.execute(_CLAIM, {**key_of, "fingerprint": fingerprint})
    if claimed.one_or_none() is not None:
        return None
    row = (await connection.execute(_FIND, key_of)).one()
    if row.fingerprint != fingerprint:
        raise OtherRequestError
    answer = json.loads(row.answer)
    return Kept(row.status, answer["etag"], answer["body"])


async def keep(connection: AsyncConnection, account_id: str, key: str, kept: Kept) -> None:
    """Remember the answer to a claimed key."""
    answer = json.dumps({"etag": kept.etag, "body": kept.body})
    await connection.execute(
        _KEEP,
        {"account_id": account_id, "key": key, "status": kept.status, "answer": answer},
    )
