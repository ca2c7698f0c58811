"""A pile's pages are read two at a time, and none that fails holds up the others."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from intake_mail.page_reader import Page
from intake_mail.page_text import PageState, PageText
from intake_mail.program import ProgramError
from intake_mail.reading_pool import ReadingPool, Unread, Why
from speakup.sandbox import SandboxError

READ = PageText(
    words=(), text="", rotation=0, skew=0, confidence=None, covered=1, state=PageState.read
)


class Desk:
    """In the place of Tesseract: reads when it is let, and raises what it is told."""

    def __init__(self) -> None:
        self.let = asyncio.Event()
        self.begun: asyncio.Queue[bytes] = asyncio.Queue()
        self.dropped: list[bytes] = []
        self.fails: dict[bytes, Exception] = {}

    async def read(self, page: Page) -> PageText:
        self.begun.put_nowait(page.png)
        try:
            await self.let.wait()
        except asyncio.CancelledError:
            self.dropped.append(page.png)
            raise
        if page.png in self.fails:
            raise self.fails[page.png]
        return READ


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
async def pool(desk: Desk) -> AsyncIterator[ReadingPool]:
    opened = ReadingPool(desk, workers=2, waiting=1)
    yield opened
    await opened.close()


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (TimeoutError(), Why.timeout),
        (SandboxError("timeout"), Why.timeout),
        (SandboxError("NoPageError"), Why.no_picture),
        (SandboxError("crashed"), Why.failed),
        (ProgramError("missing"), Why.missing),
        (ProgramError("failed"), Why.failed),
        (ValueError("nonsense from Tesseract"), Why.failed),
    ],
)
async def test_a_page_that_fails_is_unread_and_the_next_is_read(
    desk: Desk, pool: ReadingPool, error: Exception, why: Why
) -> None:
    desk.let.set()
    desk.fails[b"bad"] = error
    bad, good = await pool.put(Page(b"bad")), await pool.put(Page(b"good"))
    assert (await bad, await good) == (Unread(why=why), READ)


async def test_two_pages_are_read_at_a_time(desk: Desk, pool: ReadingPool) -> None:
    tasks = [await pool.put(Page(name)) for name in (b"1", b"2", b"3")]
    assert [await desk.begun.get(), await desk.begun.get()] == [b"1", b"2"]
    assert desk.begun.empty()
    desk.let.set()
    assert await asyncio.gather(*tasks) == [READ] * 3


async def test_who_brings_more_than_there_is_room_for_waits(desk: Desk, pool: ReadingPool) -> None:
    for name in (b"1", b"2", b"3"):
        await pool.put(Page(name))
    fourth = asyncio.create_task(pool.put(Page(b"4")))
    await desk.begun.get()
    await desk.begun.get()
    assert not fourth.done()
    desk.let.set()
    assert await (await fourth) == READ


async def test_a_cancelled_page_ends_its_reading_and_makes_room(
    desk: Desk, pool: ReadingPool
) -> None:
    first, second, third = [await pool.put(Page(name)) for name in (b"1", b"2", b"3")]
    await desk.begun.get()
    await desk.begun.get()
    first.cancel()
    assert await desk.begun.get() == b"3"
    assert desk.dropped == [b"1"]
    desk.let.set()
    assert (await second, await third) == (READ, READ)


async def test_a_closed_pool_leaves_nothing_at_work(desk: Desk) -> None:
    pool = ReadingPool(desk, workers=2, waiting=1)
    tasks = [await pool.put(Page(name)) for name in (b"1", b"2", b"3")]
    await desk.begun.get()
    await desk.begun.get()
    await pool.close()
    assert sorted(desk.dropped) == [b"1", b"2"]
    assert all(task.cancelled() for task in tasks)
