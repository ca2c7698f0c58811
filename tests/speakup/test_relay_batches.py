"""Events go out by whole batches, and one that the broker won't have doesn't take its batch along."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.errors import MessageSizeTooLargeError, UnknownError
from aiokafka.producer.message_accumulator import BatchBuilder
from sqlalchemy.ext.asyncio import AsyncEngine

from speakup import case_number, relay, topics
from speakup.events import CaseAssigned, Channel, Event
from speakup.relay import Relay, partition_of
from speakup.settings import Common

PARTITIONS = 3


class Broker:
    """Takes batches, but none with a value that it is told to refuse."""

    def __init__(self) -> None:
        self.taken: list[tuple[int, int]] = []
        self.refused: dict[bytes, type[Exception]] = {}
        self._ends = dict.fromkeys(range(PARTITIONS), 0)

    async def partitions_for(self, _topic: str) -> set[int]:
        return set(range(PARTITIONS))

    def create_batch(self) -> BatchBuilder:
        return BatchBuilder(500_000, 0)

    async def send_batch(self, batch: Any, topic: str, *, partition: int) -> asyncio.Future[Any]:
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        count, written = batch.record_count(), bytes(batch._build())
        error = next((e for value, e in self.refused.items() if value in written), None)
        if error is not None:
            answer.set_exception(error())
        else:
            self.taken.append((partition, count))
            offset = self._ends[partition]
            self._ends[partition] += count
            answer.set_result(SimpleNamespace(topic=topic, partition=partition, offset=offset))
        return answer


@pytest.fixture
def broker() -> Broker:
    return Broker()


@pytest.fixture
def publisher(settings: Common) -> Relay:
    return Relay("test", cast("AsyncEngine", None), settings, [topics.CASES])


def records(count: int, number: str | None = None) -> list[topics.Record]:
    now = datetime.now(UTC)
    numbers = [number or case_number.mint(Channel.email) for _ in range(count)]
    return [
        topics.encode(
            Event(
                uuid4(),
                "/test",
                now,
                each,
                CaseAssigned(case_number=each, sequence=place + 1, occurred_at=now),
            )
        )
        for place, each in enumerate(numbers)
    ]


async def send(publisher: Relay, broker: Broker, some: list[topics.Record]) -> None:
    await publisher._send(cast("AIOKafkaProducer", broker), some)


async def test_the_events_of_a_partition_go_together(publisher: Relay, broker: Broker) -> None:
    await send(publisher, broker, records(300))
    assert len(broker.taken) == PARTITIONS
    assert sum(count for _, count in broker.taken) == 300


async def test_an_event_that_is_too_large_for_the_broker_goes_without_its_batch(
    publisher: Relay, broker: Broker
) -> None:
    some = records(5, "2941080236")
    broker.refused[str(some[2].event_id).encode()] = MessageSizeTooLargeError
    await send(publisher, broker, some)
    assert sum(count for _, count in broker.taken) == 4


async def test_what_an_unknown_error_met_is_sent_once_more(
    publisher: Relay, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    some = records(2, "2941080236")
    broker.refused[str(some[0].event_id).encode()] = UnknownError

    async def make_topics(*_: object) -> None:
        broker.refused.clear()

    monkeypatch.setattr(relay, "ensure_topics", make_topics)
    await send(publisher, broker, some)
    assert [count for _, count in broker.taken] == [2]


async def test_offsets_that_begin_again_mean_a_new_topic(publisher: Relay, broker: Broker) -> None:
    await send(publisher, broker, records(10, "2941080236"))
    assert not publisher._all_due
    await send(publisher, Broker(), records(1, "2941080236"))
    assert publisher._all_due


@pytest.mark.parametrize(
    ("key", "murmur2"),
    # From Kafka's own test of it (UtilsTest.testMurmur2).
    [(b"21", -973932308), (b"foobar", -790332482), (b"a-little-bit-long-string", -985981536)],
)
def test_a_key_goes_where_kafkas_own_clients_put_it(key: bytes, murmur2: int) -> None:
    assert partition_of(key, 7) == (murmur2 & 0x7FFFFFFF) % 7
