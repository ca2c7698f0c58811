"""What holds for every page of case work: three languages, no script or style inline, axe, a phone's width."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page

from speakup.staff import COOKIE, Role
from tests.pages.cases.conftest import Desk

PAGES = ["/cases", "/cases/day", "/cases/board", "/cases/{number}"]
WORKERS = (Role.handler, Role.officer, Role.chair)


async def some_cases(desk: Desk) -> str:
    """One of each sort; the number of one that is open, with words both ways."""
    now = datetime.now(UTC)
    await desk.world.add_case(kind="out_of_scope", automatic="autoreply")
    await desk.world.add_case(urgent=True, triaged_at=None, feedback_by=now - timedelta(days=1))
    number = await desk.world.add_case(
        kind="breach_report", kind_by="v1", probability=0.8, category="fraud_theft",
        handler="officer", feedback_by=now + timedelta(days=3),
    )  # fmt: skip
    await desk.world.change(number, "replies", {"purpose": "question", "text": "Which pump?"})
    return number


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("page", PAGES)
async def test_axe_finds_nothing(desk: Desk, tab: Page, page: str, scheme: str) -> None:
    number = await some_cases(desk)
    await tab.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    await tab.goto(desk.url + page.format(number=number))
    for folded in await tab.locator("details > summary").all():
        if await folded.is_visible():
            await folded.click()
    found = await Axe().run(tab)
    assert found.response["violations"] == []


@pytest.mark.parametrize("language", ["kk", "ru", "en"])
@pytest.mark.parametrize("page", PAGES)
async def test_a_phone_scrolls_only_downwards_and_nothing_is_inline(
    desk: Desk, tab: Page, page: str, language: str
) -> None:
    number = await some_cases(desk)
    await tab.set_viewport_size({"width": 390, "height": 800})
    answer = await tab.goto(f"{desk.url}{page.format(number=number)}?lang={language}")
    assert answer is not None
    text = await answer.text()
    assert not re.search(r"<script(?![^>]*\ssrc=)|<style|\sstyle=|\son\w+=|https?://", text)
    assert f'<html lang="{language}">' in text
    wider = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert await tab.evaluate(wider) == 0


@pytest.mark.parametrize("page", PAGES)
async def test_whoever_is_not_signed_in_is_sent_to_the_sign_in_and_back(
    desk: Desk, page: str
) -> None:
    path = page.format(number="2481632047")
    answer = await desk.world.client.get(path)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/login/refresh?next=%2Fcases")


@pytest.mark.parametrize("role", WORKERS)
async def test_who_works_on_cases_finds_each_list(desk: Desk, role: Role) -> None:
    for page in PAGES[:3]:
        answer = await desk.world.client.get(
            page, headers={"Cookie": f"{COOKIE}={desk.world.token(role.value)}"}
        )
        assert answer.status_code == 200


@pytest.mark.parametrize("role", [role for role in Role if role not in WORKERS])
async def test_who_works_on_no_cases_finds_no_page(desk: Desk, role: Role) -> None:
    number = await some_cases(desk)
    for page in PAGES:
        answer = await desk.world.client.get(
            page.format(number=number),
            headers={"Cookie": f"{COOKIE}={desk.world.token(role.value)}"},
        )
        assert answer.status_code == 404
        assert number not in answer.text.replace(f"/cases/{number}", "")
