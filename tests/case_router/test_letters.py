"""Answers by post, the router's half: the words stay here until somebody prints them."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from io import BytesIO
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from pypdf import PdfReader

from case_router.opened import acknowledgement_id
from case_router.store.vault import pin_context
from speakup import seal
from speakup.events import Channel, Event, Payload, ReplyDelivered, ReplyFailed, ReplyRequested
from speakup.keys import contact_purpose
from speakup.post_code import post_code
from speakup.submission import Reply
from tests.building import submission_event
from tests.case_router.router import Router
from tests.case_router.test_replies import ANSWER, EXPLAINED, QUESTION, requested, upload
from tests.case_router.world import World, deliveries, opening

PIN = "042917"


async def add_letter(world: World, **facts: Any) -> str:
    """A case whose reporter wrote by post."""
    number = await world.add_case(channel="mail", contact=False, **facts)
    await world.add_submission(number, channel="mail", follow_up=True)
    return number


async def open_letter(world: World) -> tuple[str, dict[str, Any]]:
    """A case that a letter opened; its number and its acknowledgement as it is shown."""
    event = submission_event(world.keys, channel=Channel.mail)
    await opening(world).handle([event])
    return event.subject, await only_reply(world, event.subject)


async def only_reply(world: World, number: str) -> dict[str, Any]:
    (shown,) = (await world.get(f"/cases/{number}")).json()["replies"]
    return dict(shown)


async def post(world: World, number: str, reply: dict[str, Any], *, back: bool = False) -> None:
    """The mailroom's word on it."""
    facts = {"reply_id": reply["reply_id"], "case_number": number, "purpose": reply["purpose"]}
    now = datetime.now(UTC)
    said: list[Payload] = [ReplyDelivered.model_validate(facts | {"delivered_at": now})]
    if back:
        failed = {"failed_at": now, "reason": "The letter came back.", "returned": True}
        said.append(ReplyFailed.model_validate(facts | failed))
    events = [Event(uuid4(), "/intake-mail", now, number, payload) for payload in said]
    await deliveries(world).handle(events)


async def write(world: World, number: str, body: dict[str, Any] = ANSWER) -> dict[str, Any]:
    await world.change(number, "replies", body)
    return await only_reply(world, number)


def path(number: str, reply: dict[str, Any]) -> str:
    return f"/cases/{number}/replies/{reply['reply_id']}/letter.pdf"


def printed(answer: httpx.Response) -> str:
    """The words of a PDF, each line's end as a space."""
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/pdf"
    pages = PdfReader(BytesIO(answer.content)).pages
    return re.sub(r"\s+", " ", " ".join(page.extract_text() for page in pages))


def what_the_mailroom_can_open(held: dict[str, seal.PrivateKey], asked: ReplyRequested) -> Reply:
    opened = held[asked.content.key_id].open(asked.content, seal.reply_info(asked.reply_id))
    return Reply.model_validate_json(opened)


async def test_by_post_an_acknowledgement_carries_no_pin(router: Router) -> None:
    event = submission_event(router.keys, channel=Channel.mail)
    await router.opening.handle([event])
    (asked,) = [e.payload for e in router.said() if isinstance(e.payload, ReplyRequested)]
    assert (asked.channel, asked.reply_id) == ("mail", acknowledgement_id(event.id))
    held = router.keys.private(contact_purpose(Channel.mail))
    assert what_the_mailroom_can_open(held, asked) == Reply()


async def test_the_pin_for_the_letter_stays_under_the_case_key(router: Router) -> None:
    event = submission_event(router.keys, channel=Channel.mail)
    await router.opening.handle([event])
    async with router.engine.connect() as connection:
        query = "SELECT pin_locked, replies.channel FROM cases JOIN replies USING (case_number)"
        row = (await connection.exec_driver_sql(query)).one()
    key = (await router.vault.keys_of([event.subject]))[event.subject]
    assert seal.unlock(key, row.pin_locked, pin_context(event.subject)) == PIN.encode()
    assert row.channel == "mail"


@pytest.mark.parametrize("body", [QUESTION, ANSWER])
async def test_by_post_a_reply_carries_no_word(world: World, body: dict[str, str]) -> None:
    number = await add_letter(world)
    assert (await world.change(number, "replies", body)).status_code == 201
    (asked,) = await requested(world)
    held = world.keys.private(contact_purpose(Channel.mail))
    assert asked.channel == "mail"
    assert what_the_mailroom_can_open(held, asked) == Reply()
    (shown,) = (await world.get(f"/cases/{number}")).json()["replies"]
    assert shown["text"] == body["text"]


async def test_by_post_no_files_can_be_sent(world: World) -> None:
    number = await add_letter(world)
    answer = await world.change(number, "replies", ANSWER | {"attachments": [upload(b"a")]})
    assert answer.status_code == 409
    assert "by post" in answer.json()["detail"]
    assert await world.events() == []


async def test_an_acknowledgement_is_printed_with_number_and_pin(world: World) -> None:
    number, reply = await open_letter(world)
    said = printed(await world.get(path(number, reply)))
    assert number in said
    assert PIN in said
    assert "8-800-080-8089" in said
    assert "call 112" in said


