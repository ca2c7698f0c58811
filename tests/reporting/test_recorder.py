"""What reporting keeps in PostgreSQL, and what it says to the router."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncEngine

from reporting import store, tables
from reporting.consume import Recorder
from reporting.settings import Settings
from reporting.tally import Facts
from speakup import events
from speakup.consume import LaterError
from speakup.events import Event
from speakup.say import Speaker
from tests.reporting import recount
from tests.reporting.histories import START, event, history
from tests.waiting import eventually

ZONE = ZoneInfo("Asia/Almaty")


class Ear(Speaker):
    """A speaker that keeps what it is told."""

    def __init__(self, var: Path) -> None:
        super().__init__("reporting", Settings(var=var), [])
        self.heard: list[Event] = []

    def say(self, events: Sequence[Event]) -> None:
        self.heard += events

    def ids(self) -> list[UUID]:
        return [
            event_id
            for event in self.heard
            if isinstance(event.payload, events.FactsRecorded)
            for event_id in event.payload.event_ids
        ]


@pytest.fixture
def ear(tmp_path: Path) -> Ear:
    return Ear(tmp_path)


@pytest.fixture
def recorder(reporting_engine: AsyncEngine, ear: Ear) -> Recorder:
    return Recorder(reporting_engine, ear, ZONE)


async def figures(engine: AsyncEngine) -> Counter[recount.Row]:
    async with engine.connect() as connection:
        rows = await connection.execute(text("SELECT * FROM tallies WHERE count <> 0"))
        return Counter(
            {(r.day, r.channel, r.kind, r.language, r.status): getattr(r, "count") for r in rows}  # noqa: B009
        )


async def test_figures_are_those_of_a_plain_recount_however_events_come(
    reporting_engine: AsyncEngine, recorder: Recorder
) -> None:
    told = history(7, cases=400)
    mixed = told + told[::2]
    random.Random(7).shuffle(mixed)  # noqa: S311
    for start in range(0, len(mixed), 331):
        await recorder.handle(mixed[start : start + 331])
    assert await figures(reporting_engine) == recount.figures(told, ZONE)


async def test_instances_at_work_on_the_same_events_count_each_once(
    reporting_engine: AsyncEngine, recorder: Recorder
) -> None:
    told = history(8, cases=150)

    async def patiently(batch: Sequence[Event]) -> None:
        while True:
            try:
                return await recorder.handle(batch)
            except LaterError:
                continue

    rng = random.Random(8)  # noqa: S311
    batches = [rng.sample(told, 120) for _ in range(10)] + [told]
    await asyncio.gather(*(patiently(batch) for batch in batches))
    assert await figures(reporting_engine) == recount.figures(told, ZONE)


async def test_facts_that_another_instance_has_just_added_are_a_race(
    reporting_engine: AsyncEngine,
) -> None:
    async with reporting_engine.begin() as connection:
        await store.add(connection, [Facts("2000000001")])
    async with reporting_engine.begin() as connection:
        with pytest.raises(store.RaceError):
            await store.add(connection, [Facts("2000000002"), Facts("2000000001")])
        await connection.rollback()


async def test_a_case_that_is_not_opened_yet_waits_uncounted(
    reporting_engine: AsyncEngine, recorder: Recorder
) -> None:
    told = history(9, cases=1, longest=1)
    number = "2000000000"
    classified = event(
        events.CaseClassified(
            case_number=number,
            sequence=2,
            occurred_at=START,
            kind=events.Kind.policy_inquiry,
            probability=1,
            needs_triage=False,
            version="test",
        ),
        uuid4(),
    )
    await recorder.handle([classified])
    assert await figures(reporting_engine) == {}
    await recorder.handle(told)
    assert [row[2] for row in await figures(reporting_engine)] == ["policy_inquiry"]


async def test_the_router_is_told_of_every_event_also_when_it_comes_again(
    recorder: Recorder, ear: Ear
) -> None:
    told = history(10, cases=20)
    await recorder.handle(told)
    await recorder.handle(told)
    assert Counter(ear.ids()) == Counter({event.id: 2 for event in told})


async def test_the_router_is_told_of_a_submission_set_aside_and_not_of_its_own_deliveries(
    recorder: Recorder, ear: Ear
) -> None:
    set_aside = event(
        events.SubmissionSetAside(
            event_id=uuid4(), case_number="2000000001", set_aside_at=START, reason="unreadable"
        ),
        uuid4(),
    )
    deliveries = event(events.DeliveryRecorded(event_ids=(uuid4(),)), uuid4())
    await recorder.handle([set_aside, deliveries])
    assert ear.ids() == [set_aside.id]


async def test_a_word_to_the_router_holds_at_most_2000_ids(recorder: Recorder, ear: Ear) -> None:
    told = history(11, cases=500)
    assert 2000 < len(told) < 4000
    await recorder.handle(told)
    assert [len(e.payload.event_ids) for e in ear.heard] == [2000, len(told) - 2000]  # type: ignore[attr-defined]


async def test_nothing_is_said_before_the_facts_are_on_disk(
    reporting_engine: AsyncEngine, recorder: Recorder, ear: Ear
) -> None:
    told = history(12, cases=1)
    async with reporting_engine.begin() as connection:
        await connection.execute(text("LOCK TABLE facts IN EXCLUSIVE MODE"))
        waiting = asyncio.create_task(recorder.handle(told))
        assert await eventually(lambda: _somebody_waits(reporting_engine))
        assert ear.heard == []
    await waiting
    assert ear.ids() == [event.id for event in told]


async def _somebody_waits(engine: AsyncEngine) -> bool:
    async with engine.connect() as connection:
        waiting = await connection.scalar(text("SELECT count(*) FROM pg_locks WHERE NOT granted"))
    return bool(waiting)


async def test_migrations_make_the_tables_as_they_are_declared(
    reporting_engine: AsyncEngine,
) -> None:
    def differences(connection: Connection) -> object:
        return compare_metadata(MigrationContext.configure(connection), tables.metadata)

    async with reporting_engine.connect() as connection:
        assert await connection.run_sync(differences) == []


async def test_facts_come_back_as_they_were_written(reporting_engine: AsyncEngine) -> None:
    written = Facts(
        "2000000001", channel="email", day=date(2026, 1, 1), opened_at=START, erased=True
    )
    async with reporting_engine.begin() as connection:
        await store.add(connection, [written])
        assert await store.read(connection, ["2000000001"]) == {"2000000001": written}
