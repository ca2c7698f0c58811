"""A consumer tells a new topic under an old name from one that it has read to its end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from unittest.mock import AsyncMock
from uuid import UUID, uuid4

import pytest
from aiokafka.admin import AIOKafkaAdminClient

from speakup import consume, topics
from speakup.consume import Consumer
from speakup.events import CaseAssigned, Event
from speakup.kafka import ensure_topics, make_producer
from speakup.settings import Common
from tests.waiting import eventually

NUMBER = "2941080236"


class Listener(Consumer):
    """A consumer that keeps what it heard and counts its looks at the topic."""

    def __init__(self, settings: Common) -> None:
        super().__init__(
            settings,
            group="test",
            topics=[topics.CASES],
            handle=self._hear,
            dead_letters=AsyncMock(),
            on_new_topic=self._see_new,
        )
        self.heard: list[UUID] = []
        self.looks = self.new_topics = 0

    async def _hear(self, events: Sequence[Event]) -> None:
        self.heard += [event.id for event in events]

    def _see_new(self) -> None:
        self.new_topics += 1

    async def _look(self, consumer: object) -> int:
        behind = await super()._look(consumer)
        self.looks += 1
        return behind


@pytest.fixture
async def listener(
    settings: Common, broker: str, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[tuple[Listener, Common]]:
    monkeypatch.setattr(consume, "LOOK_SECONDS", 0.05)
    settings = settings.model_copy(
        update={"kafka_bootstrap": broker, "kafka_session_timeout_ms": 2000}
    )
    made, stop = Listener(settings), asyncio.Event()
    running = asyncio.create_task(made.run(stop))
    yield made, settings
    stop.set()
    await asyncio.wait_for(running, 10)


@asynccontextmanager
async def administration(settings: Common) -> AsyncIterator[AIOKafkaAdminClient]:
    client = AIOKafkaAdminClient(bootstrap_servers=settings.kafka_bootstrap)
    await client.start()
    yield client
    await client.close()


async def publish(settings: Common, count: int) -> list[UUID]:
    """Events of one case, which go out together."""
    now = datetime.now(UTC)
    payload = CaseAssigned(case_number=NUMBER, sequence=1, occurred_at=now)
    records = [topics.encode(Event(uuid4(), "/test", now, NUMBER, payload)) for _ in range(count)]
    producer = make_producer(settings)
    await producer.start()
    sending = [
        await producer.send(r.topic, r.value, r.key, headers=list(r.headers)) for r in records
    ]
    await asyncio.gather(*sending)
    await producer.stop()
    return [record.event_id for record in records]


async def test_what_was_read_to_its_end_is_not_read_again(
    listener: tuple[Listener, Common],
) -> None:
    consumer, settings = listener
    said = await publish(settings, 50)
    await eventually(lambda: len(consumer.heard) >= 50)
    looks = consumer.looks
    await eventually(lambda: consumer.looks >= looks + 5)
    assert (consumer.heard, consumer.new_topics) == (said, 0)


async def test_a_topic_that_was_made_anew_is_read_from_its_beginning(
    listener: tuple[Listener, Common],
) -> None:
    consumer, settings = listener
    # Two batches, since Tansu tells as the end where the last one begins.
    before = await publish(settings, 50) + await publish(settings, 1)
    await eventually(lambda: len(consumer.heard) >= 51)
    looks = consumer.looks
    await eventually(lambda: consumer.looks >= looks + 2)
    async with administration(settings) as client:
        await client.delete_topics([topics.CASES])
    await ensure_topics(settings, [topics.CASES])
    after = await publish(settings, 3)
    await eventually(lambda: len(consumer.heard) >= 54)
    assert consumer.heard == before + after
