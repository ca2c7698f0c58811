"""The mailroom's page in Debian's chromium, served for real, over an API in memory."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from typing import NamedTuple
from zoneinfo import ZoneInfo

import pytest
import uvicorn
from playwright.async_api import Browser, BrowserContext, Page, async_playwright, expect

from case_router.tokens import SIGNING_KEY, Signer
from intake_mail import page
from speakup import signing, web
from speakup.keys import KeyFolder
from speakup.service import Service
from speakup.settings import Common
from speakup.staff import COOKIE, PUBLIC_KEY_FILE, Role, Staff, Verifier
from tests.pages import letters_double
from tests.pages.letters_double import Letters
from tests.waiting import eventually

ZONE = ZoneInfo("Asia/Almaty")
PATIENCE = 30_000
"""Milliseconds: browser, pages and the other half of the tests share two cores."""

expect.set_options(timeout=PATIENCE)


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    """Without a window; needs no network."""
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("there is no chromium; apt-get install chromium")
    async with async_playwright() as playwright:
        started = await playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        yield started
        await started.close()


class Site(NamedTuple):
    """The served page, and what signs its readers in."""

    url: str
    signer: Signer
    letters: Letters

    def token(self, role: Role = Role.mailroom) -> str:
        """For the session cookie."""
        return self.signer.sign(Staff("6b0f1c1e-0000-4000-8000-000000000001", "post", role, True))


@pytest.fixture(scope="session")
async def served(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    """One server for all tests, so that the browser keeps the scripts."""
    folder = tmp_path_factory.mktemp("mailroom")
    keys = KeyFolder(folder / "keys")
    signing.ensure(keys, SIGNING_KEY, PUBLIC_KEY_FILE)
    letters = Letters()
    service = Service(
        "intake-mail", [page.router(Verifier(keys), ZONE), letters_double.router(letters)]
    )
    app = web.create_app([service], Common(var=folder))
    server = uvicorn.Server(
        uvicorn.Config(app, "127.0.0.1", 0, log_level="error", lifespan="off", ws="none")
    )
    serving = asyncio.create_task(server.serve())
    await eventually(lambda: server.started)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield Site(f"http://127.0.0.1:{port}", Signer(keys), letters)
    server.should_exit = True
    await serving


@pytest.fixture(scope="session")
async def window(browser: Browser) -> AsyncIterator[BrowserContext]:
    opened = await browser.new_context(locale="en-GB", viewport={"width": 1280, "height": 900})
    yield opened
    await opened.close()


@pytest.fixture
def site(served: Site) -> Site:
    """Without letters."""
    served.letters.empty()
    return served


@pytest.fixture
async def tab(window: BrowserContext, site: Site) -> AsyncIterator[Page]:
    """Of somebody of the mailroom, in English. Whatever a script raises, or the CSP stops, fails the test."""
    await window.clear_cookies()
    await window.add_cookies([{"name": COOKIE, "value": site.token(), "url": site.url}])
    made = await window.new_page()
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
