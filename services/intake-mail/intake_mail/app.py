"""Wiring of intake-mail: health only, no letters yet. The channel's own issue fills it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from speakup.service import Service

NAME = "intake-mail"


@asynccontextmanager
async def open_service() -> AsyncIterator[Service]:
    """The service, without routes and tasks."""
    yield Service(NAME)
