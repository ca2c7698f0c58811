"""PostgreSQL: engines, databases made where they are missing, migrations, and which errors pass by."""

from __future__ import annotations

import asyncio
from pathlib import Path

import asyncpg
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection, text
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from speakup.settings import Common

UNAVAILABLE: tuple[type[Exception], ...] = (
    OSError,
    TimeoutError,
    PoolTimeoutError,
    OperationalError,
    InterfaceError,
)
"""Errors that say: later. Whoever meets one waits and tries again; nothing is given up for it."""

# Classes of SQLSTATE that are about the server, not about what was asked of it: connection exceptions,
# insufficient resources (disk full, too many connections), operator intervention, system errors; and
# 25006 (a standby), 40001 and 40P01 (serialisation, deadlock), 28, 3D000 and 42501 (a password, database
# or right that an admin has to mend).
_LATER = ("08", "28", "3D000", "42501", "53", "57", "58", "25006", "40001", "40P01", "55P03")


def is_unavailable(error: BaseException) -> bool:
    """Whether trying again later can help, without anything having to be changed."""
    if isinstance(error, DBAPIError):
        if error.connection_invalidated or isinstance(error, InterfaceError):
            return True
        state = str(getattr(error.orig, "sqlstate", None) or "")
        return state.startswith(_LATER)
    if isinstance(error, asyncpg.PostgresConnectionError | asyncpg.InterfaceError):
        return True
    return isinstance(error, OSError | TimeoutError | PoolTimeoutError)


def open_engine(url: URL, *, pool_size: int = 5, pre_ping: bool = True) -> AsyncEngine:
    """An engine whose errors don't show parameters: they may be a reporter's.

    Without `pre_ping` the first use after the server was away fails, which spares a round trip on
    every other use: for callers whose clients try again anyway.
    """
    return create_async_engine(
        url,
        pool_size=pool_size,
        max_overflow=5,
        pool_pre_ping=pre_ping,
        pool_timeout=10,
        hide_parameters=True,
        connect_args={
            "timeout": 5,
            "command_timeout": 60,
            "server_settings": {"application_name": f"{url.database}", "timezone": "UTC"},
        },
    )


async def check(engine: AsyncEngine) -> str | None:
    """For readiness: what is wrong, or None."""
    try:
        async with asyncio.timeout(3), engine.connect() as connection:
            await connection.execute(text("SELECT 1"))
    except (OSError, TimeoutError, SQLAlchemyError):
        return f"the database {engine.url.database} doesn't answer"
    return None


async def prepare(settings: Common, name: str, migrations: Path) -> None:
    """Make the database `speakup_<name>` where it is missing and bring it to the newest version."""
    url = settings.database(name)
    await _ensure_database(settings.maintenance_database(name), url)
    engine = open_engine(url)
    try:
        async with engine.begin() as connection:
            # One migrates at a time, also when several instances start together.
            await connection.execute(text("SELECT pg_advisory_xact_lock(7325875)"))
            await connection.run_sync(_upgrade, migrations)
    finally:
        await engine.dispose()


def _upgrade(connection: Connection, migrations: Path) -> None:
    config = Config()
    config.set_main_option("script_location", str(migrations).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    heads = set(ScriptDirectory.from_config(config).get_heads())
    if set(MigrationContext.configure(connection).get_current_heads()) == heads:
        return
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


async def _ensure_database(maintenance: URL, url: URL) -> None:
    engine = create_async_engine(maintenance, isolation_level="AUTOCOMMIT")
    try:
        async with engine.connect() as connection:
            exists = await connection.scalar(
                text("SELECT 1 FROM pg_database WHERE datname = :name"), {"name": url.database}
            )
            if not exists:
                quoted = engine.dialect.identifier_preparer.quote(url.database or "")
                try:
                    await connection.execute(text(f"CREATE DATABASE {quoted}"))
                except DBAPIError as error:
                    # 42P04, 23505: another instance was faster.
                    if getattr(error.orig, "sqlstate", "") not in ("42P04", "23505"):
                        raise
    finally:
        await engine.dispose()
