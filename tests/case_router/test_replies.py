"""Writing to the reporter: sealed, once, in order, and never over somebody else's change."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from speakup import seal
from speakup.events import CaseAnswered, CaseStatusChanged, ReplyRequested
from speakup.keys import contact_purpose
from speakup.submission import Contact, Reply
from tests.case_router.world import START, World

QUESTION = {"purpose": "question", "text": "Which warehouse do you mean?"}
EXPLAINED: dict[str, Any] = {
    "as_pdf": True,
    "signatory": "А. Оспанова",
    "provision": "Іскерлік этика кодексі, 4.2",
}
ANSWER = {"purpose": "answer", "text": "Yes, one worth less than 2 MCI."}


async def etag_of(world: World, number: str) -> str:
    etag: str = (await world.get(f"/cases/{number}")).headers["etag"]
    return etag


async def requested(world: World) -> list[ReplyRequested]:
    return [e.payload for e in await world.events() if isinstance(e.payload, ReplyRequested)]


async def test_a_reply_is_sealed_to_the_channel_that_the_reporter_chose(world: World) -> None:
    number = await world.add_case(language="ru")
    answer = await world.change(number, "replies", QUESTION)
    assert answer.status_code == 201
    event = (await world.events())[0]
    assert isinstance(event.payload, ReplyRequested)
    reply = event.payload
    assert str(event.id) == str(reply.reply_id) == answer.json()["reply_id"]
    assert (event.subject, reply.channel, reply.purpose) == (number, "email", "question")
    assert reply.language == "ru"
    held = world.keys.private(contact_purpose("email"))[reply.content.key_id]
    opened = held.open(reply.content, seal.reply_info(reply.reply_id))
    assert Reply.model_validate_json(opened).text == QUESTION["text"]
    contact = held.open(reply.contact, seal.contact_info(reply.submission_id))
    assert Contact.model_validate_json(contact).address == "reporter@example.kz"


async def test_a_reply_lies_nowhere_in_the_clear(world: World) -> None:
    number = await world.add_case()
    await world.change(number, "replies", QUESTION, Idempotency_Key="k")
    for table in ("replies", "outbox", "audit", "idempotency", "cases"):
        rows = await world.rows(f"SELECT {table}::text FROM {table}")
        assert rows
        assert "warehouse" not in str(rows)
        assert b"warehouse".hex() not in str(rows)


async def test_a_reply_is_shown_with_the_case_and_its_state(world: World) -> None:
    number = await world.add_case()
    await world.change(number, "replies", QUESTION)
    await world.execute("UPDATE replies SET state = 'failed', failure = 'mailbox is full'")
    (reply,) = (await world.get(f"/cases/{number}")).json()["replies"]
    assert reply["text"] == QUESTION["text"]
    assert (reply["by"], reply["state"], reply["failure"]) == (
        "officer",
        "failed",
        "mailbox is full",
    )


async def test_a_question_makes_a_new_case_one_in_progress(world: World) -> None:
    number = await world.add_case()
    answer = await world.change(number, "replies", QUESTION)
    assert answer.json()["status"] == "in_progress"
    changed = [e.payload for e in await world.events() if isinstance(e.payload, CaseStatusChanged)]
    assert [(c.status, c.sequence) for c in changed] == [("in_progress", 2)]


async def test_an_answer_makes_a_case_answered_in_events_without_a_gap(world: World) -> None:
    number = await world.add_case(status="in_progress", sequence=7)
    answer = await world.change(number, "replies", ANSWER)
    assert (answer.json()["status"], answer.json()["sequence"]) == ("answered", 9)
    told = [e.payload for e in await world.events() if not isinstance(e.payload, ReplyRequested)]
    assert [
        (type(p), p.sequence) for p in told if isinstance(p, CaseAnswered | CaseStatusChanged)
    ] == [
        (CaseAnswered, 8),
        (CaseStatusChanged, 9),
    ]


async def test_a_second_answer_does_not_change_the_status_again(world: World) -> None:
    number = await world.add_case(status="answered")
    await world.change(number, "replies", ANSWER)
    kinds = [type(e.payload) for e in await world.events()]
    assert kinds == [ReplyRequested, CaseAnswered]


async def test_a_reply_goes_to_the_way_that_the_reporter_used_last(world: World) -> None:
    number = await world.add_case()
    newest = await world.add_submission(
        number, channel="mail", follow_up=True, received_at=START.replace(hour=20)
    )
    await world.add_submission(
        number, follow_up=True, received_at=START.replace(hour=21), contact=False
    )
    await world.add_submission(
        number, follow_up=True, received_at=START.replace(hour=22), answerable=False
    )
    await world.change(number, "replies", QUESTION)
    (reply,) = await requested(world)
    assert (reply.channel, reply.submission_id) == ("mail", newest)
    assert reply.content.key_id.startswith("mail-contact-")


@pytest.mark.parametrize("facts", [{"contact": False}, {"answerable": False}])
async def test_who_left_no_way_to_be_reached_is_not_written_to(
    world: World, facts: dict[str, bool]
) -> None:
    number = await world.add_case(None, **facts)
    answer = await world.change(number, "replies", QUESTION)
    assert answer.status_code == 409
    assert "can't be reached" in answer.json()["detail"]
    assert await world.events() == []


@pytest.mark.parametrize(
    "facts",
    [
        {"channel": "phone", "pin_locked": b"x"},
        {"channel": "phone", "pin_hmac": b"x"},
        {"pin_hmac": b"x"},
    ],
)
async def test_who_left_no_address_and_has_a_pin_hears_the_reply_when_they_ask(
    world: World, facts: dict[str, object]
) -> None:
    number = await world.add_case(None, contact=False, **facts)
    answer = await world.change(number, "replies", ANSWER)
    assert (answer.status_code, answer.json()["status"]) == (201, "answered")
    assert await requested(world) == []
    case = (await world.get(f"/cases/{number}")).json()
    assert case["replies_go_by"] == "phone"
    assert [(reply["text"], reply["state"]) for reply in case["replies"]] == [
        (ANSWER["text"], "requested")
    ]


@pytest.mark.parametrize("more", [EXPLAINED, {"attachments": [{"name": "a", "content": "YQ=="}]}])
async def test_a_reply_that_is_read_out_has_no_files(world: World, more: dict[str, object]) -> None:
    number = await world.add_case(None, contact=False, channel="phone", pin_hmac=b"x")
    answer = await world.change(number, "replies", ANSWER | more)
    assert answer.status_code == 409
    assert "telephone" in answer.json()["detail"]


async def test_a_pin_in_a_mail_that_was_never_answered_reaches_nobody(world: World) -> None:
    number = await world.add_case(None, contact=False, pin_locked=b"x")
    assert (await world.change(number, "replies", ANSWER)).status_code == 409
    assert (await world.get(f"/cases/{number}")).json()["replies_go_by"] is None


async def test_the_case_says_by_which_channel_a_reply_goes(world: World) -> None:
    number = await world.add_case(pin_hmac=b"x")
    assert (await world.get(f"/cases/{number}")).json()["replies_go_by"] == "email"


async def test_about_an_erased_case_nobody_is_written_to(world: World) -> None:
    number = await world.add_case()
    async with world.vault_engine.begin() as connection:
        await connection.execute(text("DELETE FROM case_keys"))
    answer = await world.change(number, "replies", QUESTION)
    assert answer.status_code == 409
    assert "erased" in answer.json()["detail"]


async def test_a_closed_case_is_reopened_before_the_reporter_is_written_to(world: World) -> None:
    number = await world.add_case(status="closed")
    answer = await world.change(number, "replies", ANSWER)
    assert answer.status_code == 409
    assert "Reopen it" in answer.json()["detail"]


async def test_a_change_needs_the_version_it_is_made_upon(world: World) -> None:
    number = await world.add_case()
    answer = await world.post(f"/cases/{number}/replies", QUESTION)
    assert answer.status_code == 428
    for stale in ('"0-0-0"', '"x"', '""', 'W/"9"'):
        answer = await world.post(f"/cases/{number}/replies", QUESTION, If_Match=stale)
        assert answer.status_code == 412, stale
    assert await world.events() == []


async def test_of_two_who_reply_at_once_one_has_to_read_again(world: World) -> None:
    number = await world.add_case(status="in_progress")
    etag = await etag_of(world, number)
    answers = await asyncio.gather(
        *(world.post(f"/cases/{number}/replies", QUESTION, If_Match=etag) for _ in range(4))
    )
    assert sorted(a.status_code for a in answers) == [201, 412, 412, 412]
    assert len(await requested(world)) == 1


async def test_the_answer_to_a_change_carries_the_version_for_the_next(world: World) -> None:
    number = await world.add_case()
    first = await world.change(number, "replies", QUESTION)
    # Meanwhile the reply moves on its way: that is no conflict.
    await world.execute("UPDATE replies SET state = 'delivered'")
    second = await world.post(f"/cases/{number}/replies", ANSWER, If_Match=first.headers["etag"])
    assert second.status_code == 201


async def test_the_same_request_with_the_same_key_acts_once(world: World) -> None:
    number = await world.add_case()
    etag = await etag_of(world, number)
    headers = {"If_Match": etag, "Idempotency_Key": "key-1"}
    first = await world.post(f"/cases/{number}/replies", QUESTION, **headers)
    again = await world.post(f"/cases/{number}/replies", QUESTION, **headers)
    assert (first.status_code, first.json()) == (again.status_code, again.json())
    assert first.headers["etag"] == again.headers["etag"]
    assert len(await requested(world)) == 1


async def test_the_same_request_sent_at_once_acts_once(world: World) -> None:
    number = await world.add_case()
    headers = {"If_Match": await etag_of(world, number), "Idempotency_Key": "key-1"}
    answers = await asyncio.gather(
        *(world.post(f"/cases/{number}/replies", QUESTION, **headers) for _ in range(4))
    )
    assert {a.status_code for a in answers} == {201}
    assert len({a.json()["reply_id"] for a in answers}) == 1
    assert len(await requested(world)) == 1


async def test_a_key_is_not_used_up_by_a_request_that_was_refused(world: World) -> None:
    number = await world.add_case()
    refused = await world.post(
        f"/cases/{number}/replies", QUESTION, If_Match='"0"', Idempotency_Key="key-1"
    )
    assert refused.status_code == 412
    answer = await world.change(number, "replies", QUESTION, Idempotency_Key="key-1")
    assert answer.status_code == 201


async def test_a_key_is_not_taken_for_another_request(world: World) -> None:
    number = await world.add_case()
    await world.change(number, "replies", QUESTION, Idempotency_Key="key-1")
    for what, body in (("replies", ANSWER), ("status", {"status": "in_review"})):
        answer = await world.change(number, what, body, Idempotency_Key="key-1")
        assert answer.status_code == 422
        assert "Idempotency-Key" in answer.json()["detail"]


async def test_keys_are_each_persons_own(world: World) -> None:
    number = await world.add_case(handler="handler")
    await world.change(number, "replies", QUESTION, Idempotency_Key="key-1")
    await world.change(number, "replies", QUESTION, "handler", Idempotency_Key="key-1")
    assert len(await requested(world)) == 2


async def test_a_key_of_last_month_is_forgotten(world: World) -> None:
    number = await world.add_case()
    await world.change(number, "replies", QUESTION, Idempotency_Key="key-1")
    await world.execute("UPDATE idempotency SET at = now() - interval '31 days'")
    await world.change(number, "replies", QUESTION, Idempotency_Key="key-1")
    assert len(await requested(world)) == 2


async def test_who_sees_a_case_no_more_learns_nothing_by_repeating(world: World) -> None:
    number = await world.add_case(handler="handler")
    await world.change(number, "replies", QUESTION, "handler", Idempotency_Key="key-1")
    await world.execute("UPDATE cases SET handler = NULL")
    again = await world.post(
        f"/cases/{number}/replies", QUESTION, "handler", If_Match="*", Idempotency_Key="key-1"
    )
    assert again.status_code == 404


@pytest.mark.parametrize(
    "body",
    [
        {"purpose": "question"},
        {"purpose": "acknowledgement", "text": "x"},
        {"purpose": "question", "text": "   "},
        {"purpose": "question", "text": "x" * 20_001},
        {"purpose": "question", "text": "x", "to": "elsewhere@example.kz"},
        [],
    ],
)
async def test_a_reply_that_is_none_is_refused_without_being_quoted(
    world: World, body: object
) -> None:
    number = await world.add_case()
    answer = await world.change(number, "replies", body)
    assert answer.status_code == 422
    assert "elsewhere" not in answer.text
    assert await world.events() == []


async def test_half_a_character_is_refused(world: World) -> None:
    number = await world.add_case()
    answer = await world.client.post(
        f"/api/v1/cases/{number}/replies",
        content=b'{"purpose": "question", "text": "\\ud800"}',
        headers=world.bearer() | {"If-Match": "*", "Content-Type": "application/json"},
    )
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["where"] == "body.text"


async def test_a_reply_of_20000_characters_is_taken(world: World) -> None:
    number = await world.add_case()
    body = {"purpose": "answer", "text": "ә" * 20_000}
    assert (await world.change(number, "replies", body)).status_code == 201


async def test_a_reply_needs_the_second_factor(world: World) -> None:
    number = await world.add_case()
    answer = await world.client.post(
        f"/api/v1/cases/{number}/replies",
        json=QUESTION,
        headers=world.bearer(narratives=False) | {"If-Match": "*"},
    )
    assert answer.status_code == 403


async def test_a_reply_is_in_the_audit_log_by_its_id(world: World) -> None:
    number = await world.add_case(handler="handler")
    answer = await world.change(number, "replies", QUESTION, "handler")
    entries = await world.rows("SELECT action, case_number, object FROM audit ORDER BY entry")
    assert tuple(entries[-1]) == ("reply.requested", number, answer.json()["reply_id"])
    assert (await world.audit())[-1] == ("reply.requested", "handler", number)


async def test_a_missing_channel_key_is_told_and_changes_nothing(world: World) -> None:
    number = await world.add_case()
    for published in world.keys.published(contact_purpose("email")):
        world.keys.destroy(contact_purpose("email"), published.key.key_id)
    answer = await world.change(number, "replies", QUESTION)
    assert answer.status_code == 503
    assert await world.rows("SELECT 1 FROM replies") == []


async def test_the_reply_id_settles_the_outbox_row(world: World) -> None:
    number = await world.add_case()
    answer = await world.change(number, "replies", QUESTION)
    rows = await world.rows("SELECT event_id FROM outbox WHERE topic = 'speakup.replies'")
    assert [row.event_id for row in rows] == [UUID(answer.json()["reply_id"])]


def upload(content: bytes, name: str = "Приказ.pdf") -> dict[str, str]:
    return {
        "name": name,
        "content_type": "application/pdf",
        "content": b64encode(content).decode(),
    }


async def opened_reply(world: World) -> Reply:
    (reply,) = await requested(world)
    held = world.keys.private(contact_purpose("email"))[reply.content.key_id]
    return Reply.model_validate_json(held.open(reply.content, seal.reply_info(reply.reply_id)))


async def test_files_go_sealed_into_the_object_store_and_their_keys_into_the_seal(
    world: World,
) -> None:
    number = await world.add_case()
    content = b"%PDF of a warehouse" * 1000
    answer = await world.change(number, "replies", ANSWER | {"attachments": [upload(content)]})
    assert answer.status_code == 201
    (file,) = (await opened_reply(world)).attachments
    assert (file.name, file.content_type, file.blob.size) == (
        "Приказ.pdf",
        "application/pdf",
        len(content),
    )
    assert await world.blobs.get(file.blob) == content
    stored = [
        path for path in (Path(world.parts.settings.var) / "blobs").rglob("*") if path.is_file()
    ]
    assert len(stored) == 1
    assert b"warehouse" not in stored[0].read_bytes()


async def test_a_replys_files_are_shown_with_it_and_can_be_downloaded(world: World) -> None:
    number = await world.add_case()
    answer = await world.change(number, "replies", ANSWER | {"attachments": [upload(b"%PDF")]})
    (reply,) = (await world.get(f"/cases/{number}")).json()["replies"]
    assert [(f["index"], f["name"], f["size"]) for f in reply["attachments"]] == [
        (0, "Приказ.pdf", 4)
    ]
    path = f"/cases/{number}/replies/{answer.json()['reply_id']}/attachments"
    assert (await world.get(f"{path}/0")).content == b"%PDF"
    assert (await world.get(f"{path}/1")).status_code == 404
    assert (await world.get(f"{path}/0", "handler")).status_code == 404


async def test_explanations_are_numbered_one_after_another(world: World) -> None:
    number = await world.add_case()
    for _ in range(2):
        await world.change(number, "replies", ANSWER | EXPLAINED)
    shown = (await world.get(f"/cases/{number}")).json()["replies"]
    assert [reply["explanation"] for reply in shown] == [f"{number}-1", f"{number}-2"]
    assert {(reply["signatory"], reply["provision"]) for reply in shown} == {
        (EXPLAINED["signatory"], EXPLAINED["provision"])
    }


async def test_an_explanation_goes_out_with_its_date_its_signatory_and_what_it_cites(
    world: World,
) -> None:
    await world.change(await world.add_case(), "replies", ANSWER | EXPLAINED)
    reply = await opened_reply(world)
    assert (reply.signatory, reply.provision) == (EXPLAINED["signatory"], EXPLAINED["provision"])
    assert reply.dated == datetime.now(world.parts.timezone).date()


@pytest.mark.parametrize(
    "more",
    [
        {"attachments": [{"name": "a", "content": "no base64!"}]},
        {"attachments": [{"name": "a/b", "content": "YQ=="}]},
        {"attachments": [{"name": "a\r\nBcc: x", "content": "YQ=="}]},
        {"attachments": [{"name": "", "content": "YQ=="}]},
        {"attachments": [{"name": "a", "content": ""}]},
        {"attachments": [{"name": "a", "content": "YQ==", "content_type": "a/b\r\nBcc: x"}]},
        {"attachments": [{"name": "a", "content": "YQ=="}] * 11},
        {"attachments": [{"name": "a", "content": b64encode(b"a" * 3_500_000).decode()}] * 3},
        EXPLAINED | {"purpose": "question"},
        {"as_pdf": True},
        EXPLAINED | {"signatory": " "},
        EXPLAINED | {"as_pdf": False},
        EXPLAINED | {"provision": "4.2\n5.1"},
    ],
)
async def test_files_that_do_not_fit_are_refused_and_nothing_is_kept(
    world: World, more: dict[str, object]
) -> None:
    number = await world.add_case()
    answer = await world.change(number, "replies", ANSWER | more)
    assert answer.status_code == 422
    assert await world.events() == []
    assert not any(path.is_file() for path in (world.parts.settings.var / "blobs").rglob("*"))


async def test_a_reply_beyond_all_bounds_is_refused_before_it_is_read(world: World) -> None:
    number = await world.add_case()
    answer = await world.post(f"/cases/{number}/replies", {"text": "x" * 16_000_000}, If_Match="*")
    assert answer.status_code == 413
    elsewhere = await world.post(f"/cases/{number}/status", {"status": "x" * 2_000_000})
    assert elsewhere.status_code == 413


async def test_ten_megabytes_of_files_are_taken(world: World) -> None:
    number = await world.add_case()
    files = [upload(b"a" * (5 * 1024 * 1024))] * 2
    answer = await world.change(number, "replies", ANSWER | {"attachments": files})
    assert answer.status_code == 201


async def test_by_telephone_no_files_can_be_sent(world: World) -> None:
    world.keys.ensure_pair(contact_purpose("phone"))
    number = await world.add_case()
    await world.add_submission(
        number, channel="phone", follow_up=True, received_at=START.replace(hour=20)
    )
    answer = await world.change(number, "replies", ANSWER | EXPLAINED)
    assert answer.status_code == 409
    assert "telephone" in answer.json()["detail"]
