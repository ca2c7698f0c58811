"""Databases for tests: made once for each set of tables, emptied after a test, and given to the next.

Making one takes a second, emptying it some milliseconds.
"""

from __future__ import annotations

import secrets
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import URL, MetaData, NullPool, make_url, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from speakup import postgres

_free: dict[tuple[str, int], list[str]] = defaultdict(list)
"""By server and tables."""

_OTHERS = text(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
)
_TABLES = text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")


@asynccontextmanager
async def database(url: str, metadata: MetaData) -> AsyncIterator[AsyncEngine]:
    """A database with these tables, empty and its own while the context lasts."""
    free = _free[url, id(metadata)]
    name = free.pop() if free else await _made(url, metadata)
    engine = postgres.open_engine(_address(url).set(database=name))
    try:
        yield engine
    finally:
        await engine.dispose()
        if await _emptied(url, name, metadata):
            free.append(name)
        else:
            await _maintain(url, f"DROP DATABASE {name} WITH (FORCE)")


def _address(url: str) -> URL:
    return make_url(url).set(drivername="postgresql+asyncpg")


@asynccontextmanager
async def _connected(address: URL, **options: Any) -> AsyncIterator[AsyncConnection]:
    """In a transaction; its connection is closed afterwards."""
    engine = create_async_engine(address, poolclass=NullPool, **options)
    try:
        async with engine.begin() as connection:
            yield connection
    finally:
        await engine.dispose()


async def _made(url: str, metadata: MetaData) -> str:
    name = f"test_{secrets.token_hex(6)}"
    await _maintain(url, f"CREATE DATABASE {name}")
    async with _connected(_address(url).set(database=name)) as connection:
        await connection.run_sync(metadata.create_all)
    return name


async def _maintain(url: str, statement: str) -> None:
    async with _connected(_address(url), isolation_level="AUTOCOMMIT") as connection:
        await connection.execute(text(statement))


async def _emptied(url: str, name: str, metadata: MetaData) -> bool:
    """False where a test has left other tables than it found."""
    async with _connected(_address(url).set(database=name)) as connection:
        await connection.execute(_OTHERS)
        if {*(await connection.execute(_TABLES)).scalars()} != {*metadata.tables}:
            return False
        await empty(connection, metadata)
    return True


async def empty(connection: AsyncConnection, metadata: MetaData) -> None:
    """Tables as new."""
    # TRUNCATE makes each table's files anew, which takes ten times as long.
    deletes = "".join(f'DELETE FROM "{table.name}";' for table in reversed(metadata.sorted_tables))
    await connection.execute(
        text(
            f"DO $$ BEGIN {deletes} PERFORM setval(format('%I.%I', schemaname, sequencename), 1, false) "
            "FROM pg_sequences WHERE last_value IS NOT NULL; END $$"
        )
    )
