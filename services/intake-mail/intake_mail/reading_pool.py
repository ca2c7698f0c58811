"""Pages of a pile are read beside each other; one that can't be read is a result, and the pile goes on."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from enum import StrEnum
from typing import Protocol

from intake_mail.page_reader import Page, open_page_reader
from intake_mail.page_text import PageText
from intake_mail.program import ProgramError
from speakup.events import Frozen
from speakup.logs import get_logger
from speakup.sandbox import SandboxError

WORKERS = os.cpu_count() or 2
WAITING = 16
"""Pages in memory before whoever brings more has to wait."""

log = get_logger("intake-mail-reading")


class Why(StrEnum):
    """What a page could not be read for."""

    timeout = "timeout"
    no_picture = "no_picture"
    """It is no PNG, or too large a one."""
    missing = "missing"
    """There is no Tesseract on the machine."""
    failed = "failed"


class Unread(Frozen):
    """A person types the page, or has it read again."""

    why: Why


Result = PageText | Unread


class Reader(Protocol):
    """What reads one page."""

    async def read(self, page: Page) -> PageText:
        """Whatever it raises, the page is unread."""


class ReadingPool:
    """At most `workers` pages are read at a time, at most `waiting` more are held."""

    def __init__(self, reader: Reader, *, workers: int = WORKERS, waiting: int = WAITING) -> None:
        self._reader = reader
        self._free = asyncio.Semaphore(workers)
        self._room = asyncio.Semaphore(workers + waiting)
        self._tasks: set[asyncio.Task[Result]] = set()

    async def put(self, page: Page) -> asyncio.Task[Result]:
        """Returns when there is room. The task gives the result; cancelled, it ends the reading."""
        await self._room.acquire()
        task = asyncio.create_task(self._read(page))
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    async def close(self) -> None:
        """Cancel what is read and what waits, and wait until all of it is gone."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _done(self, task: asyncio.Task[Result]) -> None:
        self._tasks.discard(task)
        self._room.release()

    async def _read(self, page: Page) -> Result:
        async with self._free:
            try:
                return await self._reader.read(page)
            except Exception as error:
                why = _why(error)
                log.warning("page_unread", reason=why.value, error=type(error).__name__)
                return Unread(why=why)


def _why(error: Exception) -> Why:
    match error, str(error):
        case (TimeoutError(), _) | (SandboxError(), "timeout"):
            return Why.timeout
        case SandboxError(), "NoPageError":
            return Why.no_picture
        case ProgramError(), "missing":
            return Why.missing
    return Why.failed


@asynccontextmanager
async def open_reading_pool(
    *, workers: int = WORKERS, waiting: int = WAITING
) -> AsyncIterator[ReadingPool]:
    """A pool whose processes end with the context."""
    async with open_page_reader(children=workers) as reader:
        pool = ReadingPool(reader, workers=workers, waiting=waiting)
        try:
            yield pool
        finally:
            await pool.close()
