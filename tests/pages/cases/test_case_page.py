"""A case on its page: read as it was sent, worked step by step to its closing."""

from __future__ import annotations

from uuid import uuid4

from playwright.async_api import Page, expect

from case_router import wav
from speakup.events import Amendment
from speakup.submission import Amended, Attachment, Content, Transcript
from tests.case_router.test_voice import spoken
from tests.case_router.world import add_call, amend
from tests.pages.cases.conftest import Desk
from tests.pages.cases.files import attached, no_picture, two_pages


async def opened(tab: Page, desk: Desk, number: str) -> None:
    await tab.goto(f"{desk.url}/cases/{number}")
    await expect(tab.get_by_role("heading", level=1)).to_contain_text(number)


async def status_of(desk: Desk, number: str) -> str:
    return str((await desk.world.get(f"/cases/{number}")).json()["status"])


async def test_a_case_is_closed_step_by_step(desk: Desk, tab: Page) -> None:
    number = await desk.world.add_case(
        kind="policy_inquiry", kind_by="v1", probability=0.9, triaged_at=None
    )
    await opened(tab, desk, number)
    await tab.get_by_role("button", name="Confirm, no risk").click()
    await expect(tab.locator("#notice")).to_contain_text("the case is classified")
    await tab.get_by_role("combobox", name="Handler").select_option("handler")
    await tab.get_by_role("button", name="Give the case").click()
    await expect(tab.locator("#notice")).to_contain_text("given to its handler")
    await tab.get_by_label("Your words to the reporter").fill("Yes, up to 10,000 tenge.")
    await tab.get_by_role("button", name="Send").click()
    await expect(tab.locator(".dialogue").first).to_contain_text("Yes, up to 10,000 tenge.")
    await tab.get_by_role("button", name="Close the case").click()
    await expect(tab.locator("#notice")).to_contain_text("The case is closed")
    assert await status_of(desk, number) == "closed"


async def test_a_breach_report_is_closed_with_what_was_found_and_done(
    desk: Desk, tab: Page
) -> None:
    number = await desk.world.add_case(
        kind="breach_report", kind_by="person", status="answered", handler="handler"
    )
    await opened(tab, desk, number)
    await tab.get_by_role("combobox", name="What was found").select_option("substantiated")
    await tab.get_by_role("combobox", name="What the company did").select_option("training")
    await tab.get_by_role("combobox", name="How it ended").select_option("considered")
    await tab.get_by_role("button", name="Close the case").click()
    await expect(tab.locator("#notice")).to_contain_text("The case is closed")
    told = (await desk.world.get(f"/cases/{number}")).json()
    assert (told["finding"], told["action"]) == ("substantiated", "training")


async def test_another_kind_than_the_machines_is_said_with_a_reason(desk: Desk, tab: Page) -> None:
    number = await desk.world.add_case(
        kind="policy_inquiry", kind_by="v1", probability=0.6, triaged_at=None
    )
    await opened(tab, desk, number)
    await tab.get_by_text("It is something else").click()
    form = tab.locator("form", has=tab.get_by_role("button", name="Confirm", exact=True))
    await form.get_by_label("Breach report").check()
    await form.get_by_role("radio", name="High").check()
    await form.get_by_label("It is about corruption").check()
    await form.get_by_role("button").click()
    await expect(tab.locator("#problem")).to_contain_text("Say in `reason`")
    await form.get_by_label("Why, if you change the kind").fill("It tells of a bribe.")
    await form.get_by_role("button").click()
    await expect(tab.locator("#notice")).to_contain_text("the case is classified")
    told = (await desk.world.get(f"/cases/{number}")).json()
    assert (told["kind"], told["retaliation_risk"], told["corruption"]) == (
        "breach_report",
        "high",
        True,
    )


async def test_a_case_is_reopened_with_a_reason(desk: Desk, tab: Page) -> None:
    number = await desk.world.add_case(kind="policy_inquiry", kind_by="person", status="closed")
    await opened(tab, desk, number)
    await tab.get_by_text("Move on by hand").click()
    await tab.get_by_label("Why it is reopened").fill("The rule has changed.")
    await tab.get_by_role("button", name="Reopen").click()
    await expect(tab.locator("header.heading")).to_contain_text("Reopened")


async def test_the_forms_work_without_script(desk: Desk) -> None:
    number = await desk.world.add_case(kind="policy_inquiry", kind_by="person")
    plain = await desk.window.browser.new_context(java_script_enabled=False)  # type: ignore[union-attr]
    await plain.add_cookies(await desk.window.cookies())  # type: ignore[arg-type]
    tab = await plain.new_page()
    await tab.goto(f"{desk.url}/cases/{number}?lang=en")
    await tab.get_by_role("combobox", name="Handler").select_option("handler")
    await tab.get_by_role("button", name="Give the case").click()
    await expect(tab.locator("#notice")).to_contain_text("given to its handler")
    await plain.close()


async def test_a_form_of_another_site_changes_nothing(desk: Desk) -> None:
    number = await desk.world.add_case(kind="policy_inquiry", kind_by="person")
    answer = await desk.world.client.post(
        f"/cases/{number}/assignment",
        data={"handler": "handler", "etag": "*"},
        headers={
            "Cookie": f"speakup_session={desk.world.token()}",
            "Sec-Fetch-Site": "cross-site",
        },
    )
    assert answer.status_code == 401
    assert (await desk.world.get(f"/cases/{number}")).json()["handler"] is None


async def test_reading_the_page_is_noted_as_by_the_api(desk: Desk, tab: Page) -> None:
    number = await desk.world.add_case()
    await opened(tab, desk, number)
    assert ("case.read", "officer", number) in await desk.world.audit()


