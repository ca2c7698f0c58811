"""My day: alerts, decisions, what is late; and the way of an unsealing by two people."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

from playwright.async_api import Page, expect
from sqlalchemy import insert

from case_router.work_tables import alerts
from tests.pages.cases.conftest import Desk

REASON = "The prosecutor asks by letter 12-3/441."


async def test_what_is_overdue_comes_before_what_is_due_soon(desk: Desk, tab: Page) -> None:
    now = datetime.now(UTC)
    soon = await desk.world.add_case(kind="breach_report", feedback_by=now + timedelta(days=1))
    late = await desk.world.add_case(kind="breach_report", feedback_by=now - timedelta(days=1))
    await tab.goto(f"{desk.url}/cases/day")
    await expect(tab.locator("a.case")).to_have_text([late, soon])


async def test_an_alert_is_taken_once(desk: Desk, tab: Page) -> None:
    number = await desk.world.add_case(urgent=True)
    async with desk.world.engine.begin() as connection:
        await connection.execute(
            insert(alerts).values(alert_id=uuid4(), case_number=number, times=1)
        )
    await tab.goto(f"{desk.url}/cases/day")
    await tab.locator(".alarm a").click()
    await tab.get_by_role("button", name="I am taking it").click()
    await expect(tab.locator("#notice")).to_contain_text("You have taken this case")
    await expect(tab.locator(".alarm")).to_have_count(0)


async def test_two_people_open_who_the_reporter_is(desk: Desk, tab: Page) -> None:
    number = await desk.world.add_case(kind="policy_inquiry", handler="handler")
    await desk.sign_in("handler")
    await tab.goto(f"{desk.url}/cases/{number}")
    await tab.get_by_text("Learn who the reporter is", exact=True).click()
    await tab.get_by_label("Address and name").check()
    await tab.get_by_label("Why").fill(REASON)
    await tab.get_by_role("button", name="Ask for it").click()
    await expect(tab.locator("#notice")).to_contain_text("Asked.")
    await desk.sign_in("officer")
    await tab.goto(f"{desk.url}/cases/day")
    await expect(tab.locator(".words")).to_have_text(REASON)
    await tab.get_by_role("button", name="Approve").click()
    await expect(tab.locator("#notice")).to_contain_text("Approved")
    await desk.sign_in("handler")
    await tab.goto(f"{desk.url}/cases/{number}")
    await tab.get_by_text("Learn who the reporter is", exact=True).click()
    await tab.get_by_role("link", name="Show address and name").click()
    await expect(tab.locator("#contact")).to_contain_text("reporter@example.kz")
