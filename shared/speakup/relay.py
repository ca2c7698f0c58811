"""The relay: publishes outbox rows to Kafka, again and again, until they are settled.

A row goes out straight after its commit (`publish_soon`), without touching the database. Everything
else is a sweep of rows that are due: at start, when the broker was away or turns out to be a new one,
and when a row's consumer has kept silent for too long.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from functools import lru_cache
from typing import NamedTuple

from aiokafka import AIOKafkaProducer
from aiokafka.errors import (
    InvalidMessageError,
    MessageSizeTooLargeError,
    RecordListTooLargeError,
    UnknownError,
)
from aiokafka.partitioner import DefaultPartitioner
from aiokafka.producer.message_accumulator import BatchBuilder
from aiokafka.structs import RecordMetadata
from prometheus_client import Counter, Gauge
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from speakup import outbox
from speakup.gather import Gathering
from speakup.kafka import UNREACHABLE, ensure_topics, make_producer, stop_quietly
from speakup.logs import get_logger
from speakup.rest import rest
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
            await rest(stop, pause)

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
        again: list[Record] = []
        for batch, result in await self._send_batches(producer, records):
            if isinstance(result, UnknownError):
                again += batch
            elif isinstance(result, REFUSALS) and len(batch) > 1:
                # One of them it is, and which one shows only when each goes alone.
                for record in batch:
                    again += await self._send_once(producer, [record])
            elif isinstance(result, REFUSALS):
                self._refused(batch[0])
            elif isinstance(result, BaseException):
                raise result
            else:
                PUBLISHED.labels(self._service, result.topic).inc(len(batch))
                self._watch_offset((result.topic, result.partition), result.offset, len(batch))
        return again

    async def _send_batches(
        self, producer: AIOKafkaProducer, records: Sequence[Record]
    ) -> list[tuple[list[Record], RecordMetadata | BaseException]]:
        async with asyncio.timeout(SEND_SECONDS):
            partitions = {
                topic: len(await producer.partitions_for(topic))
                for topic in {record.topic for record in records}
            }
            batches = _batches(producer, records, partitions)
            sending = [
                await producer.send_batch(batch.builder, batch.topic, partition=batch.partition)
                for batch in batches
            ]
            results = await asyncio.gather(*sending, return_exceptions=True)
        return [(batch.records, result) for batch, result in zip(batches, results, strict=True)]

    def _refused(self, record: Record) -> None:
        """This one the broker won't have; the row stays, to be tried again, and the others go on."""
        REFUSED.labels(self._service).inc()
        self._log.error("event_refused", event_id=record.event_id, topic=record.topic)

    def _watch_offset(self, partition: tuple[str, int], offset: int, count: int) -> None:
        if offset <= self._offsets.get(partition, -1):
            # Offsets only grow: this is another topic by the same name, and it lacks what the old had.
            self._offsets.clear()
            self._log.warning("topic_is_new", topic=partition[0])
            self.republish()
        self._offsets[partition] = offset + count - 1


class _Batch(NamedTuple):
    """Records of one partition, and the same as the broker takes them."""

    topic: str
    partition: int
    records: list[Record]
    builder: BatchBuilder


def _batches(
    producer: AIOKafkaProducer, records: Sequence[Record], partitions: Mapping[str, int]
) -> list[_Batch]:
    """The records by partition, in their order. Several records share one request, one future, one answer."""
    batches: list[_Batch] = []
    open_ones: dict[tuple[str, int], _Batch] = {}
    for record in records:
        place = (record.topic, partition_of(record.key, partitions[record.topic]))
        batch = open_ones.get(place)
        if batch is None or not _fits(batch, record):
            batch = open_ones[place] = _Batch(*place, [], producer.create_batch())
            batches.append(batch)
            _fits(batch, record)
    return batches


def _fits(batch: _Batch, record: Record) -> bool:
    """Whether it could be added; the first one always can."""
    added = batch.builder.append(
        timestamp=None, key=record.key, value=record.value, headers=list(record.headers)
    )
    if added is not None:
        batch.records.append(record)
    return added is not None


@lru_cache(maxsize=4096)
def partition_of(key: bytes, partitions: int) -> int:
    """Where Kafka's clients put a key: murmur2, so that other programs' events keep the order, too."""
    place: int = DefaultPartitioner()(key, range(partitions), range(partitions))
    return place
