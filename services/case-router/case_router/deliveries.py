"""What adapters and reporting say back: replies on their way, facts taken, keys in use."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from uuid import UUID, uuid4

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from case_router.store import history
from case_router.store.vault import Vault, pin_context
from speakup import outbox, seal, topics
from speakup.events import (
    CaseAcknowledged,
    DeliveryRecorded,
    Event,
    FactsRecorded,
    IntakeKeysInUse,
    Purpose,
    ReplayRequested,
    ReplyAccepted,
    ReplyDelivered,
    ReplyFailed,
)
from speakup.relay import Relay

Say = Callable[[Sequence[Event]], None]


class Deliveries:
    """The handler for `speakup.deliveries`."""

    def __init__(
        self,
        *,
        engine: AsyncEngine,
        vault: Vault,
        relay: Relay,
        say: Say,
        pin_key: bytes,
        retry: float,
    ) -> None:
        self._engine, self._vault, self._relay, self._say = engine, vault, relay, say
        self._pin_key, self._retry = pin_key, retry

    async def handle(self, batch: Sequence[Event]) -> None:
        """Act once upon each event; say of each that it is recorded."""
        records: list[topics.Record] = []
        async with self._engine.begin() as connection:
            await self._settle_facts(connection, batch)
            new = await _new(connection, [e.id for e in batch if not _is_facts(e)])
            for event in batch:
                if event.id in new:
                    new.discard(event.id)
                    records += await self._act(connection, event)
            await outbox.add(connection, records, retry=self._retry)
        self._relay.publish_soon(records)
        recorded = tuple(event.id for event in batch if not _is_facts(event))
        if recorded:
            payload = DeliveryRecorded(event_ids=recorded)
            self._say([Event(uuid4(), history.SOURCE, datetime.now(UTC), "deliveries", payload)])

    async def _settle_facts(self, connection: AsyncConnection, batch: Sequence[Event]) -> None:
        settled = [
            event_id
            for event in batch
            if isinstance(event.payload, FactsRecorded)
            for event_id in event.payload.event_ids
        ]
        await outbox.settle(connection, settled, keep=True)

    async def _act(self, connection: AsyncConnection, event: Event) -> list[topics.Record]:
        match event.payload:
            case ReplyAccepted() as accepted:
                await outbox.settle(connection, [accepted.reply_id])
                await _set_state(connection, accepted.reply_id, "accepted", before=("requested",))
            case ReplyDelivered() as delivered:
                return await self._delivered(connection, delivered, event)
            case ReplyFailed() as failed:
                await outbox.settle(connection, [failed.reply_id])
                before = ["requested", "accepted"]
                if failed.returned:
                    # It had been delivered, as far as we knew.
                    before.append("delivered")
                await _set_state(
                    connection,
                    failed.reply_id,
                    "failed",
                    before=before,
                    failure=failed.reason,
                    returned=failed.returned,
                )
                await history.note(
                    connection, "reply.failed", [failed.case_number], subject=str(failed.reply_id)
                )
            case ReplayRequested() as replay:
                await outbox.make_due(
                    connection, topic=topics.CASES, since=replay.since, settled_too=True
                )
            case IntakeKeysInUse() as in_use:
                await _keep_keys_in_use(connection, in_use)
        return []

    async def _delivered(
        self, connection: AsyncConnection, delivered: ReplyDelivered, event: Event
    ) -> list[topics.Record]:
        number = delivered.case_number
        await outbox.settle(connection, [delivered.reply_id])
        await _set_state(
            connection, delivered.reply_id, "delivered", before=("requested", "accepted", "failed")
        )
        await history.note(connection, "reply.delivered", [number], subject=str(delivered.reply_id))
        if delivered.purpose is not Purpose.acknowledgement:
            return []
        sequence = await history.next_sequence(connection, number)
        if sequence is None:
            return []
        await self._close_pin(connection, number, delivered.delivered_at)
        payload = CaseAcknowledged(
            case_number=number, sequence=sequence, occurred_at=delivered.delivered_at
        )
        return [history.record(payload, number, cause=event.traceparent)]

    async def _close_pin(
        self, connection: AsyncConnection, number: str, acknowledged_at: datetime
    ) -> None:
        """The reporter has their PIN: from now on we only recognise it."""
        locked = await connection.scalar(
            text("SELECT pin_locked FROM cases WHERE case_number = :number"), {"number": number}
        )
        keys = await self._vault.keys_of([number]) if locked is not None else {}
        mac = None
        if locked is not None and number in keys:
            pin = seal.unlock(keys[number], locked, pin_context(number))
            mac = pin_mac(self._pin_key, number, pin)
        await connection.execute(
            text(
                """
                UPDATE cases SET acknowledged_at = least(acknowledged_at, :at), pin_locked = NULL,
                                 pin_hmac = coalesce(:mac, pin_hmac)
                WHERE case_number = :number
                """
            ),
            {"at": acknowledged_at, "mac": mac, "number": number},
        )


def pin_mac(key: bytes, case_number: str, pin: bytes) -> bytes:
    """What is left of a PIN: HMAC-SHA256 under a key that isn't in the database."""
    return hmac.digest(key, f"{case_number}/".encode() + pin, hashlib.sha256)


def _is_facts(event: Event) -> bool:
    # Settling twice changes nothing, so these needn't be remembered; and reporting keeps no outbox.
    return isinstance(event.payload, FactsRecorded)


async def _new(connection: AsyncConnection, event_ids: Sequence[UUID]) -> set[UUID]:
    if not event_ids:
        return set()
    rows = await connection.scalars(
        text(
            "INSERT INTO processed (event_id) SELECT DISTINCT unnest(CAST(:ids AS uuid[])) "
            "ON CONFLICT DO NOTHING RETURNING event_id"
        ),
        {"ids": list(event_ids)},
    )
    return set(rows)


async def _set_state(
    connection: AsyncConnection,
    reply_id: UUID,
    state: str,
    *,
    before: Sequence[str],
    failure: str | None = None,
    returned: bool = False,
) -> None:
    """What came back stays failed, even where word of its delivery comes later."""
    await connection.execute(
        text(
            "UPDATE replies SET state = :state, state_at = now(), failure = :failure, "
            "returned = :returned "
            "WHERE reply_id = :reply_id AND state = ANY(:before) AND NOT returned"
        ),
        {
            "state": state,
            "failure": failure,
            "returned": returned,
            "reply_id": reply_id,
            "before": list(before),
        },
    )


async def _keep_keys_in_use(connection: AsyncConnection, in_use: IntakeKeysInUse) -> None:
    await connection.execute(
        text(
            """
            INSERT INTO adapter_keys (adapter, key_ids, said_at)
            VALUES (:adapter, :key_ids, :said_at)
            ON CONFLICT (adapter) DO UPDATE SET key_ids = excluded.key_ids, said_at = excluded.said_at
            WHERE adapter_keys.said_at < excluded.said_at
            """
        ),
        {
            "adapter": in_use.adapter,
            "key_ids": ",".join(in_use.key_ids),
            "said_at": in_use.said_at,
        },
    )
