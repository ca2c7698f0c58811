"""Dead letters: messages that can't be understood, kept whole with the reason, to be replayed.

Maxim: keep what you can't understand. The message is stored as it came from Kafka, so it holds no more
in the clear than Kafka did.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from prometheus_client import Counter
from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Identity,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    func,
    text,
)
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from speakup.events import Event

PUT_ASIDE = Counter("speakup_dead_letters", "Messages put aside", ["service", "reason"])


def dead_letters_table(metadata: MetaData) -> Table:
    """The table, for a service's models and migrations."""
    return Table(
        "dead_letters",
        metadata,
        Column("id", BigInteger, Identity(always=True), primary_key=True),
        Column("fingerprint", LargeBinary, nullable=False, unique=True),
        Column("topic", Text, nullable=False),
        Column("partition", Integer, nullable=False),
        Column("offset", BigInteger, nullable=False),
        Column("key", LargeBinary),
        Column("value", LargeBinary),
        Column("headers", Text, nullable=False),
        Column("event_type", Text),
        Column("reason", Text, nullable=False),
        Column("times", Integer, nullable=False, server_default=text("1")),
        Column("put_aside_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
        Column("replayed_at", DateTime(timezone=True)),
    )


@dataclass(frozen=True, slots=True)
class RawMessage:
    """A Kafka record as it came."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]

    @property
    def fingerprint(self) -> bytes:
        """Equal for repetitions of the same message."""
        digest = hashlib.sha256()
        for part in (
            self.topic.encode(),
            self.key or b"",
            self.value or b"",
            *(name.encode() + b"=" + value for name, value in self.headers),
        ):
            digest.update(len(part).to_bytes(8, "big") + part)
        return digest.digest()


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message that was put aside."""

    id: int
    message: RawMessage
    event_type: str | None
    reason: str
    times: int
    put_aside_at: datetime
    replayed_at: datetime | None


Also = Callable[[AsyncConnection, Event, str], Awaitable[None]]
"""What a service does in the transaction that puts an event aside."""


class DeadLetters:
    """The dead letters of one service."""

    def __init__(self, service: str, engine: AsyncEngine, also: Also | None = None) -> None:
        self._service, self._engine, self._also = service, engine, also

    async def put(self, message: RawMessage, event: Event | None, reason: str) -> None:
        """Keep a message. A repetition is counted, not kept twice."""
        async with self._engine.begin() as connection:
            await connection.execute(
                text(
                    """
                    INSERT INTO dead_letters (fingerprint, topic, partition, "offset", key, value,
                                              headers, event_type, reason)
                    VALUES (:fingerprint, :topic, :partition, :offset, :key, :value,
                            :headers, :event_type, :reason)
                    ON CONFLICT (fingerprint) DO UPDATE
                    SET times = dead_letters.times + 1, reason = excluded.reason, replayed_at = NULL
                    """
                ),
                {
                    "fingerprint": message.fingerprint,
                    "topic": message.topic,
                    "partition": message.partition,
                    "offset": message.offset,
                    "key": message.key,
                    "value": message.value,
                    "headers": json.dumps(
                        [[name, value.decode("latin-1")] for name, value in message.headers]
                    ),
                    "event_type": event.payload.TYPE if event else None,
                    "reason": reason,
                },
            )
            if event is not None and self._also is not None:
                await self._also(connection, event, reason)
        PUT_ASIDE.labels(self._service, reason).inc()

    async def newest(self, *, before: int | None = None, limit: int = 50) -> Sequence[DeadLetter]:
        """The newest ones, of those before an id."""
        async with self._engine.connect() as connection:
            rows = await connection.execute(
                text("SELECT * FROM dead_letters WHERE id < :before ORDER BY id DESC LIMIT :limit"),
                {"before": before if before is not None else 2**62, "limit": limit},
            )
            return [_letter(row) for row in rows]

    async def get(self, letter_id: int) -> DeadLetter | None:
        """One, or None."""
        async with self._engine.connect() as connection:
            row = (
                await connection.execute(
                    text("SELECT * FROM dead_letters WHERE id = :id"), {"id": letter_id}
                )
            ).one_or_none()
        return _letter(row) if row is not None else None

    async def mark_replayed(self, letter_id: int) -> None:
        """It has been handled after all."""
        async with self._engine.begin() as connection:
            await connection.execute(
                text("UPDATE dead_letters SET replayed_at = now() WHERE id = :id"),
                {"id": letter_id},
            )


def _letter(row: Any) -> DeadLetter:
    headers = tuple((name, value.encode("latin-1")) for name, value in json.loads(row.headers))
    return DeadLetter(
        row.id,
        RawMessage(row.topic, row.partition, row.offset, row.key, row.value, headers),
        row.event_type,
        row.reason,
        row.times,
        row.put_aside_at,
        row.replayed_at,
    )
