"""The inbox: found, narrowed, walked through by keys; what comes meanwhile is told."""

from __future__ import annotations

from datetime import UTC, datetime

from playwright.async_api import Page, expect

from tests.pages.cases.conftest import Desk


async def test_chips_narrow_the_list_and_widen_it_again(desk: Desk, tab: Page) -> None:
    report = await desk.world.add_case(kind="breach_report")
    await desk.world.add_case(kind="policy_inquiry")
    await tab.goto(f"{desk.url}/cases")
    await tab.get_by_role("link", name="Breach report 1").click()
    await expect(tab.locator("a.case")).to_have_text([report])
    await tab.get_by_role("link", name="Breach report").click()
    await expect(tab.locator("a.case")).to_have_count(2)


async def test_what_is_out_of_scope_or_closed_is_apart(desk: Desk, tab: Page) -> None:
    await desk.world.add_case(kind="breach_report")
    apart = await desk.world.add_case(kind="out_of_scope")
    closed = await desk.world.add_case(kind="policy_inquiry", status="closed")
    await tab.goto(f"{desk.url}/cases")
    tabs = tab.get_by_role("navigation", name="Which cases")
    await tabs.get_by_role("link", name="Out of scope").click()
    await expect(tab.locator("a.case")).to_have_text([apart])
    await tabs.get_by_role("link", name="Closed").click()
    await expect(tab.locator("a.case")).to_have_text([closed])


async def test_a_number_leads_to_its_case(desk: Desk, tab: Page) -> None:
    number = await desk.world.add_case()
    await tab.goto(f"{desk.url}/cases")
    await tab.keyboard.press("f")
    await tab.keyboard.type(f"{number[:3]} {number[3:]}")
    await tab.keyboard.press("Enter")
    await expect(tab.get_by_role("heading", level=1)).to_contain_text(number)


async def test_a_case_that_comes_meanwhile_is_told(desk: Desk, tab: Page) -> None:
    await tab.goto(f"{desk.url}/cases")
    number = await desk.world.add_case(opened_at=datetime.now(UTC))
    await tab.evaluate("htmx.trigger(document.body, 'desk:news')")
    await tab.get_by_role("link", name="New: 1").click()
    await expect(tab.locator("a.case")).to_have_text([number])


async def test_the_list_is_walked_through_by_keys(desk: Desk, tab: Page) -> None:
    first = await desk.world.add_case()
    await desk.world.add_case()
    await tab.goto(f"{desk.url}/cases")
    for key in ("j", "j", "Enter"):
        await tab.keyboard.press(key)
    await expect(tab.get_by_role("heading", level=1)).to_contain_text(first)
    # The heading is there before the page's script.
    await tab.wait_for_load_state()
    await tab.keyboard.press("u")
    await expect(tab.get_by_role("heading", level=1)).to_have_text("Inbox")


async def test_the_keys_are_told(desk: Desk, tab: Page) -> None:
    await tab.goto(f"{desk.url}/cases")
    await tab.keyboard.press("?")
    await expect(tab.get_by_role("dialog")).to_contain_text("Next case in the list")


async def test_a_handler_sees_their_own_cases(desk: Desk, tab: Page) -> None:
    own = await desk.world.add_case(handler="handler")
    await desk.world.add_case()
    await desk.sign_in("handler")
    await tab.goto(f"{desk.url}/cases")
    await expect(tab.locator("a.case")).to_have_text([own])


async def test_signing_in_leads_to_the_cases(desk: Desk, tab: Page) -> None:
    await desk.window.clear_cookies()
    await tab.goto(f"{desk.url}/login?lang=en")
    await tab.get_by_label("Name").fill("officer")
    await tab.get_by_label("Password").fill("a very quiet winter lake")
    await tab.get_by_role("button").click()
    await expect(tab.get_by_role("heading", level=1)).to_have_text("Inbox")
