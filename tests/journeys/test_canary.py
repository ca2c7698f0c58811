"""A canary: what a reporter wrote and who they are is found nowhere in the clear, in no spelling."""

from __future__ import annotations

import base64
import quopri
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path

import httpx
import pytest
from aiokafka import AIOKafkaConsumer
from sqlalchemy import make_url, text
from sqlalchemy.ext.asyncio import create_async_engine

from speakup import topics
from tests.mailbox import Mailbox
from tests.system import System
from tests.waiting import eventually

WORDS = {
    "name": "Кенжегүл Оспанова-Қанарейка",
    "address": "canary.kenzhegul@birdcage.example",
    "number": "+77012345678901",
    "narrative": "қаңтарда қоймадан жеті жүз канарейка ұрланды",
    "subject": "Канарейка туралы хабар",
    "file name": "канарейка-тізімі.txt",
    "file": "семь сотен канареек по списку склада",
}
SPELLINGS = ("utf-8", "utf-16-le", "utf-16-be", "windows-1251")


def needles(word: str) -> Iterator[bytes]:
    """The word as it may stand somewhere."""
    # A part without spaces, so that line breaks of an encoding don't hide it.
    core = max(word.split(), key=len)
    for spelling in SPELLINGS:
        try:
            raw = core.encode(spelling)
        except UnicodeEncodeError:
            continue
        yield raw
        yield raw.hex().encode()
        yield quopri.encodestring(raw).strip()
        for shift in range(3):
            encoded = base64.b64encode(b"\0" * shift + raw)
            # The first and last groups depend on the neighbours.
            yield encoded[4:-4]
    yield core.encode("unicode_escape")


NEEDLES = sorted({n for word in WORDS.values() for n in needles(word) if len(n) >= 8})


def sings(haystack: bytes) -> bool:
    """Whether a canary is in it."""
    return any(needle in haystack for needle in NEEDLES)


def test_the_search_finds_a_canary_in_every_spelling() -> None:
    for word in WORDS.values():
        for spelling in SPELLINGS[:3]:
            raw = word.encode(spelling)
            assert sings(raw)
            assert sings(base64.b64encode(b"xy" + raw + b"z"))
            assert sings(raw.hex().encode())


def canary_mail() -> bytes:
    body = f"{WORDS['narrative']}\r\nТел. {WORDS['number']}\r\n{WORDS['name']}\r\n"
    name = base64.b64encode(WORDS["name"].encode()).decode()
    subject = base64.b64encode(WORDS["subject"].encode()).decode()
    file_name = base64.b64encode(WORDS["file name"].encode()).decode()
    return (
        f"From: =?utf-8?b?{name}?= <{WORDS['address']}>\r\nTo: speakup@localhost\r\n"
        f"Subject: =?utf-8?b?{subject}?=\r\nMessage-ID: <canary@birdcage.example>\r\n"
        "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=cage\r\n\r\n"
        "--cage\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
        f"{body}\r\n--cage\r\nContent-Type: text/plain; charset=utf-8\r\n"
        f"Content-Disposition: attachment; filename==?utf-8?b?{file_name}?=\r\n"
        f"Content-Transfer-Encoding: 8bit\r\n\r\n{WORDS['file']}\r\n--cage--\r\n"
    ).encode()


@pytest.fixture(scope="module")
async def flown(system: System, mailbox: Mailbox) -> None:
    """The canary has gone all the way: opened, classified, acknowledged, answered in part."""
    assert await system.send(canary_mail(), sender=WORDS["address"])
    await eventually(lambda: mailbox.to(WORDS["address"]), seconds=30)

    async def settled() -> bool:
        # Of a call there are no words yet that could be classified.
        cases = [case for case in await system.cases() if case["channel"] == "email"]
        return bool(cases) and all(case["kind"] is not None for case in cases)

    await eventually(settled, seconds=60)


def places(system: System) -> Iterator[Path]:
    """Every file of the installation: database with its WAL, objects, logs, keys, temporary files."""
    return (path for path in system.var.rglob("*") if path.is_file())


async def test_no_file_has_it(system: System, flown: None) -> None:
    async for _, _ in rows(system, "CHECKPOINT"):
        pass
    found = [str(path) for path in places(system) if sings(_bytes(path))]
    assert found == []


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


async def test_no_file_name_has_it(system: System, flown: None) -> None:
    assert [p for p in places(system) if sings(str(p).encode())] == []


async def rows(system: System, first: str = "") -> AsyncIterator[tuple[str, bytes]]:
    """Every row of every table of every database, as text."""
    url = make_url(_database_url(system)).set(drivername="postgresql+asyncpg")
    server = create_async_engine(url, isolation_level="AUTOCOMMIT")
    async with server.connect() as connection:
        if first:
            await connection.execute(text(first))
        names = list(
            await connection.scalars(
                text("SELECT datname FROM pg_database WHERE datname LIKE 'speakup_%'")
            )
        )
    await server.dispose()
    for name in names:
        engine = create_async_engine(url.set(database=name))
        async with engine.connect() as connection:
            tables = list(
                await connection.scalars(
                    text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
                )
            )
            for table in tables:
                for row in await connection.scalars(text(f'SELECT t::text FROM "{table}" t')):
                    yield f"{name}.{table}", row.encode()
        await engine.dispose()


def _database_url(system: System) -> str:
    process = system.child("embedded.services")
    if process is None:
        raise RuntimeError("the services aren't there")
    environment: Mapping[str, str] = process.environ()
    return environment["SPEAKUP_DATABASE_URL"]


async def test_no_table_has_it(system: System, flown: None) -> None:
    seen = set()
    found = set()
    async for table, row in rows(system):
        seen.add(table)
        if sings(row):
            found.add(table)
    assert "speakup_router.submissions" in seen
    assert found == set()


async def test_no_topic_has_it(system: System, flown: None) -> None:
    process = system.child("embedded.services")
    assert process is not None
    # The others have no writer yet, so nobody has made them.
    used = (topics.SUBMISSIONS, topics.CASES, topics.REPLIES, topics.DELIVERIES)
    consumer = AIOKafkaConsumer(
        *used,
        bootstrap_servers=process.environ()["SPEAKUP_KAFKA_BOOTSTRAP"],
        auto_offset_reset="earliest",
        fetch_max_wait_ms=50,
    )
    seen: set[str] = set()
    try:
        await consumer.start()
        batch = await consumer.getmany(timeout_ms=1000)
        while batch or set(used) - seen:
            for place, records in batch.items():
                seen.add(place.topic)
                for record in records:
                    whole = b"\n".join(
                        [record.key or b"", record.value or b"", *(v for _, v in record.headers)]
                    )
                    assert not sings(whole), place.topic
            batch = await consumer.getmany(timeout_ms=1000)
    finally:
        await consumer.stop()


async def test_neither_metrics_nor_output_have_it(system: System, flown: None) -> None:
    async with httpx.AsyncClient(base_url=system.url) as client:
        for path in ("/metrics", "/readyz", "/openapi.json"):
            assert not sings((await client.get(path)).content)
    assert not sings(system.output.encode())


async def test_whoever_may_read_the_case_does_find_it(system: System, flown: None) -> None:
    """So that the tests above can fail: the same search finds it where it belongs."""
    for case in await system.cases():
        answer = await system.get(f"/api/v1/cases/{case['case_number']}")
        if sings(answer.content):
            return
    pytest.fail("the canary's case isn't there")
