"""The outbox: events that are on disk in the transaction that caused them, until their consumer says
that it has them (design.md, 3, Accepting). Being published settles nothing: a broker may lose it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    Uuid,
    func,
    text,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from speakup.topics import Record


def outbox_table(metadata: MetaData) -> Table:
    """The table, for a service's models and migrations."""
    return Table(
        "outbox",
        metadata,
        Column("position", BigInteger, Identity(always=True), primary_key=True),
        Column("event_id", Uuid, nullable=False, unique=True),
        Column("topic", Text, nullable=False),
        Column("key", LargeBinary, nullable=False),
        Column("value", LargeBinary, nullable=False),
        Column("header_names", Text, nullable=False),
        Column("header_values", LargeBinary, nullable=False),
        Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
        Column("attempts", Integer, nullable=False, server_default=text("0")),
        Column("due_at", DateTime(timezone=True), nullable=False),
        Column("settled_at", DateTime(timezone=True)),
        Index("outbox_due", "due_at", "position", postgresql_where=text("settled_at IS NULL")),
    )


_SEPARATOR = "\x00"

ADD = """
    INSERT INTO outbox (event_id, topic, key, value, header_names, header_values, due_at)
    SELECT *, now() + make_interval(secs => :retry)
    FROM unnest(CAST(:ids AS uuid[]), CAST(:topics AS text[]), CAST(:keys AS bytea[]),
                CAST(:contents AS bytea[]), CAST(:names AS text[]), CAST(:headers AS bytea[]))
    ON CONFLICT (event_id) DO NOTHING
"""
"""SQL that takes `parameters`, for a statement that does more than this."""

_ADD = text(ADD)


async def add(connection: AsyncConnection, records: Sequence[Record], *, retry: float) -> None:
    """Put events out, in the caller's transaction; one that is there already stays as it is.

    Hand them to `Relay.publish_soon` after the commit; whatever keeps that from happening, the row is
    published `retry` seconds later, and at the next start.
    """
    if not records:
        return
    await connection.execute(_ADD, parameters(records, retry=retry))


def parameters(records: Sequence[Record], *, retry: float) -> dict[str, object]:
    """Arrays for `unnest`: ids, topics, keys, contents, names, headers; and `retry`."""
    return {
        "retry": retry,
        "ids": [record.event_id for record in records],
        "topics": [record.topic for record in records],
        "keys": [record.key for record in records],
        "contents": [record.value for record in records],
        "names": [",".join(name for name, _ in record.headers) for record in records],
        "headers": [
            _SEPARATOR.encode().join(value for _, value in record.headers) for record in records
        ],
    }


async def settle(
    connection: AsyncConnection, event_ids: Collection[UUID], *, keep: bool = False
) -> int:
    """Their consumer has these events: delete them, or mark them where the writer keeps its events.

    Returns how many were waiting. Others' ids are ignored.
    """
    if not event_ids:
        return 0
    statement = (
        "UPDATE outbox SET settled_at = now() WHERE settled_at IS NULL AND event_id = ANY(:ids)"
        if keep
        else "DELETE FROM outbox WHERE event_id = ANY(:ids)"
    )
    result = await connection.execute(text(statement), {"ids": list(event_ids)})
    return result.rowcount


_TAKE = text(
    """
    UPDATE outbox SET attempts = attempts + 1,
           due_at = now() + make_interval(secs => least(:retry * power(2, least(attempts, 10)), :most))
    WHERE position IN (SELECT position FROM outbox
                       WHERE settled_at IS NULL AND due_at <= now() ORDER BY position
                       LIMIT :limit FOR UPDATE SKIP LOCKED)
    RETURNING position, event_id, topic, key, value, header_names, header_values
    """
)

LONGEST_WAIT = 3600.0
"""Seconds between two publications of the same event, at most."""


async def take_due(connection: AsyncConnection, *, limit: int, retry: float) -> list[Record]:
    """Events that are due to be published (again), oldest first; each is due again with back-off."""
    rows = await connection.execute(_TAKE, {"limit": limit, "retry": retry, "most": LONGEST_WAIT})
    return [
        Record(
            row.event_id,
            row.topic,
            row.key,
            row.value,
            _headers(row.header_names, row.header_values),
        )
        for row in sorted(rows, key=lambda row: int(row.position))
    ]


def _headers(names: str, values: bytes) -> tuple[tuple[str, bytes], ...]:
    return tuple(zip(names.split(","), values.split(_SEPARATOR.encode()), strict=True))


async def make_due(
    connection: AsyncConnection,
    *,
    event_ids: Collection[UUID] | None = None,
    topic: str | None = None,
    since: datetime | None = None,
    settled_too: bool = False,
) -> int:
    """Have events published again at once: all unsettled ones, or the chosen ones.

    With `settled_too` also those that were settled and kept (a consumer lost its state, or missed our
    word). Returns how many.
    """
    conditions = ["true" if settled_too else "settled_at IS NULL"]
    if event_ids is not None:
        conditions.append("event_id = ANY(:ids)")
    if topic is not None:
        conditions.append("topic = :topic")
    if since is not None:
        conditions.append("created_at >= :since")
    result = await connection.execute(
        text(
            "UPDATE outbox SET due_at = now(), settled_at = NULL WHERE "  # noqa: S608 - fixed words
            + " AND ".join(conditions)
        ),
        {"ids": list(event_ids or ()), "topic": topic, "since": since}
        if event_ids is not None or topic is not None or since is not None
        else {},
    )
    return result.rowcount


async def unsettled(connection: AsyncConnection) -> tuple[int, datetime | None]:
    """How many events wait for their consumer's word, and since when the oldest does."""
    row = (
        await connection.execute(
            text(
                "SELECT count(*) AS number, min(created_at) AS oldest FROM outbox "
                "WHERE settled_at IS NULL"
            )
        )
    ).one()
    return row.number, row.oldest
