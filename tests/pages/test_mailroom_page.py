"""The mailroom's page in a real browser: by keyboard, by files, and when something fails."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import FileChooser, FilePayload, Page, Route, expect

from speakup.staff import COOKIE, Role
from tests.pages.conftest import Site
from tests.pages.letters_double import new_page, picture
from tests.waiting import eventually

SCAN: FilePayload = {"name": "scan.png", "mimeType": "image/png", "buffer": picture()}
OTHER: FilePayload = {"name": "other.png", "mimeType": "image/png", "buffer": picture()}
TODAY = {"opened_by": "A. Opener", "witnessed_by": "B. Witness", "storage_place": "Safe 2"}


async def opened(tab: Page, site: Site, letter_id: str) -> None:
    await tab.goto(f"{site.url}/mailroom#letter/{letter_id}")
    await expect(tab.locator("#letter-title")).to_be_focused()


async def test_whoever_is_not_signed_in_is_sent_to_the_sign_in(site: Site, tab: Page) -> None:
    await tab.context.clear_cookies()
    answer = await tab.request.get(f"{site.url}/mailroom?lang=ru", max_redirects=0)
    assert answer.headers["location"] == "/login?next=/mailroom&lang=ru"
    assert (await tab.request.get(f"{site.url}/mailroom/alive")).status == 401


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.mailroom])
async def test_other_roles_find_no_mailroom(site: Site, tab: Page, role: Role) -> None:
    await tab.context.add_cookies([{"name": COOKIE, "value": site.token(role), "url": site.url}])
    assert (await tab.request.get(f"{site.url}/mailroom")).status == 404


@pytest.mark.parametrize("language", ["kk", "ru", "en"])
async def test_nothing_is_inline_and_no_text_is_missing(
    site: Site, tab: Page, language: str
) -> None:
    page = await (await tab.request.get(f"{site.url}/mailroom?lang={language}")).text()
    assert not re.search(r"<script(?![^>]*\ssrc=)|<style|\sstyle=|\son\w+=|https?://", page)
    letter = site.letters.add(new_page("Words", state="read"))
    await tab.goto(f"{site.url}/mailroom?lang={language}#letter/{letter['letter_id']}")
    await expect(tab.locator("#pages textarea")).to_have_value("Words")


async def test_today_is_the_mailrooms_wherever_the_browser_thinks_it_is(
    site: Site, tab: Page
) -> None:
    await tab.add_init_script(
        "Date = class extends Date {"
        " constructor(...values) { super(...(values.length ? values : ['2026-11-23T21:30:00Z'])) }"
        "}"
    )
    await tab.goto(f"{site.url}/mailroom")
    await expect(tab.locator("#pile [name=received_on]")).to_have_value("2026-11-24")


async def test_each_file_becomes_a_letter_of_its_own(site: Site, tab: Page) -> None:
    site.letters.defaults = dict(TODAY)
    await tab.goto(f"{site.url}/mailroom")
    await expect(tab.get_by_label("Opened by").first).to_have_value("A. Opener")
    await tab.locator("#files").set_input_files([SCAN, OTHER])
    await expect(tab.locator("#drafts a")).to_have_text(["2026-M-000001", "2026-M-000002"])


async def test_files_can_be_dropped_anywhere(site: Site, tab: Page) -> None:
    site.letters.defaults = dict(TODAY)
    await tab.goto(f"{site.url}/mailroom")
    await expect(tab.get_by_label("Opened by").first).to_have_value("A. Opener")
    await tab.evaluate(
        "() => { const dataTransfer = new DataTransfer();"
        " dataTransfer.items.add(new File(['scan'], 'scan.png'));"
        " const how = {dataTransfer, bubbles: true, cancelable: true};"
        " document.querySelector('h1').dispatchEvent(new DragEvent('drop', how)) }"
    )
    await expect(tab.locator("#drafts a")).to_have_count(1)


async def test_files_can_be_one_letter(site: Site, tab: Page) -> None:
    site.letters.defaults = dict(TODAY)
    await tab.goto(f"{site.url}/mailroom")
    await expect(tab.get_by_label("Opened by").first).to_have_value("A. Opener")
    await tab.get_by_label("These files are one letter").check()
    await tab.locator("#files").set_input_files([SCAN, OTHER])
    await expect(tab.locator("#drafts li")).to_contain_text("read 0 of 2")


async def test_pictures_of_a_phone_wait_until_the_letter_is_whole(site: Site, tab: Page) -> None:
    site.letters.defaults = dict(TODAY)
    await tab.goto(f"{site.url}/mailroom")
    await expect(tab.get_by_label("Opened by").first).to_have_value("A. Opener")
    await tab.get_by_label("These files are one letter").check()
    for picture_of_page in (SCAN, OTHER):
        await tab.locator("#camera").set_input_files([picture_of_page])
    assert site.letters.tries == []
    await tab.get_by_role("button", name="Send as one letter").click()
    await expect(tab.locator("#drafts li")).to_contain_text("read 0 of 2")


async def test_no_letter_is_taken_without_the_two_who_opened_it(site: Site, tab: Page) -> None:
    await tab.goto(f"{site.url}/mailroom")
    await expect(tab.locator("#folder")).to_contain_text("Files waiting: 2")
    await tab.locator("#files").set_input_files([SCAN])
    await expect(tab.get_by_role("alert")).to_contain_text("First fill in the date")
    assert site.letters.tries == []


async def test_an_upload_that_was_cut_is_repeated_under_its_key(site: Site, tab: Page) -> None:
    site.letters.defaults = dict(TODAY)
    await tab.goto(f"{site.url}/mailroom")
    await expect(tab.get_by_label("Opened by").first).to_have_value("A. Opener")
    site.letters.away = 1
    await tab.locator("#files").set_input_files([SCAN])
    await expect(tab.locator("#drafts a")).to_have_count(1)
    assert len(site.letters.tries) == 2
    assert len(set(site.letters.tries)) == 1


async def test_a_refused_file_says_why_and_the_others_go_on(site: Site, tab: Page) -> None:
    site.letters.defaults = dict(TODAY)
    site.letters.refusing = {"scan.png": "The file is empty."}
    await tab.goto(f"{site.url}/mailroom")
    await expect(tab.get_by_label("Opened by").first).to_have_value("A. Opener")
    await tab.locator("#files").set_input_files([SCAN, OTHER])
    await expect(tab.locator("#uploads .wrong")).to_contain_text("The file is empty.")
    await expect(tab.locator("#drafts a")).to_have_count(1)


async def test_the_text_appears_once_the_page_is_read(site: Site, tab: Page) -> None:
    letter = site.letters.add(new_page())
    await opened(tab, site, letter["letter_id"])
    await expect(tab.locator("#pages .mark")).to_have_text("being read …")
    site.letters.read(letter, "They take diesel at night.", unsure="diesel")
    await expect(tab.locator("#pages textarea")).to_have_value("They take diesel at night.")
    await expect(tab.locator("#pages .mark")).to_have_text("check it")


async def test_a_key_leads_to_each_unsure_word_and_its_place_on_the_picture(
    site: Site, tab: Page
) -> None:
    letter = site.letters.add(new_page("They take diesel.", state="check", unsure="diesel"))
    await opened(tab, site, letter["letter_id"])
    await expect(tab.locator("#pages mark")).to_have_text("diesel")
    await tab.keyboard.press("F2")
    chosen = "document.activeElement.value.slice(...['Start', 'End'].map((at) => document.activeElement['selection' + at]))"
    assert await tab.evaluate(chosen) == "diesel"
    await expect(tab.locator("#pages .box")).to_be_visible()


async def test_marks_move_with_the_text_and_go_with_their_word(site: Site, tab: Page) -> None:
    letter = site.letters.add(new_page("They take diesel.", state="check", unsure="diesel"))
    await opened(tab, site, letter["letter_id"])
    await tab.keyboard.press("e")
    await tab.keyboard.press("Control+Home")
    await tab.keyboard.type("Here ")
    await expect(tab.locator("#pages mark")).to_have_text("diesel")
    await tab.keyboard.press("F2")
    await tab.keyboard.type("petrol")
    await expect(tab.locator("#pages mark")).to_have_count(0)
    await eventually(lambda: letter["draft"]["pages"][0]["text"] == "Here They take petrol.")


async def test_what_was_typed_is_there_when_the_page_is_opened_again(site: Site, tab: Page) -> None:
    letter = site.letters.add(new_page("Words", state="read"))
    await opened(tab, site, letter["letter_id"])
    await tab.locator("#pages textarea").fill("Better words")
    await tab.get_by_label("Address for the answer").fill("Karaganda\nAbai 12")
    await expect(tab.locator("#saved")).to_have_text("All saved")
    await tab.reload()
    await expect(tab.locator("#pages textarea")).to_have_value("Better words")
    await expect(tab.get_by_label("Address for the answer")).to_have_value("Karaganda\nAbai 12")


async def test_typing_goes_on_while_the_api_is_away(site: Site, tab: Page) -> None:
    letter = site.letters.add(new_page("Words", state="read"))
    await opened(tab, site, letter["letter_id"])
    site.letters.away = 1
    await tab.locator("#pages textarea").fill("Better words")
    await expect(tab.get_by_role("alert")).to_contain_text("Nothing is lost")
    await expect(tab.locator("#saved")).to_have_text("All saved")
    await expect(tab.get_by_role("alert")).to_be_empty()
    assert letter["draft"]["pages"][0]["text"] == "Better words"


async def test_somebody_elses_change_is_told_and_what_was_typed_is_kept(
    site: Site, tab: Page
) -> None:
    letter = site.letters.add(new_page("Words", state="read"))
    await opened(tab, site, letter["letter_id"])
    letter["draft"]["revision"] += 1
    letter["draft"]["address"] = "theirs"
    await tab.get_by_label("Address for the answer").fill("ours")
    await expect(tab.get_by_role("alert")).to_contain_text("Somebody else has changed")
    await eventually(lambda: letter["draft"]["address"] == "ours")


async def test_a_change_of_something_else_disturbs_nobody(site: Site, tab: Page) -> None:
    letter = site.letters.add(new_page("Words", state="read"))
    await opened(tab, site, letter["letter_id"])
    letter["draft"]["revision"] += 1
    await tab.get_by_label("Address for the answer").fill("ours")
    await eventually(lambda: letter["draft"]["address"] == "ours")
    await expect(tab.get_by_role("alert")).to_be_empty()


async def test_a_page_is_turned_dropped_marked_and_read_again_by_keys(
    site: Site, tab: Page
) -> None:
    letter = site.letters.add(new_page("Words", state="read"))
    await opened(tab, site, letter["letter_id"])
    page = letter["draft"]["pages"][0]
    for key in ("r", "h", "d"):
        await tab.keyboard.press(key)
    await eventually(lambda: (page["rotation"], page["handwritten"], page["dropped"]) == (90, 1, 1))
    await expect(tab.locator("#pages img")).to_have_class("turn-90")
    await tab.keyboard.press("3")
    await eventually(lambda: (page["language"], page["state"]) == ("en", "waiting"))


async def test_keys_are_known_by_their_place_whatever_the_layout(site: Site, tab: Page) -> None:
    letter = site.letters.add(new_page("Words", state="read"))
    await opened(tab, site, letter["letter_id"])
    pressed = "new KeyboardEvent('keydown', {key: 'х', code: 'KeyH', bubbles: true})"
    await tab.evaluate(f"document.body.dispatchEvent({pressed})")
    await eventually(lambda: letter["draft"]["pages"][0]["handwritten"])


async def test_the_list_is_worked_by_keys(site: Site, tab: Page) -> None:
    for _ in range(2):
        site.letters.add(new_page("Words", state="read"))
    asked: list[FileChooser] = []
    tab.on("filechooser", lambda chooser: asked.append(chooser))
    await tab.goto(f"{site.url}/mailroom")
    await expect(tab.locator("#drafts a")).to_have_count(2)
    await tab.keyboard.press("f")
    await eventually(lambda: asked)
    for key in ("j", "ArrowDown", "Enter"):
        await tab.keyboard.press(key)
    await expect(tab.locator("#letter-title")).to_have_text("Letter 2026-M-000002")


async def test_keys_do_nothing_while_somebody_types(site: Site, tab: Page) -> None:
    letter = site.letters.add(new_page("", state="handwritten"))
    await opened(tab, site, letter["letter_id"])
    await tab.keyboard.press("e")
    await tab.keyboard.type("durch")
    await eventually(lambda: letter["draft"]["pages"][0]["text"] == "durch")
    assert (letter["draft"]["pages"][0]["dropped"], letter["state"]) == (False, "draft")


async def test_sending_opens_the_next_letter_and_shows_no_more_of_the_first(
    site: Site, tab: Page
) -> None:
    first, second = (site.letters.add(new_page(f"Text {n}", state="read")) for n in (1, 2))
    await opened(tab, site, first["letter_id"])
    await tab.get_by_label("Address for the answer").fill("Abai 12")
    await tab.locator("#pages textarea").fill("Last words")
    await tab.keyboard.press("Control+Enter")
    await expect(tab.locator("#letter-title")).to_have_text("Letter 2026-M-000002")
    assert first["sent"]["pages"][0]["text"] == "Last words"
    fields = "[...document.querySelectorAll('input, textarea')].map((field) => field.value).join()"
    shown = await tab.content() + await tab.evaluate(fields)
    assert [words for words in ("Last words", "Abai 12") if words in shown] == []
    await tab.goto(f"{site.url}/mailroom#letter/{first['letter_id']}")
    await expect(tab.locator("#letter-closed")).to_contain_text("no longer shown")
    assert second["state"] == "draft"


async def test_one_key_passes_a_letter_on_unread(site: Site, tab: Page) -> None:
    letter = site.letters.add(new_page("Words", state="read"))
    await opened(tab, site, letter["letter_id"])
    await tab.keyboard.press("u")
    await expect(tab.get_by_text("No letter is waiting.")).to_be_visible()
    assert letter["sent"]["unread"]


async def test_a_letter_that_is_not_ready_says_what_is_missing_and_stays_to_be_read(
    site: Site, tab: Page
) -> None:
    letter = site.letters.add(new_page())
    await opened(tab, site, letter["letter_id"])
    await tab.keyboard.press("u")
    await expect(tab.get_by_role("alert")).to_have_text("Pages are still being read.")
    await eventually(lambda: letter["draft"]["unread"] is False)


async def test_a_letter_is_split_joined_again_and_voided(site: Site, tab: Page) -> None:
    letter = site.letters.add(new_page("One", state="read"), new_page("Two", state="read"))
    await opened(tab, site, letter["letter_id"])
    await tab.keyboard.press("n")
    await tab.keyboard.press("s")
    await expect(tab.locator("#pages textarea")).to_have_count(1)
    await tab.keyboard.press("j")
    await expect(tab.locator("#letter-title")).to_have_text("Letter 2026-M-000002")
    await tab.get_by_role("button", name="Join to another letter").click()
    await tab.get_by_role("button", name="Join", exact=True).click()
    await expect(tab.locator("#pages textarea")).to_have_count(2)
    await tab.get_by_role("button", name="Void this letter").click()
    await tab.get_by_label("Reason").locator("visible=true").fill("scanned twice")
    await tab.get_by_role("button", name="Void it").click()
    await expect(tab.locator("#letters-title")).to_be_visible()
    assert letter["state"] == "void"


async def test_a_quoted_case_number_is_checked(site: Site, tab: Page) -> None:
    letter = site.letters.add(new_page("Words", state="read"))
    await opened(tab, site, letter["letter_id"])
    await tab.get_by_label("Case number that it quotes").fill("3123456789")
    await expect(tab.locator("#quotes-check")).to_have_text(re.compile("^The number checks"))
    await tab.get_by_label("Case number that it quotes").fill("3123456780")
    await expect(tab.locator("#quotes-check")).to_have_text(re.compile("does not check"))


async def test_the_entry_of_a_letter_is_saved_on_leaving_its_form(site: Site, tab: Page) -> None:
    letter = site.letters.add(new_page("Words", state="read"))
    await opened(tab, site, letter["letter_id"])
    await tab.get_by_text("Register entry").click()
    await tab.locator("#entry [name=enclosures]").fill("a photograph")
    await tab.locator("#details select").first.focus()
    await eventually(lambda: letter["entry"]["enclosures"] == "a photograph")
    assert letter["versions"][1]["reason"] == "noted at opening"


async def test_the_register_is_corrected_with_a_reason(site: Site, tab: Page) -> None:
    letter = site.letters.add(new_page("Words", state="read"))
    await tab.goto(f"{site.url}/mailroom#register")
    await tab.get_by_role("button", name="Correct: 2026-M-000001").click()
    dialog = tab.locator("#correct-dialog")
    await dialog.get_by_label("Where the paper is kept").fill("Safe 3")
    await dialog.get_by_label("Reason").fill("moved")
    await dialog.get_by_role("button", name="Save in the register").click()
    await expect(tab.locator("#register-lines")).to_contain_text("version 2")
    assert letter["versions"][1]["reason"] == "moved"


async def test_an_answer_is_marked_posted_with_its_number(site: Site, tab: Page) -> None:
    times = dict.fromkeys(("labelled_at", "posted_at", "registered_mail_number", "returned_at"))
    label = {"code": "K7Q2-M4X", "state": "waiting", "requested_at": "2026-11-22T09:00:00Z"}
    site.letters.labels = [label | times]
    await tab.goto(f"{site.url}/mailroom#labels")
    await tab.get_by_role("button", name="Mark posted: K7Q2-M4X").click()
    await tab.get_by_label("Number of the registered letter").locator("visible=true").fill("RR123")
    await tab.keyboard.press("Enter")
    await expect(tab.locator("#label-list")).to_contain_text("RR123")
    assert site.letters.labels[0]["state"] == "posted"


async def test_an_ended_session_is_renewed_and_the_change_arrives(site: Site, tab: Page) -> None:
    letter = site.letters.add(new_page("Words", state="read"))
    await opened(tab, site, letter["letter_id"])
    letters_left = f"**/api/v1/letters/{letter['letter_id']}/draft"
    refused: list[str] = []

    async def once(route: Route) -> None:
        if refused:
            await route.fallback()
        else:
            refused.append("401")
            await route.fulfill(status=401, json={"detail": "Sign in first."})

    await tab.route(letters_left, once)
    await tab.get_by_label("Wants no answer").check()
    await eventually(lambda: letter["draft"]["wants_no_answer"])
    assert refused == ["401"]


async def test_a_phone_shows_it_all_without_scrolling_sideways(site: Site, tab: Page) -> None:
    letter = site.letters.add(new_page("Words " * 60, state="check", unsure="Words"))
    await tab.set_viewport_size({"width": 390, "height": 844})
    for place in ("letters", f"letter/{letter['letter_id']}", "register", "labels"):
        await tab.goto(f"{site.url}/mailroom#{place}")
        await expect(tab.locator("h1:visible")).to_be_focused()
        width = await tab.evaluate("document.documentElement.scrollWidth")
        assert (place, width) == (place, 390)