async def test_where_the_language_is_not_known_an_acknowledgement_is_in_all_three(
    world: World,
) -> None:
    number, reply = await open_letter(world)
    await world.execute("UPDATE cases SET language = NULL")
    said = printed(await world.get(path(number, reply)))
    for words in ("112 нөміріне қоңырау шалыңыз", "звоните 112", "call 112"):
        assert words in said


@pytest.mark.parametrize("body", [QUESTION, ANSWER])
async def test_a_letter_holds_the_handlers_words_and_the_code_of_its_label(
    world: World, body: dict[str, str]
) -> None:
    number = await add_letter(world)
    reply = await write(world, number, body)
    said = printed(await world.get(path(number, reply)))
    assert body["text"] in said
    assert reply["letter"]["post_code"] in said


async def test_a_letter_does_not_tell_to_whom_it_goes(world: World) -> None:
    number, reply = await open_letter(world)
    assert "reporter@example.kz" not in printed(await world.get(path(number, reply)))


async def test_a_letter_bears_the_day_on_which_it_was_written_where_the_company_is(
    world: World,
) -> None:
    number = await add_letter(world, language="en")
    reply = await write(world, number)
    await world.execute("UPDATE replies SET requested_at = '2026-02-28 20:00Z'")
    assert "1 March 2026" in printed(await world.get(path(number, reply)))


async def test_each_printing_is_in_the_audit_log(world: World) -> None:
    number, reply = await open_letter(world)
    await world.get(path(number, reply))
    await world.get(path(number, reply))
    rows = await world.rows("SELECT object FROM audit WHERE action = 'reply.printed'")
    assert [row.object for row in rows] == [reply["reply_id"]] * 2
    assert (await world.audit()).count(("reply.printed", "officer", number)) == 2


async def test_a_posted_acknowledgement_cannot_be_printed_again(world: World) -> None:
    number, reply = await open_letter(world)
    await post(world, number, reply)
    answer = await world.get(path(number, reply))
    assert answer.status_code == 409
    assert "posted" in answer.json()["detail"]
    assert (await only_reply(world, number))["letter"]["pdf"] is None


async def test_the_case_is_acknowledged_when_its_letter_is_posted(world: World) -> None:
    number, reply = await open_letter(world)
    assert (await world.get(f"/cases/{number}")).json()["acknowledged_at"] is None
    await post(world, number, reply)
    assert (await world.get(f"/cases/{number}")).json()["acknowledged_at"] is not None
    assert [row.pin_locked for row in await world.rows("SELECT pin_locked FROM cases")] == [None]


async def test_an_explanation_by_post_is_a_letter_with_its_number_signatory_and_provision(
    world: World,
) -> None:
    number = await add_letter(world)
    reply = await write(world, number, ANSWER | EXPLAINED)
    said = printed(await world.get(path(number, reply)))
    for formal in (f"{number}-1", EXPLAINED["signatory"], EXPLAINED["provision"]):
        assert formal in said


async def test_an_answer_that_came_back_can_be_printed_again(world: World) -> None:
    number = await add_letter(world)
    reply = await write(world, number)
    await post(world, number, reply, back=True)
    assert ANSWER["text"] in printed(await world.get(path(number, reply)))


async def test_the_case_tells_how_far_a_letter_has_got_and_where_to_print_it(world: World) -> None:
    number = await add_letter(world)
    reply = await write(world, number)
    assert (reply["channel"], reply["state"]) == ("mail", "requested")
    assert reply["letter"] == {
        "post_code": post_code(UUID(reply["reply_id"])),
        "pdf": f"/api/v1{path(number, reply)}",
    }
    await post(world, number, reply, back=True)
    shown = await only_reply(world, number)
    assert (shown["state"], shown["failure"]) == ("failed", "The letter came back.")


async def test_cases_whose_letter_waits_can_be_listed(world: World) -> None:
    number, reply = await open_letter(world)
    await write(world, await world.add_case())
    page = (await world.get("/cases?letter=waiting")).json()
    assert [case["case_number"] for case in page["items"]] == [number]
    await post(world, number, reply)
    assert (await world.get("/cases?letter=waiting")).json()["items"] == []


async def test_what_goes_another_way_is_no_letter(world: World) -> None:
    number = await world.add_case()
    reply = await write(world, number)
    assert (reply["channel"], reply["letter"]) == ("email", None)
    assert (await world.get(path(number, reply))).status_code == 404


async def test_a_letter_of_an_erased_case_is_gone(world: World) -> None:
    number, reply = await open_letter(world)
    await world.erase()
    assert (await world.get(path(number, reply))).status_code == 410


@pytest.mark.parametrize("role", ["mailroom", "admin", "auditor", "chair", "handler"])
async def test_who_does_not_see_the_case_prints_no_letter(world: World, role: str) -> None:
    number, reply = await open_letter(world)
    answer = await world.get(path(number, reply), role)
    assert answer.status_code == 404
    assert await world.rows("SELECT 1 FROM audit WHERE action = 'reply.printed'") == []


async def test_a_letter_needs_the_second_factor(world: World) -> None:
    number, reply = await open_letter(world)
    headers = world.bearer(narratives=False)
    answer = await world.client.get(f"/api/v1{path(number, reply)}", headers=headers)
    assert answer.status_code == 403