async def test_looking_whether_there_is_news_isnt_noted(desk: Desk) -> None:
    number = await desk.world.add_case()
    etag = (await desk.world.get(f"/cases/{number}")).headers["etag"]
    before = await desk.world.audit()
    cookie = {"Cookie": f"speakup_session={desk.world.token()}"}
    answer = await desk.world.client.get(
        f"/cases/{number}/newer", params={"etag": etag}, headers=cookie
    )
    assert (answer.status_code, await desk.world.audit()) == (204, before)


async def test_what_others_did_is_told_and_what_was_typed_stays(desk: Desk, tab: Page) -> None:
    number = await desk.world.add_case(kind="policy_inquiry", kind_by="person", handler="handler")
    await opened(tab, desk, number)
    await tab.get_by_label("Your words to the reporter").fill("Half a sentence")
    await desk.world.change(number, "status", {"status": "in_review"})
    await tab.get_by_role("button", name="Send").click()
    await expect(tab.locator("#problem")).to_contain_text("has changed since you opened it")
    await expect(tab.get_by_label("Your words to the reporter")).to_have_value("Half a sentence")


async def test_news_shows_by_itself_while_nothing_is_typed(desk: Desk, tab: Page) -> None:
    number = await desk.world.add_case(kind="policy_inquiry", kind_by="person", handler="handler")
    await opened(tab, desk, number)
    await desk.world.change(number, "status", {"status": "in_review"})
    await tab.evaluate("htmx.trigger(document.body, 'desk:news')")
    await expect(tab.locator("header.heading .state")).to_have_text("In review")


async def test_a_session_that_is_over_loses_nothing_that_was_typed(desk: Desk, tab: Page) -> None:
    number = await desk.world.add_case(kind="policy_inquiry", kind_by="person", handler="handler")
    await opened(tab, desk, number)
    await tab.get_by_label("Your words to the reporter").fill("A long answer")
    await tab.route("**/cases/alive", lambda route: route.abort())
    await desk.window.clear_cookies()
    await tab.get_by_role("button", name="Send").click()
    await expect(tab.locator("#problem")).to_contain_text("Sign in again in another tab")
    await expect(tab.get_by_label("Your words to the reporter")).to_have_value("A long answer")
    await desk.sign_in()
    await tab.get_by_role("button", name="Send").click()
    await expect(tab.locator(".dialogue").first).to_contain_text("A long answer")


async def test_attachments_are_shown_as_their_pixels(desk: Desk, tab: Page) -> None:
    content = Content(text="See the files.", attachments=await _attached(desk))
    number = await desk.world.add_case(content)
    await opened(tab, desk, number)
    await tab.get_by_role("link", name="Preview two.pdf").click()
    await expect(tab.locator(".preview img")).to_have_count(2)
    first = tab.locator(".preview img").first
    await expect(first).to_have_js_property("complete", value=True)
    await expect(first).not_to_have_js_property("naturalWidth", 0)


async def test_what_is_no_picture_has_no_preview(desk: Desk, tab: Page) -> None:
    content = Content(text="See the files.", attachments=await _attached(desk))
    number = await desk.world.add_case(content)
    await opened(tab, desk, number)
    await tab.get_by_role("link", name="Preview broken.png").click()
    await expect(tab.locator("#problem")).to_contain_text("There is no preview of this file")


async def _attached(desk: Desk) -> tuple[Attachment, ...]:
    return (
        await attached(desk.world, "two.pdf", "application/pdf", two_pages()),
        await attached(desk.world, "broken.png", "image/png", no_picture()),
    )


async def test_a_call_is_heard_in_another_voice_and_its_text_corrected(
    desk: Desk, tab: Page
) -> None:
    call = await add_call(desk.world, wav.write(spoken(seconds=0.3)), language="ru")
    heard = Transcript(recording_id=call.recording_id, text="Алло", language="ru", machine="w")
    await amend(desk.world, call, Amendment.transcript, Amended(transcript=heard))
    await opened(tab, desk, call.number)
    await tab.locator("audio").evaluate("(one) => { one.muted = true; return one.play() }")
    await tab.get_by_text("Correct the text").click()
    await tab.get_by_label("What is said").fill("Алло, насосы купили вдвое дороже.")
    await tab.get_by_role("button", name="Save the text").click()
    await expect(tab.locator(".recording > .words")).to_have_text(
        "Алло, насосы купили вдвое дороже."
    )


async def test_what_may_not_be_seen_is_as_what_isnt_there(desk: Desk, tab: Page) -> None:
    restricted = await desk.world.add_case(restricted=True)
    texts = []
    for number in (restricted, f"2{uuid4().int % 10**9:09d}"):
        answer = await tab.goto(f"{desk.url}/cases/{number}")
        assert answer is not None
        assert answer.status == 404
        texts.append(await tab.locator("main").inner_text())
    assert texts[0] == texts[1]


async def test_notes_and_tasks_are_kept_with_the_case(desk: Desk, tab: Page) -> None:
    number = await desk.world.add_case(kind="policy_inquiry", handler="handler")
    await opened(tab, desk, number)
    await tab.locator("#step-note summary").click()
    await tab.get_by_role("textbox", name="Note").fill("The invoices are in the blue folder.")
    await tab.get_by_role("button", name="Save the note").click()
    await expect(tab.locator("main")).to_contain_text("The invoices are in the blue folder.")
    await tab.get_by_text("Add a task").click()
    await tab.get_by_label("What is to be done").fill("Ask for the contract")
    await tab.get_by_label("Until").fill("2099-01-31")
    await tab.get_by_role("button", name="Save the task").click()
    await tab.get_by_role("button", name="Done Ask for the contract").click()
    await expect(tab.locator("#notice")).to_contain_text("The task is done")
