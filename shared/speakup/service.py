"""What a service hands to the process that runs it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field

from fastapi import APIRouter

Check = Callable[[], Awaitable[str | None]]
"""For readiness: what is wrong, in words that name no person; or None."""

Task = Callable[[asyncio.Event], Awaitable[None]]
"""Runs until the event is set. If it ends before, or raises, the process ends and is started again."""


@dataclass(frozen=True, slots=True)
class Service:
    """A service that has been opened: its routes, what must be well, what must go on."""

    name: str
    routers: Sequence[APIRouter] = ()
    checks: dict[str, Check] = field(default_factory=dict)
    notices: dict[str, Check] = field(default_factory=dict)
    """What an admin should know though the service is ready: shown beside readiness."""
    bodies: dict[str, int] = field(default_factory=dict)
    """Bytes that a request may bring to paths that match a regular expression; elsewhere `web.BODY_BYTES`."""
    tasks: dict[str, Task] = field(default_factory=dict)


Opening = Callable[[], AbstractAsyncContextManager[Service]]
"""Opens a service; what it opens it closes again."""
