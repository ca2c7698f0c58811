"""Whatever dies while mails arrive: every 250 is one case, and none is two."""

from __future__ import annotations

import asyncio
import random
import signal
from collections.abc import Awaitable, Callable
from uuid import uuid4

from aiokafka.admin import AIOKafkaAdminClient

from speakup import topics
from speakup.kafka import make_producer
from speakup.settings import Common
from tests.faults.conftest import Scale
from tests.load import Load
from tests.system import System
from tests.waiting import eventually

RANDOM = random.Random(20261122)  # noqa: S311 - moments, not secrets


async def broken_while_sending(
    system: System, scale: Scale, break_it: Callable[[], Awaitable[None]], times: int
) -> None:
    """Send mails; break something at random moments meanwhile; count the cases."""
    load = Load(system, scale.mails)
    sending = asyncio.create_task(load.send_all())
    moments = sorted(RANDOM.uniform(0.02, 0.95) for _ in range(times))
    for moment in moments:
        await eventually(lambda: sending.done() or load.share >= moment, seconds=300)  # noqa: B023
        await break_it()
    await sending
    await load.each_is_one_case()


async def test_services_killed_at_random_moments(system: System, scale: Scale) -> None:
    async def kill() -> None:
        before = await eventually(lambda: system.child("embedded.services"), seconds=30)
        before.kill()
        await eventually(
            lambda: (
                (now := system.child("embedded.services")) is not None and now.pid != before.pid
            ),
            seconds=30,
        )
        # Sometimes in the middle of the start, mostly after it.
        await asyncio.sleep(RANDOM.choice([0.2, 3.0, 4.0]))

    await broken_while_sending(system, scale, kill, scale.kills)


async def test_broker_killed_with_its_memory(system: System, scale: Scale) -> None:
    async def kill() -> None:
        before = await eventually(lambda: system.child("tansu"), seconds=30)
        before.kill()
        await eventually(
            lambda: (now := system.child("tansu")) is not None and now.pid != before.pid, seconds=30
        )

    await broken_while_sending(system, scale, kill, max(2, scale.kills // 5))


async def test_database_stopped_and_started(system: System, scale: Scale) -> None:
    async def stop() -> None:
        before = await eventually(lambda: system.child("postgres"), seconds=30)
        before.send_signal(signal.SIGINT)
        await eventually(
            lambda: (now := system.child("postgres")) is not None and now.pid != before.pid,
            seconds=30,
        )

    await broken_while_sending(system, scale, stop, max(2, scale.kills // 5))


async def test_topic_deleted_and_made_again(system: System, scale: Scale) -> None:
    async def delete() -> None:
        admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap(system))
        await admin.start()
        try:
            await admin.delete_topics([topics.SUBMISSIONS])
        finally:
            await admin.close()

    await broken_while_sending(system, scale, delete, 2)


async def test_poison_among_good_events(system: System, scale: Scale) -> None:
    async def poison() -> None:
        producer = make_producer(Common(kafka_bootstrap=bootstrap(system)))
        await producer.start()
        try:
            for value, headers in (
                (b"\xff\x00 not json", []),
                (b"{}", [("ce_type", b"kz.speakup.submission.received.v1")]),
                (
                    b"{}",
                    [
                        ("ce_type", b"kz.speakup.submission.received.v9"),
                        ("ce_id", str(uuid4()).encode()),
                        ("ce_time", b"2026-11-22T00:00:00+00:00"),
                        ("ce_source", b"/x"),
                        ("ce_subject", b"2941080236"),
                    ],
                ),
            ):
                await producer.send_and_wait(topics.SUBMISSIONS, value, b"k", headers=headers)
        finally:
            await producer.stop()

    await broken_while_sending(system, scale, poison, 3)
    letters = (await system.get("/api/v1/dead-letters", by="admin")).json()["items"]
    assert {"missing_attribute", "unknown_type"} <= {letter["reason"] for letter in letters}


async def test_supervisor_killed_and_everything_started_again(system: System, scale: Scale) -> None:
    async def kill() -> None:
        system.kill_supervisor()
        await asyncio.to_thread(system.start)

    await broken_while_sending(system, scale, kill, 1)


def bootstrap(system: System) -> str:
    """Where the embedded broker listens, as its command line says."""
    process = system.child("tansu")
    if process is None:
        raise RuntimeError("the broker isn't there")
    command = process.cmdline()
    return command[command.index("--listener-url") + 1].removeprefix("tcp://")
