"""A clerk in a real browser: nine letters in three languages on one scan become nine cases."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator
from difflib import SequenceMatcher
from pathlib import Path

import pytest
from PIL import Image
from playwright.async_api import Page, async_playwright

from intake_mail import page_reader
from speakup.events import Language
from tests.clerk import Clerk, pile
from tests.intake_mail.rendered import FONTS, LETTERS, letter, noisy, skewed
from tests.system import System
from tests.waiting import eventually

PICTURES = os.environ.get("SPEAKUP_PICTURES")
"""A folder for README's screenshots."""
SLOW = 60_000
"""Milliseconds in which the machine must have done something."""


def texts() -> list[str]:
    """Three letters in each language, short, and told apart by their numbers."""
    return [
        f"№ {300 + place}. {' '.join(LETTERS[language].split()[:28])}"
        for place, language in enumerate([*Language] * 3)
    ]


@pytest.fixture
async def desk(system: System) -> AsyncIterator[Page]:
    """The mailroom's page, signed in."""
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("there is no chromium; apt-get install chromium")
    if missing := await page_reader.notice():
        pytest.skip(missing)
    if not all(font.exists() for font in FONTS.values()):
        pytest.skip("install fonts-noto-core fonts-dejavu-core")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        page = await browser.new_page(viewport={"width": 1280, "height": 900}, locale="en-GB")
        page.set_default_timeout(SLOW)
        await page.goto(f"{system.url}/login?next=/mailroom&lang=en")
        await page.fill("input[name=name]", "mailroom")
        await page.fill("input[name=password]", system.password("mailroom"))
        await page.keyboard.press("Enter")
        await page.wait_for_selector("#pile")
        yield page
        await browser.close()


async def test_a_mixed_pile_on_one_scan_becomes_nine_cases(
    system: System, desk: Page, tmp_path: Path
) -> None:
    clerk = Clerk(system)
    before = {case["case_number"] for case in await system.cases()}
    registered = len(await clerk.register())
    said = texts()
    pages = [[_scanned(text, place)] for place, text in enumerate(said)]
    scan = tmp_path / "scan.pdf"
    scan.write_bytes(pile(pages))

    await desk.fill("#pile [name=opened_by]", "A. Serikova")
    await desk.fill("#pile [name=witnessed_by]", "B. Ivanov")
    await desk.set_input_files("#files", scan)
    lines = await clerk.read(registered + 9, seconds=180)
    drafts = [line for line in lines if line["state"] == "draft"]
    await desk.wait_for_function("document.querySelectorAll('#drafts a').length === 9")
    await _picture(desk, "mailroom-list")

    await desk.click(f"#drafts a[href$='{drafts[0]['letter_id']}']")
    field = desk.locator("#pages > li").nth(1).locator("textarea")
    corrected = f"{await field.input_value()}\nCorrected by hand."
    await _picture(desk, "mailroom-letter")
    await field.fill(corrected)
    for line in drafts:
        await desk.wait_for_function(
            "number => document.querySelector('#letter-title').textContent.includes(number)",
            arg=line["number"],
        )
        await desk.keyboard.press("Control+Enter")
    await desk.wait_for_selector("#no-drafts:not([hidden])", state="attached")

    async def opened() -> set[str]:
        found = {case["case_number"] for case in await system.cases()} - before
        return found if len(found) >= 9 else set()

    numbers = await eventually(opened, seconds=180, every=1)
    assert len(numbers) == 9
    cases = [(await system.get(f"/api/v1/cases/{number}")).json() for number in sorted(numbers)]
    read = [case["submissions"][0]["narrative"]["text"] for case in cases]
    for place, text in enumerate(said):
        (found,) = [one for one in read if str(300 + place) in one]
        likeness = SequenceMatcher(
            None, " ".join(found.removesuffix("Corrected by hand.").split()), text, autojunk=False
        )
        assert likeness.ratio() > 0.95
        assert found.endswith("Corrected by hand.") is (place == 0)
    for number in numbers:
        answer = await desk.request.get(f"{system.url}/api/v1/cases/{number}")
        assert answer.status == 404


def _scanned(text: str, place: int) -> Image.Image:
    """Clean, noisy or skewed."""
    page, _ = letter(text)
    return (page, noisy(page), skewed(page, 2))[place // 3]


async def _picture(page: Page, name: str) -> None:
    if PICTURES is not None:
        await page.wait_for_timeout(1500)
        await page.screenshot(path=f"{PICTURES}/{name}.png")
