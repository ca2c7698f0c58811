"""PostgreSQL: engines, databases made where they are missing, migrations, and which errors pass by."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import asyncpg
from sqlalchemy import URL, Connection, event, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import (
    DBAPIError,
    DisconnectionError,
    InterfaceError,
    OperationalError,
    SQLAlchemyError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection

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


ASK_AFTER = 1.0
"""Seconds of rest after which a connection is asked whether it still lives."""


def open_engine(url: URL, *, pool_size: int = 5) -> AsyncEngine:
    """An engine whose errors don't show parameters: they may be a reporter's."""
    engine = create_async_engine(
        url,
        pool_size=pool_size,
        max_overflow=5,
        pool_timeout=10,
        hide_parameters=True,
        connect_args={
            "timeout": 5,
            "command_timeout": 60,
            "server_settings": {"application_name": f"{url.database}", "timezone": "UTC"},
        },
    )
    _ask_the_rested(engine)
    return engine


def _ask_the_rested(engine: AsyncEngine) -> None:
    """What `pool_pre_ping` does, without its round trip for a connection that was just in use."""
    dialect = engine.dialect
    failures = dialect.loaded_dbapi.Error

    @event.listens_for(engine.sync_engine, "checkin")
    def rests(_connection: DBAPIConnection | None, record: ConnectionPoolEntry) -> None:
        record.info["rests_since"] = time.monotonic()

    @event.listens_for(engine.sync_engine, "checkout")
    def ask(
        connection: DBAPIConnection, record: ConnectionPoolEntry, _proxy: PoolProxiedConnection
    ) -> None:
        since = record.info.get("rests_since")
        if since is None or time.monotonic() - since < ASK_AFTER:
            return
        try:
            dialect.do_ping(connection)
        except failures as error:
            # The pool tries another one.
            raise DisconnectionError from error


async def at_once(connection: AsyncConnection) -> None:
    """Each statement is a transaction by itself, which spares two round trips."""
    await connection.execution_options(isolation_level="AUTOCOMMIT")


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
            if not await _is_newest(connection, migrations):
                await connection.run_sync(_upgrade, migrations)
    finally:
        await engine.dispose()


async def _is_newest(connection: AsyncConnection, migrations: Path) -> bool:
    """Files of migrations begin with their revision, so that a start needs no Alembic to compare."""
    if await connection.scalar(text("SELECT to_regclass('alembic_version')")) is None:
        return False
    newest = max(path.name for path in (migrations / "versions").glob("*.py")).partition("_")[0]
    version = await connection.scalar(text("SELECT version_num FROM alembic_version"))
    return bool(version == newest)


def _upgrade(connection: Connection, migrations: Path) -> None:
    # A third of a second, which only a start that migrates has to wait.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(migrations).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
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
