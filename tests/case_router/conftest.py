"""A case API for each test: on loopback, and one that people reach by its public name."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.case_router.world import PUBLIC, World, open_world


@pytest.fixture
async def world(postgres_url: str, tmp_path: Path) -> AsyncIterator[World]:
    """As `make run` serves it."""
    async with open_world(postgres_url, tmp_path) as opened:
        yield opened


@pytest.fixture
async def public_world(postgres_url: str, tmp_path: Path) -> AsyncIterator[World]:
    """As a company serves it."""
    async with open_world(postgres_url, tmp_path, PUBLIC) as opened:
        yield opened
