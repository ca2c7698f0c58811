"""Cases opened a second by the router from Kafka, against plain `unnest` inserts of the same rows."""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import asyncpg

from case_router import tables
from speakup import case_number, topics
from speakup.events import Channel
from speakup.kafka import ensure_topics, make_producer
from speakup.settings import Common
from tests.bench.servers import Servers, processor_seconds, start_servers, start_service
from tests.building import Adapter, submission_event
from tests.waiting import eventually

CASES = 6000
ROUNDS = 3
"""Each measures both, one after the other: the machine's own speed changes from minute to minute."""
BATCH = 2000
GOAL = 0.5
TABLES = ("cases", "submissions", "replies", "audit", "outbox")


async def measure(folder: Path) -> str:
    """A line for the table."""
    rounds = [await _round(folder / str(place)) for place in range(ROUNDS)]
    ours = statistics.median(r.ours for r in rounds)
    plain = statistics.median(r.plain for r in rounds)
    ratio = statistics.median(r.ours / r.plain for r in rounds)
    spent = {name: statistics.median(r.spent[name] for r in rounds) for name in rounds[0].spent}
    parts = ", ".join(f"{name} {seconds * 1000:.2f}" for name, seconds in spent.items())
    return (
        f"cases opened/s from Kafka: {ours:,.0f}; plain unnest inserts of the same rows: "
        f"{plain:,.0f}; ratio {ratio:.2f} (goal >= {GOAL}; median of {ROUNDS} rounds)\n"
        f"  processor time, ms a case: {parts}"
    )


class _Round(NamedTuple):
    """Cases a second, and processor seconds a case by program."""

    ours: float
    plain: float
    spent: dict[str, float]


async def _round(folder: Path) -> _Round:
    with start_servers(folder) as servers:
        await _fill(servers)
        async with start_service(
            "case_router", servers, SPEAKUP_CLASSIFY_WORKERS="0", wait=False
        ) as pid:
            ours, spent = await _opened(servers, pid)
        return _Round(ours, await _plain(servers), spent)


async def _fill(servers: Servers) -> None:
    settings = Common(kafka_bootstrap=servers.bootstrap)
    await ensure_topics(settings, [topics.SUBMISSIONS])
    text = (
        "The foreman of the second shift sells diesel from our tank, twice a week since May. " * 18
    )
    adapter = Adapter(servers.keys)
    producer = make_producer(settings)
    await producer.start()
    try:
        numbers: set[str] = set()
        while len(numbers) < CASES:
            numbers.add(case_number.mint(Channel.email))
        for number in numbers:
            record = topics.encode(submission_event(adapter, text=text, number=number))
            await producer.send(
                record.topic, record.value, record.key, headers=list(record.headers)
            )
        await producer.flush()
    finally:
        await producer.stop()


async def _opened(servers: Servers, router: int) -> tuple[float, dict[str, float]]:
    """Cases a second, from the first batch's commit to the last one's; processor seconds a case."""

    async def there() -> Any:
        try:
            connection = await asyncpg.connect(_database(servers, "router"))
            await connection.fetchval("SELECT count(*) FROM cases")
        except (asyncpg.PostgresError, OSError):
            return None
        return connection

    # One connection: making one costs more than the question.
    connection = await eventually(there, seconds=60, every=0.05)

    async def opened() -> int:
        return int(await connection.fetchval("SELECT count(*) FROM cases"))

    async def all_there() -> bool:
        return await opened() == CASES

    first = await eventually(opened, seconds=60, every=0.02)
    start, used = time.perf_counter(), processor_seconds(router, servers)
    await eventually(all_there, seconds=120, every=0.05)
    seconds, cases = time.perf_counter() - start, CASES - first
    spent = processor_seconds(router, servers)
    await connection.close()
    return cases / seconds, {name: (spent[name] - used.get(name, 0)) / cases for name in spent}


def _database(servers: Servers, name: str) -> str:
    return servers.database_url.removesuffix("/postgres") + f"/speakup_{name}"


async def _plain(servers: Servers) -> float:
    router = await asyncpg.connect(_database(servers, "router"))
    keys = await asyncpg.connect(_database(servers, "keys"))
    try:
        loads = [(router, name, await _rows(router, name)) for name in TABLES]
        loads.append((keys, "case_keys", await _rows(keys, "case_keys")))
        await router.execute("TRUNCATE cases, submissions, replies, audit, outbox CASCADE")
        await keys.execute("TRUNCATE case_keys")
        start = time.perf_counter()
        for batch in range(0, CASES, BATCH):
            async with router.transaction():
                for connection, name, rows in loads:
                    per_case = len(rows) / CASES
                    some = rows[int(batch * per_case) : int((batch + BATCH) * per_case)]
                    await _insert(connection, name, some)
        return CASES / (time.perf_counter() - start)
    finally:
        await router.close()
        await keys.close()


async def _rows(connection: Any, name: str) -> Sequence[Any]:
    # A case's rows belong into one batch, and a table has no order by itself.
    order = "position" if name == "outbox" else "case_number"
    rows: Sequence[Any] = await connection.fetch(f"SELECT * FROM {name} ORDER BY {order}")
    return rows


_TYPES = {
    "BIGINT": "bigint",
    "INTEGER": "int",
    "BOOLEAN": "bool",
    "DATE": "date",
    "DATETIME": "timestamptz",
    "FLOAT": "float8",
    "BLOB": "bytea",
    "TEXT": "text",
    "CHAR(32)": "uuid",
}


async def _insert(connection: Any, name: str, rows: Sequence[Any]) -> None:
    table = (tables.metadata.tables | dict(tables.keys_metadata.tables))[name]
    columns = [c for c in table.columns if c.identity is None and c.computed is None]
    names = ", ".join(f'"{column.name}"' for column in columns)
    arrays = ", ".join(
        f"${place}::{_TYPES[str(column.type)]}[]" for place, column in enumerate(columns, 1)
    )
    await connection.execute(
        f"INSERT INTO {name} ({names}) SELECT * FROM unnest({arrays})",
        *([row[column.name] for row in rows] for column in columns),
    )
