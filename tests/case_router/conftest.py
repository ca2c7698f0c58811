"""A case API for each test: on loopback, and one that people reach by its public name."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from case_router import tables
from tests.case_router.router import Router, open_router
from tests.case_router.world import PUBLIC, World, open_world
from tests.databases import database

Engines = tuple[AsyncEngine, AsyncEngine]


@pytest.fixture(scope="session")
async def api_engines(postgres_url: str) -> AsyncIterator[Engines]:
    """The router's databases, shared by the tests of the API one after the other."""
    async with (
        database(postgres_url, tables.metadata) as engine,
        database(postgres_url, tables.keys_metadata) as vault_engine,
    ):
        yield engine, vault_engine


@pytest.fixture
async def world(api_engines: Engines, tmp_path: Path) -> AsyncIterator[World]:
    """As `make run` serves it."""
    async with open_world(*api_engines, tmp_path) as opened:
        yield opened


@pytest.fixture
async def public_world(api_engines: Engines, tmp_path: Path) -> AsyncIterator[World]:
    """As a company serves it."""
    async with open_world(*api_engines, tmp_path, PUBLIC) as opened:
        yield opened


@pytest.fixture
async def router(postgres_url: str, tmp_path: Path) -> AsyncIterator[Router]:
    """The consuming half of the router."""
    async with open_router(postgres_url, tmp_path) as opened:
        yield opened
