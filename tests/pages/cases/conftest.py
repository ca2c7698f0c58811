"""The pages of case work in chromium, over a real case API on the test's database."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import uvicorn
from playwright.async_api import Browser, BrowserContext, Page
from sqlalchemy.ext.asyncio import AsyncEngine

from case_router import tables
from speakup.staff import COOKIE
from tests.case_router.world import World, open_world
from tests.databases import database
from tests.pages.conftest import PATIENCE
from tests.waiting import eventually

Engines = tuple[AsyncEngine, AsyncEngine]


@dataclass
class Desk:
    """The pages as they are served, and the cases behind them."""

    url: str
    world: World
    window: BrowserContext

    async def sign_in(self, name: str = "officer") -> None:
        await self.window.clear_cookies()
        cookie = {"name": COOKIE, "value": self.world.token(name), "url": self.url}
        await self.window.add_cookies([cookie])  # type: ignore[list-item]


@pytest.fixture(scope="session")
async def engines(postgres_url: str) -> AsyncIterator[Engines]:
    async with (
        database(postgres_url, tables.metadata) as engine,
        database(postgres_url, tables.keys_metadata) as vault_engine,
    ):
        yield engine, vault_engine


@pytest.fixture
async def world(engines: Engines, tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(*engines, tmp_path) as opened:
        yield opened


@pytest.fixture(scope="session")
async def case_window(browser: Browser) -> AsyncIterator[BrowserContext]:
    opened = await browser.new_context(locale="en-GB", viewport={"width": 1280, "height": 900})
    yield opened
    await opened.close()


@pytest.fixture
async def desk(world: World, case_window: BrowserContext) -> AsyncIterator[Desk]:
    """Served on a port of its own; the officer is signed in."""
    server = uvicorn.Server(
        uvicorn.Config(world.app, "127.0.0.1", 0, log_level="error", lifespan="off", ws="none")
    )
    serving = asyncio.create_task(server.serve())
    await eventually(lambda: server.started)
    port = server.servers[0].sockets[0].getsockname()[1]
    served = Desk(f"http://127.0.0.1:{port}", world, case_window)
    await served.sign_in()
    yield served
    server.should_exit = True
    await serving


@pytest.fixture
async def tab(desk: Desk) -> AsyncIterator[Page]:
    """In English. Whatever a script raises, or the CSP stops, fails the test."""
    made = await desk.window.new_page()
    made.set_default_timeout(PATIENCE)
    wrong: list[str] = []
    made.on("pageerror", lambda error: wrong.append(str(error)))
    made.on(
        "console",
        lambda said: wrong.append(said.text) if "Content Security" in said.text else None,
    )
    yield made
    await made.close()
    assert wrong == []
