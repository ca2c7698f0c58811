"""The relay: publishes outbox rows to Kafka, again and again, until they are settled.

A row goes out straight after its commit (`publish_soon`), without touching the database. Everything
else is a sweep of rows that are due: at start, when the broker was away or turns out to be a new one,
and when a row's consumer has kept silent for too long.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Collection, Sequence
from contextlib import suppress
from datetime import UTC, datetime

from aiokafka import AIOKafkaProducer
from aiokafka.errors import (
    InvalidMessageError,
    MessageSizeTooLargeError,
    RecordListTooLargeError,
    UnknownError,
)
from aiokafka.structs import RecordMetadata
from prometheus_client import Counter, Gauge
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from speakup import outbox
from speakup.gather import Gathering
from speakup.kafka import UNREACHABLE, ensure_topics, make_producer, stop_quietly
from speakup.logs import get_logger
from speakup.settings import Common
from speakup.topics import Record

PUBLISHED = Counter("speakup_published", "Events published, repetitions too", ["service", "topic"])
REFUSED = Counter("speakup_refused", "Events that the broker refused for good", ["service"])
UNSETTLED = Gauge("speakup_unsettled", "Events whose consumer hasn't confirmed them", ["service"])
OLDEST = Gauge("speakup_unsettled_oldest_seconds", "Age of the oldest unsettled event", ["service"])

REFUSALS = (MessageSizeTooLargeError, RecordListTooLargeError, InvalidMessageError)
"""Errors about the one event; every other error is about the broker."""

AWAY: tuple[type[Exception], ...] = (*UNREACHABLE, SQLAlchemyError)

CHUNK = 500
SWEEP_SECONDS = 1.0
MEASURE_SECONDS = 10.0
SEND_SECONDS = 20.0


class Relay:
    """Publishes the outbox of one service."""

    def __init__(
        self, service: str, engine: AsyncEngine, settings: Common, topics: Collection[str]
    ) -> None:
        self._service, self._engine, self._settings, self._topics = (
            service,
            engine,
            settings,
            tuple(topics),
        )
        self._queue: deque[Record] = deque()
        self._wake = asyncio.Event()
        self._connected = False
        self._all_due = False
        self._offsets: dict[tuple[str, int], int] = {}
        self._measured = 0.0
        self._log = get_logger(service)

    def publish_soon(self, records: Sequence[Record]) -> None:
        """Publish events that have just been committed.

        With the broker away nothing is queued: the rows go out when it is back.
        """
        if self._connected:
            self._queue.extend(records)
            self._wake.set()

    def republish(self) -> None:
        """Publish all unsettled events again at once: the broker or a topic is a new one."""
        self._all_due = True
        self._wake.set()

    async def check(self) -> str | None:
        """For readiness: what is wrong, or None."""
        return None if self._connected else "the broker doesn't take events"

    async def run(self, stop: asyncio.Event) -> None:
        """Publish until told to stop."""
        pause = 0.1
        while not stop.is_set():
            started = time.monotonic()
            try:
                await self._connect_and_publish(stop)
            except AWAY as error:
                self._log.warning("relay_waits", exc_info=error)
            finally:
                self._connected = False
                self._queue.clear()
            pause = 0.1 if time.monotonic() - started > 10 else min(pause * 2, 5.0)
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), pause)

    async def _connect_and_publish(self, stop: asyncio.Event) -> None:
        await ensure_topics(self._settings, self._topics)
        producer = make_producer(self._settings)
        try:
            async with asyncio.timeout(SEND_SECONDS):
                await producer.start()
            # First connected, then all due: what is committed in between goes out by one of the two.
            self._connected = True
            self._all_due = True
            await self._publish(producer, stop)
        finally:
            await stop_quietly(producer.stop())

    async def _publish(self, producer: AIOKafkaProducer, stop: asyncio.Event) -> None:
        swept = 0.0
        gathering = Gathering(shortest=0.01, longest=0.05)
        while not stop.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), SWEEP_SECONDS)
            self._wake.clear()
            if self._queue:
                await gathering.wait()
                gathering.came(len(self._queue))
            while self._queue:
                count = min(CHUNK, len(self._queue))
                await self._send(producer, [self._queue.popleft() for _ in range(count)])
            if self._all_due or time.monotonic() - swept >= SWEEP_SECONDS:
                await self._sweep(producer, stop)
                swept = time.monotonic()

    async def _sweep(self, producer: AIOKafkaProducer, stop: asyncio.Event) -> None:
        if self._all_due:
            async with self._engine.begin() as connection:
                count = await outbox.make_due(connection)
            self._all_due = False
            if count:
                self._log.info("republishing", count=count)
        while not stop.is_set():
            async with self._engine.begin() as connection:
                records = await outbox.take_due(
                    connection, limit=CHUNK, retry=self._settings.outbox_retry_seconds
                )
            await self._send(producer, records)
            if len(records) < CHUNK:
                break
        if time.monotonic() - self._measured >= MEASURE_SECONDS:
            self._measured = time.monotonic()
            async with self._engine.connect() as connection:
                number, oldest = await outbox.unsettled(connection)
            UNSETTLED.labels(self._service).set(number)
            age = (datetime.now(UTC) - oldest).total_seconds() if oldest else 0.0
            OLDEST.labels(self._service).set(age)

    async def _send(self, producer: AIOKafkaProducer, records: Sequence[Record]) -> None:
        """Publish and wait for the broker's word. Raises what is in UNREACHABLE."""
        again = await self._send_once(producer, records)
        if again:
            # Tansu's word for a topic that isn't there (any more) is "unknown error".
            await ensure_topics(self._settings, self._topics)
            for record in await self._send_once(producer, again):
                self._refused(record)

    async def _send_once(
        self, producer: AIOKafkaProducer, records: Sequence[Record]
    ) -> list[Record]:
        """What failed by an unknown error. Raises what is in UNREACHABLE."""
        again = []
        async with asyncio.timeout(SEND_SECONDS):
            sending = [(record, await self._hand_over(producer, record)) for record in records]
            results = await asyncio.gather(
                *(future for _, future in sending if future), return_exceptions=True
            )
        for record, result in zip((r for r, future in sending if future), results, strict=True):
            if isinstance(result, UnknownError):
                again.append(record)
            elif isinstance(result, REFUSALS):
                self._refused(record)
            elif isinstance(result, BaseException):
                raise result
            else:
                PUBLISHED.labels(self._service, record.topic).inc()
                self._watch_offset((result.topic, result.partition), result.offset)
        return again

    async def _hand_over(
        self, producer: AIOKafkaProducer, record: Record
    ) -> asyncio.Future[RecordMetadata] | None:
        try:
            sending: asyncio.Future[RecordMetadata] = await producer.send(
                record.topic, record.value, record.key, headers=list(record.headers)
            )
        except REFUSALS:
            self._refused(record)
            return None
        return sending

    def _refused(self, record: Record) -> None:
        """This one the broker won't have; the row stays, to be tried again, and the others go on."""
        REFUSED.labels(self._service).inc()
        self._log.error("event_refused", event_id=record.event_id, topic=record.topic)

    def _watch_offset(self, partition: tuple[str, int], offset: int) -> None:
        if offset <= self._offsets.get(partition, -1):
            # Offsets only grow: this is another topic by the same name, and it lacks what the old had.
            self._offsets.clear()
            self._log.warning("topic_is_new", topic=partition[0])
            self.republish()
        self._offsets[partition] = offset
