"""Reporting's own database, made by its migrations, empty for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from pydantic import SecretStr
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from reporting.app import MIGRATIONS
from reporting.settings import Settings
from speakup import postgres


@pytest.fixture(scope="session")
async def reporting_database(postgres_url: str) -> AsyncIterator[AsyncEngine]:
    settings = Settings(database_url=SecretStr(postgres_url))
    await postgres.prepare(settings, "reporting", MIGRATIONS)
    engine = postgres.open_engine(settings.database("reporting"))
    yield engine
    await engine.dispose()


@pytest.fixture
async def reporting_engine(reporting_database: AsyncEngine) -> AsyncEngine:
    async with reporting_database.begin() as connection:
        await connection.execute(text("TRUNCATE facts_events, facts, tallies, calls, dead_letters"))
    return reporting_database
