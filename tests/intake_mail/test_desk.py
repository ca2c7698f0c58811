"""The desk by its API: scans come in, letters are looked at, corrected, divided and sent."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from speakup.events import SubmissionFollowUp, SubmissionReceived
from tests.intake_mail.letters_desk import ENTRY, SHEET, TODAY, Mailroom, scan, sweep

NUMBER = "3941080232"


async def test_a_letter_is_entered_at_once_and_read_behind(mailroom: Mailroom) -> None:
    answer = await mailroom.bring(scan("They sell our diesel."))
    assert answer.status_code == 201
    (letter,) = answer.json()["letters"]
    assert letter["number"] == f"{TODAY.year}-M-000001"
    (line,) = await mailroom.register()
    assert (line["state"], line["progress"]["waiting"]) == ("draft", 1)
    await mailroom.work()
    (page,) = (await mailroom.draft(letter["letter_id"]))["pages"]
    assert (page["state"], page["text"]) == ("read", "They sell our diesel.")


async def test_files_are_letters_each_or_one_letter_together(mailroom: Mailroom) -> None:
    each = await mailroom.bring(scan("One."), scan("Two."))
    one = await mailroom.bring(scan("Three."), scan("Four."), together="true")
    await mailroom.work()
    assert len(each.json()["letters"]) == 2
    (letter,) = one.json()["letters"]
    draft = await mailroom.draft(letter["letter_id"])
    assert [page["text"] for page in draft["pages"]] == ["Three.", "Four."]


async def test_a_scan_of_several_letters_is_split_at_its_sheets(mailroom: Mailroom) -> None:
    await mailroom.bring(scan(SHEET, "One.", "More of one.", SHEET, "Two.", SHEET, "Three."))
    await mailroom.work()
    lines = await mailroom.register()
    assert [line["number"][-6:] for line in lines] == ["000001", "000002", "000003"]
    assert len({tuple(line["sha256"]) for line in lines}) == 1
    pages = [
        [
            page["text"]
            for page in (await mailroom.draft(line["letter_id"]))["pages"]
            if not page["dropped"]
        ]
        for line in lines
    ]
    assert pages == [["One.", "More of one."], ["Two."], ["Three."]]


async def test_a_page_that_was_taken_for_a_sheet_can_be_had_back(mailroom: Mailroom) -> None:
    letter = await mailroom.letter("One.", SHEET | {"text": "A forged sheet."})
    pages = (await mailroom.draft(letter))["pages"]
    assert [page["dropped"] for page in pages] == [False, True]
    await mailroom.patch(f"/{letter}/pages/{pages[1]['page_id']}", {"dropped": False})
    await mailroom.work()
    pages = (await mailroom.draft(letter))["pages"]
    assert [page["text"] for page in pages] == ["One.", "A forged sheet."]


async def test_the_same_request_again_is_the_same_letter(mailroom: Mailroom) -> None:
    first = await mailroom.bring(scan("One."), key="abc")
    before = mailroom.blobs()
    again = await mailroom.bring(scan("One."), key="abc")
    assert again.json() == first.json()
    assert mailroom.blobs() == before
    other = await mailroom.bring(scan("Two."), key="abc")
    assert other.status_code == 422
    assert len(await mailroom.register()) == 1


async def test_of_a_pile_with_a_bad_file_nothing_is_taken(mailroom: Mailroom) -> None:
    answer = await mailroom.bring(scan("One."), b"bad:void", scan("Two."))
    assert answer.status_code == 422
    (error,) = answer.json()["errors"]
    assert (error["file"], error["code"]) == (2, "void")
    assert await mailroom.register() == []
    assert mailroom.blobs() == set()


@pytest.mark.parametrize(
    "fields",
    [
        {"received_on": (TODAY + timedelta(days=3)).isoformat()},
        {"received_on": (TODAY - timedelta(days=400)).isoformat()},
        {"received_on": "yesterday"},
        {"witnessed_by": "A. Serikova"},
        {"opened_by": ""},
        {"unknown": "1"},
    ],
    ids=["future", "too old", "no day", "one person", "nobody", "unknown field"],
)
async def test_an_entry_that_cant_be_right_is_told(
    mailroom: Mailroom, fields: dict[str, str]
) -> None:
    answer = await mailroom.bring(scan("One."), **fields)
    assert answer.status_code == 422
    assert answer.json()["errors"]
    assert await mailroom.register() == []


async def test_what_holds_for_the_pile_is_said_once(mailroom: Mailroom) -> None:
    put = await mailroom.client.put(
        "/api/v1/letters/defaults",
        json=ENTRY | {"storage_place": "Safe 2", "language": "kk"},
        headers=mailroom.token(),
    )
    assert put.status_code == 200
    answer = await mailroom.client.post(
        "/api/v1/letters",
        files=[("files", ("a.pdf", scan("One.")))],
        headers=mailroom.token() | {"idempotency-key": "1"},
    )
    assert answer.status_code == 201
    (line,) = await mailroom.register()
    assert line["entry"]["storage_place"] == "Safe 2"
    assert (await mailroom.draft(line["letter_id"]))["language"] == "kk"


async def test_a_page_that_cant_be_opened_is_told_and_the_rest_goes_on(mailroom: Mailroom) -> None:
    letter = await mailroom.letter("One.", {"lost": "void"}, "Three.")
    pages = (await mailroom.draft(letter))["pages"]
    assert [page["state"] for page in pages] == ["read", "missing", "read"]
    assert pages[1]["problem"]["what"]
    sent = await mailroom.post(f"/{letter}/send")
    assert (sent.status_code, sent.json()["code"]) == (409, "page_missing")
    await mailroom.patch(f"/{letter}/pages/{pages[1]['page_id']}", {"dropped": True})
    assert (await mailroom.post(f"/{letter}/send")).status_code == 200


async def test_an_unsure_word_is_marked_where_it_stands(mailroom: Mailroom) -> None:
    letter = await mailroom.letter("They sell? our diesel.")
    (page,) = (await mailroom.draft(letter))["pages"]
    (unsure,) = page["unsure"]
    assert page["text"][unsure["start"] : unsure["end"]] == "sell"
    assert unsure["box"] == [10, 20, 30, 40]


async def test_what_a_person_typed_is_never_written_over(mailroom: Mailroom) -> None:
    answer = await mailroom.bring(scan("Thay sel."))
    letter = answer.json()["letters"][0]["letter_id"]
    await mailroom.worker.step()
    (page,) = (await mailroom.draft(letter))["pages"]
    path = f"/{letter}/pages/{page['page_id']}"
    assert (await mailroom.patch(path, {"text": "They sell."})).status_code == 200
    await mailroom.work()
    (page,) = (await mailroom.draft(letter))["pages"]
    assert (page["text"], page["edited"], page["state"]) == ("They sell.", True, "read")


async def test_a_page_is_read_again_as_it_is_turned_and_in_the_language_that_is_said(
    mailroom: Mailroom,
) -> None:
    letter = await mailroom.letter("One.")
    (page,) = (await mailroom.draft(letter))["pages"]
    path = f"/{letter}/pages/{page['page_id']}"
    await mailroom.patch(path, {"rotation": 90})
    await mailroom.work()
    await mailroom.post(f"{path}/read", {"language": "kk"})
    await mailroom.work()
    asked = [(one.rotation, [*one.languages]) for one in mailroom.reader.asked]
    assert asked == [(None, ["kk", "ru", "en"]), (90, ["kk", "ru", "en"]), (90, ["kk"])]
    (page,) = (await mailroom.draft(letter))["pages"]
    assert (page["rotation"], page["state"], page["text"]) == (90, "read", "One.")


async def test_a_handwritten_page_waits_for_a_person_and_may_stay_without_text(
    mailroom: Mailroom,
) -> None:
    letter = await mailroom.letter("xq7 ~~")
    (page,) = (await mailroom.draft(letter))["pages"]
    path = f"/{letter}/pages/{page['page_id']}"
    await mailroom.patch(path, {"handwritten": True})
    (page,) = (await mailroom.draft(letter))["pages"]
    assert (page["handwritten"], page["text"]) == (True, "")
    await mailroom.post(f"/{letter}/send")
    await mailroom.work()
    (event,) = mailroom.sent()
    assert mailroom.content(event).text == ""


async def test_a_page_that_no_machine_can_read_says_so(mailroom: Mailroom) -> None:
    mailroom.reader.fails = True
    letter = await mailroom.letter("One.")
    (page,) = (await mailroom.draft(letter))["pages"]
    assert (page["state"], page["problem"]["code"]) == ("unreadable", "unread_timeout")


async def test_a_letter_is_split_by_hand_and_joined_again(mailroom: Mailroom) -> None:
    letter = await mailroom.letter("One.", "Two.", "Three.")
    pages = (await mailroom.draft(letter))["pages"]
    split = await mailroom.post(f"/{letter}/split", {"page_id": pages[1]["page_id"]})
    assert split.status_code == 201
    other = split.json()["letter_id"]
    texts = [p["text"] for p in (await mailroom.draft(other))["pages"]]
    assert texts == ["Two.", "Three."]
    joined = await mailroom.post(f"/{other}/join", {"into": letter})
    assert [p["text"] for p in joined.json()["draft"]["pages"]] == ["One.", "Two.", "Three."]
    lines = await mailroom.register()
    assert [line["state"] for line in lines] == ["draft", "void"]
    assert lines[1]["void_reason"].endswith("000001")
    first = await mailroom.post(f"/{letter}/split", {"page_id": pages[0]["page_id"]})
    assert (first.status_code, first.json()["code"]) == (409, "first_page")


async def test_what_was_noted_of_a_joined_letter_goes_along(mailroom: Mailroom) -> None:
    letter, other = await mailroom.letter("One."), await mailroom.letter("Two.")
    await mailroom.patch(f"/{other}/draft", {"address": "Lenin St 5", "quotes": NUMBER})
    joined = (await mailroom.post(f"/{other}/join", {"into": letter})).json()["draft"]
    assert (joined["address"], joined["quotes"]) == ("Lenin St 5", NUMBER)


async def test_whoever_works_one_case_never_gets_the_scan_with_anothers_letter(
    mailroom: Mailroom,
) -> None:
    by_sheets = await mailroom.letter("One.", SHEET, "Two.")
    whole = await mailroom.letter("Three.")
    by_hand = await mailroom.letter("Four.", "Five.")
    pages = (await mailroom.draft(by_hand))["pages"]
    await mailroom.post(f"/{by_hand}/split", {"page_id": pages[1]["page_id"]})
    for letter in (by_sheets, whole, by_hand):
        await mailroom.post(f"/{letter}/send")
    await mailroom.work()
    originals = [len(mailroom.content(event).originals) for event in mailroom.sent()]
    assert originals == [0, 1, 0]
    kept = await mailroom.rows("SELECT count(*) FROM scans WHERE original IS NOT NULL")
    assert kept[0][0] == 2


async def test_a_sent_letter_is_a_submission_and_nothing_of_it_is_left_here(
    mailroom: Mailroom,
) -> None:
    letter = await mailroom.letter("They sell our diesel.", "Not this one.")
    pages = (await mailroom.draft(letter))["pages"]
    await mailroom.patch(f"/{letter}/pages/{pages[1]['page_id']}", {"dropped": True})
    await mailroom.patch(
        f"/{letter}/draft", {"relation": "employee", "address": "Lenin St 5", "language": "ru"}
    )
    assert (await mailroom.post(f"/{letter}/send")).json()["state"] == "sending"
    await mailroom.work()
    (event,) = mailroom.sent()
    payload = event.payload
    assert isinstance(payload, SubmissionReceived)
    assert (payload.relation, payload.language, payload.answerable) == ("employee", "ru", True)
    content = mailroom.content(event)
    assert content.text == "They sell our diesel."
    assert [one.content_type for one in content.attachments] == ["image/png", "application/pdf"]
    await sweep(mailroom)
    assert mailroom.blobs() == set(payload.blobs)
    (row,) = await mailroom.rows("SELECT state, draft, draft_key FROM letters")
    assert tuple(row) == ("sent", None, None)
    shown = await mailroom.get(f"/{letter}")
    assert shown.json()["draft"] is None
    assert "diesel" not in shown.text
    assert (await mailroom.get(f"/{letter}/pages/{pages[0]['page_id']}/picture")).status_code == 404
    for change in (
        mailroom.patch(f"/{letter}/draft", {"unread": True}),
        mailroom.post(f"/{letter}/void", {"reason": "why not"}),
        mailroom.bring(scan("More."), path=f"/{letter}/scans"),
    ):
        assert (await change).status_code == 404
    again = await mailroom.post(f"/{letter}/send")
    assert (again.status_code, again.json()["state"]) == (200, "sent")
    await mailroom.work()
    assert len(mailroom.sent()) == 1


async def test_a_letter_goes_without_an_archive_copy_that_cant_be_made(mailroom: Mailroom) -> None:
    letter = await mailroom.letter("unarchivable")
    await mailroom.post(f"/{letter}/send")
    await mailroom.work()
    (event,) = mailroom.sent()
    (page,) = mailroom.content(event).attachments
    assert page.content_type == "image/png"


async def test_a_letter_that_is_passed_on_unread_waits_for_no_machine(mailroom: Mailroom) -> None:
    await mailroom.bring(scan("One."))
    await mailroom.worker.step()
    (line,) = await mailroom.register()
    path = f"/{line['letter_id']}"
    early = await mailroom.post(f"{path}/send")
    assert (early.status_code, early.json()["code"]) == (409, "still_working")
    await mailroom.patch(f"{path}/draft", {"unread": True})
    assert (await mailroom.post(f"{path}/send")).status_code == 200
    await mailroom.work()
    (event,) = mailroom.sent()
    assert mailroom.content(event).text == ""
    assert mailroom.reader.asked == []


@pytest.mark.parametrize(("quoted", "follows"), [("3941 080-232", True), ("3941080231", False)])
async def test_a_number_that_checks_is_followed_up_and_another_is_a_new_case(
    mailroom: Mailroom, quoted: str, *, follows: bool
) -> None:
    letter = await mailroom.letter("One.")
    changed = await mailroom.patch(f"/{letter}/draft", {"quotes": quoted})
    assert changed.json()["draft"]["quotes_valid"] is follows
    await mailroom.post(f"/{letter}/send")
    await mailroom.work()
    (event,) = mailroom.sent()
    assert isinstance(event.payload, SubmissionFollowUp) is follows
    assert (event.payload.case_number == NUMBER) is follows  # type: ignore[attr-defined]


async def test_a_reply_slip_in_the_letter_quotes_its_case(mailroom: Mailroom) -> None:
    letter = await mailroom.letter("One.", {"codes": [f"SPEAKUP:CASE:1:{NUMBER}"]})
    draft = await mailroom.draft(letter)
    assert (draft["quotes"], draft["quotes_valid"]) == (NUMBER, True)


async def test_who_changes_what_others_have_changed_is_told(mailroom: Mailroom) -> None:
    letter = await mailroom.letter("One.")
    tag = (await mailroom.get(f"/{letter}")).headers["etag"]
    first = await mailroom.patch(f"/{letter}/draft", {"person": "individual"}, **{"If-Match": tag})
    second = await mailroom.patch(f"/{letter}/draft", {"unread": True}, **{"If-Match": tag})
    assert (first.status_code, second.status_code) == (200, 412)


async def test_the_register_is_corrected_by_a_version_with_a_reason(mailroom: Mailroom) -> None:
    letter = await mailroom.letter("One.")
    bare = await mailroom.patch(f"/{letter}/entry", {"storage_place": "Safe 3", "reason": "moved"})
    assert bare.status_code == 428
    told = await mailroom.patch(
        f"/{letter}/entry",
        {"storage_place": "Safe 3", "reason": "moved"},
        **{"If-Match": '"1"'},
    )
    assert told.status_code == 200
    versions = told.json()["versions"]
    assert [(one["version"], one["reason"]) for one in versions] == [(1, None), (2, "moved")]
    assert [one["entry"]["storage_place"] for one in versions] == ["", "Safe 3"]
    stale = await mailroom.patch(
        f"/{letter}/entry", {"envelope": False, "reason": "none"}, **{"If-Match": '"1"'}
    )
    assert stale.status_code == 412


async def test_a_letter_entered_in_error_keeps_its_number_and_loses_its_pages(
    mailroom: Mailroom,
) -> None:
    letter = await mailroom.letter("An advertisement.")
    assert (await mailroom.post(f"/{letter}/void", {"reason": "x"})).status_code == 422
    told = await mailroom.post(f"/{letter}/void", {"reason": "an advertisement"})
    assert (told.json()["state"], told.json()["draft"]) == ("void", None)
    await sweep(mailroom)
    assert mailroom.blobs() == set()
    (line,) = await mailroom.register()
    assert line["void_reason"] == "an advertisement"


async def test_files_are_added_to_a_letter(mailroom: Mailroom) -> None:
    letter = await mailroom.letter("One.")
    answer = await mailroom.bring(scan("Two."), path=f"/{letter}/scans")
    assert answer.status_code == 200
    await mailroom.work()
    pages = (await mailroom.draft(letter))["pages"]
    assert [page["text"] for page in pages] == ["One.", "Two."]
    (line,) = await mailroom.register()
    assert len(line["sha256"]) == 2


async def test_a_picture_is_shown_to_the_mailroom_and_kept_by_no_browser(
    mailroom: Mailroom,
) -> None:
    letter = await mailroom.letter("One.")
    (page,) = (await mailroom.draft(letter))["pages"]
    answer = await mailroom.get(f"/{letter}/pages/{page['page_id']}/picture")
    assert (answer.content, answer.headers["content-type"]) == (b"One.", "image/png")
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("role", ["handler", "officer", "chair", "admin", "auditor"])
async def test_drafts_are_the_mailrooms_alone(mailroom: Mailroom, role: str) -> None:
    letter = await mailroom.letter("One.")
    assert (await mailroom.get(f"/{letter}", role)).status_code == 404
    listed = await mailroom.get("", role)
    assert listed.status_code == (200 if role == "auditor" else 404)
    assert "progress" not in listed.text or listed.json()["items"][0]["progress"] is None


async def test_what_letters_say_is_shown_with_a_second_factor_only(mailroom: Mailroom) -> None:
    letter = await mailroom.letter("One.")
    headers = mailroom.token(narratives=False)
    shown = await mailroom.client.get(f"/api/v1/letters/{letter}", headers=headers)
    assert shown.status_code == 403
    listed = await mailroom.client.get("/api/v1/letters", headers=headers)
    assert listed.status_code == 200


async def test_the_list_goes_on_where_it_ended(mailroom: Mailroom) -> None:
    for word in ("One.", "Two.", "Three."):
        await mailroom.bring(scan(word))
    first = (await mailroom.get("?limit=2")).json()
    second = (await mailroom.get(f"?limit=2&cursor={first['next']}")).json()
    numbers = [item["number"][-1] for page in (first, second) for item in page["items"]]
    assert (numbers, second["next"]) == (["3", "2", "1"], None)
    assert (await mailroom.get("?cursor=nonsense")).status_code == 422


async def test_a_draft_that_nobody_touches_for_a_day_reminds(mailroom: Mailroom) -> None:
    await mailroom.letter("One.")
    await mailroom.execute("UPDATE letters SET touched_at = now() - interval '25 hours'")
    (line,) = await mailroom.register()
    assert line["progress"]["stale"]


@pytest.mark.parametrize(
    ("files", "headers", "status"),
    [
        ([], {"idempotency-key": "1"}, 415),
        ([("files", ("a.pdf", scan("One.")))], {}, 422),
        ([("other", ("a.pdf", scan("One.")))], {"idempotency-key": "1"}, 422),
    ],
    ids=["no form", "no key", "no file"],
)
async def test_a_form_that_isnt_whole_is_told(
    mailroom: Mailroom, files: list[Any], headers: dict[str, str], status: int
) -> None:
    answer = await mailroom.client.post(
        "/api/v1/letters", files=files, data=ENTRY, headers=mailroom.token() | headers
    )
    assert answer.status_code == status
    assert await mailroom.register() == []
