"""Waiting for a condition instead of for a time."""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar, overload

T = TypeVar("T")


@overload
async def eventually(
    look: Callable[[], Awaitable[T]], *, seconds: float = ..., every: float = ...
) -> T: ...


@overload
async def eventually(look: Callable[[], T], *, seconds: float = ..., every: float = ...) -> T: ...


async def eventually(
    look: Callable[[], T | Awaitable[T]], *, seconds: float = 15.0, every: float = 0.02
) -> T:
    """The first true value that `look` gives. Raises TimeoutError when it stays false."""
    end = time.monotonic() + seconds
    while True:
        found = look()
        value = await found if inspect.isawaitable(found) else found
        if value:
            return value
        if time.monotonic() > end:
            raise TimeoutError("the condition didn't come true")
        await asyncio.sleep(every)
