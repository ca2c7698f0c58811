"""Answers by post, the mailroom's half: kept, labelled, posted, come back; each said once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from intake_mail import posting
from intake_mail.posting import NoSuchCodeError, NotNowError, Reason
from speakup.events import Channel, Purpose, ReplyAccepted, ReplyDelivered, ReplyFailed
from speakup.post_code import post_code
from tests.intake_mail.post_room import STAFF, PostRoom, open_post_room, request

NUMBER = "RR123456785KZ"


@pytest.fixture
async def room(postgres_url: str, tmp_path: Path) -> AsyncIterator[PostRoom]:
    async with open_post_room(postgres_url, tmp_path) as opened:
        yield opened


async def label(room: PostRoom, code: str) -> None:
    await posting.note_reading(room.engine, code, STAFF)


async def post(room: PostRoom, code: str, number: str = NUMBER) -> None:
    await posting.post(room.engine, room.relay, code, STAFF, number, retry=300)


async def come_back(room: PostRoom, code: str, reason: Reason = Reason.moved) -> None:
    await posting.came_back(room.engine, room.relay, code, STAFF, reason, retry=300)


async def posted(room: PostRoom) -> str:
    """The code of a letter that is on its way."""
    code = post_code((await room.ask()).reply_id)
    await label(room, code)
    await post(room, code)
    return code


async def test_what_goes_by_post_is_kept_and_the_router_is_told(room: PostRoom) -> None:
    asked = await room.ask()
    assert [one.reply_id for one in room.said(ReplyAccepted)] == [asked.reply_id]
    (row,) = await room.rows("SELECT code, state FROM replies")
    assert tuple(row) == (post_code(asked.reply_id), "waiting")


async def test_what_goes_another_way_is_left_to_others(room: PostRoom) -> None:
    await room.ask(channel=Channel.email)
    assert await room.rows("SELECT 1 FROM replies") == []
    assert room.published.records == []


async def test_a_request_that_comes_again_is_one_letter_and_is_confirmed_again(
    room: PostRoom,
) -> None:
    asked = request(room.keys)
    await room.take(asked, asked)
    await room.take(asked)
    assert len(await room.rows("SELECT 1 FROM replies")) == 1
    assert {record.event_id for record in room.published.records} == {
        row.event_id for row in await room.rows("SELECT event_id FROM outbox")
    }


async def test_a_posted_letter_is_a_delivered_reply(room: PostRoom) -> None:
    asked = await room.ask(purpose=Purpose.acknowledgement)
    code = post_code(asked.reply_id)
    await label(room, code)
    await post(room, code)
    (said,) = room.said(ReplyDelivered)
    assert (said.reply_id, said.case_number, said.purpose) == (
        asked.reply_id,
        asked.case_number,
        "acknowledgement",
    )
    (row,) = await room.rows(
        "SELECT state, posted_at, posted_by_name, registered_mail_number FROM replies"
    )
    assert tuple(row) == ("posted", said.delivered_at, "mailroom", NUMBER)


async def test_posted_twice_is_posted_once(room: PostRoom) -> None:
    code = await posted(room)
    (before,) = await room.rows("SELECT * FROM replies")
    await post(room, code)
    assert await room.rows("SELECT * FROM replies") == [before]
    assert len(room.said(ReplyDelivered)) == 1


async def test_a_letter_has_one_registered_number(room: PostRoom) -> None:
    code = await posted(room)
    with pytest.raises(NotNowError, match="another number"):
        await post(room, code, "RR000000000KZ")
    assert len(room.said(ReplyDelivered)) == 1


async def test_a_letter_without_a_label_cannot_have_been_posted(room: PostRoom) -> None:
    asked = await room.ask()
    with pytest.raises(NotNowError, match="label"):
        await post(room, post_code(asked.reply_id))
    assert room.said(ReplyDelivered) == []


async def test_once_posted_the_address_is_gone(room: PostRoom) -> None:
    code = await posted(room)
    assert [row.contact for row in await room.rows("SELECT contact FROM replies")] == [None]
    with pytest.raises(NotNowError, match="isn't kept"):
        await label(room, code)


async def test_a_request_that_comes_after_posting_brings_no_address_back(
    room: PostRoom,
) -> None:
    asked = await room.ask()
    await label(room, post_code(asked.reply_id))
    await post(room, post_code(asked.reply_id))
    await room.take(asked)
    (row,) = await room.rows("SELECT contact, state FROM replies")
    assert tuple(row) == (None, "posted")


async def test_what_comes_back_is_a_failed_reply_with_a_reason(room: PostRoom) -> None:
    code = await posted(room)
    await come_back(room, code)
    (said,) = room.said(ReplyFailed)
    assert (said.returned, said.reason) == (True, "The letter came back. The addressee has moved.")


async def test_come_back_twice_is_come_back_once_with_its_first_reason(room: PostRoom) -> None:
    code = await posted(room)
    await come_back(room, code)
    await come_back(room, code, Reason.refused)
    assert len(room.said(ReplyFailed)) == 1
    assert [tuple(row) for row in await room.rows("SELECT return_reason FROM replies")] == [
        ("moved",)
    ]


async def test_what_was_not_posted_cannot_come_back(room: PostRoom) -> None:
    asked = await room.ask()
    with pytest.raises(NotNowError, match="hasn't been posted"):
        await come_back(room, post_code(asked.reply_id))
    assert room.said(ReplyFailed) == []


async def test_every_reading_of_an_address_is_kept(room: PostRoom) -> None:
    code = post_code((await room.ask()).reply_id)
    await label(room, code)
    await label(room, code)
    readings = await room.rows("SELECT account_id, account_name, code FROM address_readings")
    assert [(str(row.account_id), *row[1:]) for row in readings] == [
        (STAFF.account_id, "mailroom", code)
    ] * 2


async def test_a_code_that_no_letter_has_is_not_there(room: PostRoom) -> None:
    with pytest.raises(NoSuchCodeError):
        await label(room, "0000-000")
