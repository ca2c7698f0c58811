"""The outbox and its relay: what was committed reaches its consumer, whatever happens to the broker."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from sqlalchemy import MetaData, text
from sqlalchemy.ext.asyncio import AsyncEngine

from embedded.broker import start_broker
from speakup import outbox, topics
from speakup.consume import Consumer
from speakup.dead_letters import DeadLetters, dead_letters_table
from speakup.events import CaseAssigned, Event
from speakup.outbox import outbox_table
from speakup.relay import Relay
from speakup.settings import Common
from tests.databases import database
from tests.waiting import eventually

NUMBER = "2941080236"
METADATA = MetaData()
outbox_table(METADATA)
dead_letters_table(METADATA)


@pytest.fixture
async def engine(postgres_url: str) -> AsyncIterator[AsyncEngine]:
    async with database(postgres_url, METADATA) as made:
        yield made


def record(sequence: int = 1) -> topics.Record:
    now = datetime.now(UTC)
    payload = CaseAssigned(case_number=NUMBER, sequence=sequence, occurred_at=now)
    return topics.encode(Event(uuid4(), "/test", now, NUMBER, payload))


async def commit(engine: AsyncEngine, records: Sequence[topics.Record], retry: float = 300) -> None:
    async with engine.begin() as connection:
        await outbox.add(connection, records, retry=retry)


@asynccontextmanager
async def running(*runners: object) -> AsyncIterator[None]:
    stop = asyncio.Event()
    tasks = [asyncio.create_task(runner.run(stop)) for runner in runners]  # type: ignore[attr-defined]
    try:
        yield
    finally:
        stop.set()
        await asyncio.gather(*tasks)


class Ear:
    """A consumer that remembers what it heard."""

    def __init__(self, settings: Common, engine: AsyncEngine) -> None:
        self.heard: list[UUID] = []
        self.consumer = Consumer(
            settings,
            group="ear",
            topics=[topics.CASES],
            handle=self.handle,
            dead_letters=DeadLetters("ear", engine),
        )
        self.run = self.consumer.run

    async def handle(self, batch: Sequence[Event]) -> None:
        self.heard += [event.id for event in batch]


def of(settings: Common, bootstrap: str, retry: float = 300) -> Common:
    return settings.model_copy(
        update={
            "kafka_bootstrap": bootstrap,
            "outbox_retry_seconds": retry,
            "kafka_session_timeout_ms": 2000,
        }
    )


async def test_a_committed_event_is_published_at_once(
    settings: Common, engine: AsyncEngine, broker: str
) -> None:
    settings = of(settings, broker)
    relay, ear = Relay("test", engine, settings, [topics.CASES]), Ear(settings, engine)
    async with running(relay, ear):
        await eventually(lambda: relay._connected)
        event = record()
        await commit(engine, [event])
        relay.publish_soon([event])
        await eventually(lambda: event.event_id in ear.heard)


async def test_an_event_whose_process_died_before_publishing_goes_out_at_the_start(
    settings: Common, engine: AsyncEngine, broker: str
) -> None:
    settings = of(settings, broker)
    event = record()
    await commit(engine, [event])
    ear = Ear(settings, engine)
    async with running(Relay("test", engine, settings, [topics.CASES]), ear):
        await eventually(lambda: event.event_id in ear.heard)


async def test_an_event_is_published_again_until_it_is_settled(
    settings: Common, engine: AsyncEngine, broker: str
) -> None:
    settings = of(settings, broker, retry=0.2)
    event = record()
    await commit(engine, [event], retry=0.2)
    ear = Ear(settings, engine)
    async with running(Relay("test", engine, settings, [topics.CASES]), ear):
        await eventually(lambda: ear.heard.count(event.event_id) >= 2)
        async with engine.begin() as connection:
            assert await outbox.settle(connection, [event.event_id]) == 1
    async with engine.connect() as connection:
        assert await outbox.unsettled(connection) == (0, None)


async def test_a_kept_event_is_marked_and_can_be_sent_again(engine: AsyncEngine) -> None:
    event = record()
    await commit(engine, [event])
    async with engine.begin() as connection:
        await outbox.settle(connection, [event.event_id], keep=True)
        assert await outbox.take_due(connection, limit=10, retry=1) == []
        await outbox.make_due(connection, topic=topics.CASES, settled_too=True)
        assert await outbox.take_due(connection, limit=10, retry=1) == [event]


async def test_what_a_dead_broker_forgot_is_published_to_the_new_one(
    settings: Common, engine: AsyncEngine, tmp_path: Path
) -> None:
    with start_broker(tmp_path) as broker:
        settings = of(settings, broker.bootstrap)
        relay = Relay("test", engine, settings, [topics.CASES])
        async with running(relay):
            await eventually(lambda: relay._connected)
            lost = [record(n) for n in range(1, 21)]
            await commit(engine, lost)
            relay.publish_soon(lost)
            await eventually(lambda: not relay._queue)
        broker.kill()
        broker.start()
        # As the supervisor has it: with clients made anew (decision 0006).
        ear = Ear(settings, engine)
        async with running(Relay("test", engine, settings, [topics.CASES]), ear):
            wanted = {event.event_id for event in lost}
            await eventually(lambda: wanted <= set(ear.heard), seconds=40)


async def test_a_record_that_makes_no_sense_is_put_aside_and_the_others_are_heard(
    settings: Common, engine: AsyncEngine, broker: str
) -> None:
    settings = of(settings, broker)
    good = [record(1), record(2)]
    bad = topics.Record(uuid4(), topics.CASES, NUMBER.encode(), b"{", good[0].headers)
    await commit(engine, [good[0], bad, good[1]])
    ear = Ear(settings, engine)
    async with running(Relay("test", engine, settings, [topics.CASES]), ear):
        await eventually(lambda: {e.event_id for e in good} <= set(ear.heard))
        letters = await eventually(lambda: DeadLetters("ear", engine).newest())
    assert [(letter.reason, letter.message.value) for letter in letters] == [
        ("malformed_payload", b"{")
    ]


async def test_headers_survive_the_outbox(engine: AsyncEngine) -> None:
    event = record()
    await commit(engine, [event], retry=0)
    async with engine.begin() as connection:
        assert await outbox.take_due(connection, limit=10, retry=1) == [event]
        tables = await connection.scalar(text("SELECT attempts FROM outbox"))
    assert tables == 1
