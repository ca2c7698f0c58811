"""What adapters and reporting say back: replies on their way, facts taken, keys in use."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from uuid import UUID, uuid4

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from case_router import pins
from case_router.store import history
from case_router.store.clocks import Clocks
from case_router.store.vault import Vault
from speakup import outbox, topics
from speakup.events import (
    DeliveryRecorded,
    Event,
    FactsRecorded,
    IntakeKeysInUse,
    Payload,
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
        clocks: Clocks,
        retry: float,
    ) -> None:
        self._clocks = clocks
        self._engine, self._vault, self._relay, self._say = engine, vault, relay, say
        self._pin_key, self._retry = pin_key, retry

    async def handle(self, batch: Sequence[Event]) -> None:
        """Act once upon each event; say of each that it is recorded."""
        async with self._engine.begin() as connection:
            await self._settle_facts(connection, batch)
            unseen = await _new(connection, [e.id for e in batch if not _is_facts(e)])
            fresh = {event.id: event for event in batch if event.id in unseen}.values()
            await _take_note(connection, [event.payload for event in fresh])
            records = await self._acknowledged(connection, fresh)
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

    async def _acknowledged(
        self, connection: AsyncConnection, events: Iterable[Event]
    ) -> list[topics.Record]:
        """The reporters of these cases have their PIN: from now on we only recognise it."""
        causes = {
            event.payload.case_number: (event.payload.delivered_at, event.traceparent)
            for event in events
            if isinstance(event.payload, ReplyDelivered)
            and event.payload.purpose is Purpose.acknowledgement
        }
        said = await pins.acknowledge(connection, self._vault, self._pin_key, causes)
        await self._clocks.reckon(connection, list(causes))
        return said


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


async def _take_note(connection: AsyncConnection, payloads: Sequence[Payload]) -> None:
    """What became of replies, and what else was said. Deliveries come before failures: what was delivered
    may have come back since.
    """
    accepted = [p for p in payloads if isinstance(p, ReplyAccepted)]
    delivered = [p for p in payloads if isinstance(p, ReplyDelivered)]
    failed = [p for p in payloads if isinstance(p, ReplyFailed)]
    told = (ReplyAccepted, ReplyDelivered, ReplyFailed)
    await outbox.settle(connection, [p.reply_id for p in payloads if isinstance(p, told)])
    await _set_states(connection, [p.reply_id for p in accepted], "accepted", before=("requested",))
    await _set_states(
        connection,
        [p.reply_id for p in delivered],
        "delivered",
        before=("requested", "accepted", "failed"),
    )
    await _note(connection, "reply.delivered", delivered)
    for reply in failed:
        await _set_states(
            connection,
            [reply.reply_id],
            "failed",
            # What comes back had been delivered, as far as we knew.
            before=("requested", "accepted", *(("delivered",) if reply.returned else ())),
            failure=reply.reason,
            returned=reply.returned,
        )
    await _note(connection, "reply.failed", failed)
    for payload in payloads:
        if isinstance(payload, ReplayRequested):
            await outbox.make_due(
                connection, topic=topics.CASES, since=payload.since, settled_too=True
            )
        elif isinstance(payload, IntakeKeysInUse):
            await _keep_keys_in_use(connection, payload)


async def _note(
    connection: AsyncConnection, action: str, replies: Sequence[ReplyDelivered | ReplyFailed]
) -> None:
    if replies:
        numbers = [reply.case_number for reply in replies]
        subjects = [str(reply.reply_id) for reply in replies]
        await history.note(connection, action, numbers, subject=subjects)


async def _set_states(
    connection: AsyncConnection,
    reply_ids: Sequence[UUID],
    state: str,
    *,
    before: Sequence[str],
    failure: str | None = None,
    returned: bool = False,
) -> None:
    """Of those in one of the states `before`. What came back stays failed, whatever comes later."""
    if not reply_ids:
        return
    await connection.execute(
        text(
            "UPDATE replies SET state = :state, state_at = now(), failure = :failure, "
            "returned = :returned "
            "WHERE reply_id = ANY(:ids) AND state = ANY(:before) AND NOT returned"
        ),
        {
            "state": state,
            "failure": failure,
            "returned": returned,
            "ids": list(reply_ids),
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
