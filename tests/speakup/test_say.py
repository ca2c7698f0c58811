"""Saying without an outbox: sent when the broker is there, dropped in the end when it is not."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
from aiokafka.errors import KafkaConnectionError

from speakup import say, topics
from speakup.events import Event, FactsRecorded
from speakup.kafka import make_consumer
from speakup.say import Speaker
from speakup.settings import Common
from tests.waiting import eventually


def word(number: int) -> Event:
    payload = FactsRecorded(event_ids=(UUID(int=number),))
    return Event(uuid4(), "/test", datetime.now(UTC), "facts", payload)


async def heard(settings: Common, count: int) -> list[int]:
    consumer = make_consumer(settings, "test")
    consumer.subscribe([topics.DELIVERIES])
    await consumer.start()
    numbers: list[int] = []
    try:
        async with asyncio.timeout(20):
            while len(numbers) < count:
                for batch in (await consumer.getmany(timeout_ms=200)).values():
                    for record in batch:
                        event = topics.decode(record.value, record.headers, record.topic)
                        numbers.append(event.payload.event_ids[0].int)  # type: ignore[attr-defined]
    finally:
        await consumer.stop()
    return numbers


async def test_what_is_said_arrives_in_order_also_what_was_said_before_the_broker_was_there(
    settings: Common, broker: str
) -> None:
    settings = settings.model_copy(update={"kafka_bootstrap": broker})
    speaker, stop = Speaker("test", settings, [topics.DELIVERIES]), asyncio.Event()
    speaker.say([word(1)])
    running = asyncio.create_task(speaker.run(stop))
    speaker.say([word(2), word(3)])
    assert await heard(settings, 3) == [1, 2, 3]
    stop.set()
    await asyncio.wait_for(running, 10)


class Away:
    """A producer whose broker goes away with the first event and comes back."""

    def __init__(self) -> None:
        self.taken: list[bytes] = []
        self.failed = 0

    async def start(self) -> None:
        pass

    async def stop(self) -> None:
        pass

    async def send(
        self, _topic: str, value: bytes, _key: bytes, *, headers: object
    ) -> asyncio.Future[None]:
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if self.failed == 0:
            self.failed += 1
            done.set_exception(KafkaConnectionError())
        else:
            self.taken.append(value)
            done.set_result(None)
        return done


async def nothing(*_: object) -> None:
    pass


async def test_a_word_that_fails_is_dropped_and_the_next_goes_out(
    settings: Common, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = Away()
    monkeypatch.setattr(say, "ensure_topics", nothing)
    monkeypatch.setattr(say, "make_producer", lambda _: away)
    speaker, stop = Speaker("test", settings, []), asyncio.Event()
    running = asyncio.create_task(speaker.run(stop))
    lost, kept = word(1), word(2)
    speaker.say([lost])
    await eventually(lambda: away.failed)
    speaker.say([kept])
    await eventually(lambda: away.taken)
    stop.set()
    await asyncio.wait_for(running, 10)
    assert away.taken == [topics.encode(kept).value]


async def test_with_the_broker_away_only_the_newest_words_are_kept(
    settings: Common, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = Away()
    away.failed = 1
    monkeypatch.setattr(say, "ensure_topics", nothing)
    monkeypatch.setattr(say, "make_producer", lambda _: away)
    speaker, stop = Speaker("test", settings, []), asyncio.Event()
    words = [word(number) for number in range(say.LIMIT + 10)]
    speaker.say(words)
    running = asyncio.create_task(speaker.run(stop))
    await eventually(lambda: len(away.taken) >= say.LIMIT)
    stop.set()
    await asyncio.wait_for(running, 10)
    assert away.taken == [topics.encode(one).value for one in words[10:]]
