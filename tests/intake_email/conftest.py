"""What tests of intake-email share."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.intake_email.intake import Intake, open_intake
from tests.intake_email.post import Post, open_post


@pytest.fixture
async def intake(postgres_url: str, tmp_path: Path) -> AsyncIterator[Intake]:
    """One of its own for each test."""
    async with open_intake(postgres_url, tmp_path) as opened:
        yield opened


@pytest.fixture
async def post(postgres_url: str, tmp_path: Path) -> AsyncIterator[Post]:
    """A sending worker of its own for each test."""
    async with open_post(postgres_url, tmp_path) as opened:
        yield opened
