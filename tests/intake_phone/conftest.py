"""What tests of intake-phone share."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from intake_phone.sounding import VOICE
from speakup.sandbox import Sandbox, open_sandbox
from tests.intake_phone.hotline import Hotline, open_hotline


@pytest.fixture(scope="session")
async def voice() -> AsyncIterator[Sandbox]:
    """The real one, for Kazakh."""
    async with open_sandbox(VOICE, children=1, seconds=10) as opened:
        yield opened


@pytest.fixture
async def hotline(postgres_url: str, tmp_path: Path) -> AsyncIterator[Hotline]:
    """One of its own for each test."""
    async with open_hotline(postgres_url, tmp_path) as opened:
        yield opened
