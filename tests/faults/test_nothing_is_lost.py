"""Whatever dies while mails arrive: every 250 is one case, and none is two."""

from __future__ import annotations

import asyncio
import signal
from uuid import uuid4

from speakup import topics
from speakup.kafka import make_producer
from speakup.settings import Common
from tests.faults.breaking import RANDOM, bootstrap, broken_while_sending
from tests.faults.conftest import Scale
from tests.system import System
from tests.waiting import eventually


async def replaced(system: System, word: str, number: signal.Signals) -> None:
    """Send a signal to a child; returns when another one is in its place."""

    def another(pid: int) -> bool:
        now = system.child(word)
        return now is not None and now.pid != pid

    await eventually(lambda: another(0), seconds=30)
    before = system.child(word)
    if before is not None:
        before.send_signal(number)
        await eventually(lambda: another(before.pid), seconds=40)


async def test_services_killed_at_random_moments(system: System, scale: Scale) -> None:
    async def kill() -> None:
        await replaced(system, "embedded.services", signal.SIGKILL)
        # Sometimes in the middle of the start, mostly after it.
        await asyncio.sleep(RANDOM.choice([0.2, 3.0, 4.0]))

    await broken_while_sending(system, scale, kill, scale.kills)


async def test_broker_killed_with_its_memory(system: System, scale: Scale) -> None:
    async def kill() -> None:
        await replaced(system, "tansu", signal.SIGKILL)

    await broken_while_sending(system, scale, kill, max(2, scale.kills // 5))


async def test_database_stopped_and_started(system: System, scale: Scale) -> None:
    async def stop() -> None:
        await replaced(system, "postgres", signal.SIGINT)

    await broken_while_sending(system, scale, stop, max(2, scale.kills // 5))


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
