"""What tests of letters share."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from intake_mail import page_reader
from intake_mail.opening import Opener, open_opener
from intake_mail.page_reader import PageReader, open_page_reader
from tests.intake_mail.letters_desk import Mailroom, open_mailroom
from tests.intake_mail.rendered import FONTS


@pytest.fixture
async def mailroom(postgres_url: str, tmp_path: Path) -> AsyncIterator[Mailroom]:
    """One of its own for each test."""
    async with open_mailroom(postgres_url, tmp_path) as opened:
        yield opened


@pytest.fixture(scope="session")
async def reader() -> AsyncIterator[PageReader]:
    """A real one."""
    if missing := await page_reader.notice():
        pytest.skip(missing)
    if not all(font.exists() for font in FONTS.values()):
        pytest.skip("install fonts-noto-core fonts-dejavu-core")
    async with open_page_reader() as opened:
        yield opened


@pytest.fixture(scope="session")
async def opener() -> AsyncIterator[Opener]:
    """A real one."""
    async with open_opener() as opened:
        yield opened
