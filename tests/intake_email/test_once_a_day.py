"""At most one automatic mail to an address in 24 hours, and none that is dropped."""

from __future__ import annotations

import asyncio
import re
from email.message import EmailMessage

import pytest
from sqlalchemy import text

from intake_email import once_a_day, replies
from speakup.events import Language, Purpose, ReplyDelivered, ReplyFailed
from speakup.submission import Reply
from tests.intake_email.post import Post
from tests.mailbox import text_of


async def test_the_first_acknowledgement_goes_at_once_and_the_others_wait(post: Post) -> None:
    asked = [await post.ask() for _ in range(3)]
    await post.send_all()
    assert len(post.mailbox.mails) == 1
    assert post.ids(ReplyDelivered) == [asked[0].reply_id]


async def test_a_day_later_the_others_come_in_one_mail_with_each_number_and_pin(
    post: Post,
) -> None:
    asked = [await post.ask(reply=Reply(pin=f"00000{n}")) for n in range(4)]
    await post.send_all()
    await post.day_later()
    await post.send_all()
    _, joined = (mail for _, mail in post.mailbox.mails)
    for n, request in enumerate(asked[1:], 1):
        assert re.search(rf"{request.case_number}\D+00000{n}", text_of(joined))
    assert asked[0].case_number not in text_of(joined)
    assert joined["Subject"] == "Your messages (3)"
    assert joined["Auto-Submitted"] == "auto-replied"
    assert sorted(post.ids(ReplyDelivered)) == sorted(r.reply_id for r in asked)
    async with post.sender.engine.connect() as connection:
        in_another = await connection.scalars(
            text("SELECT mail FROM replies WHERE mail IS NOT NULL")
        )
        assert set(in_another) == {asked[1].reply_id}


async def test_one_that_waited_alone_is_an_acknowledgement_like_any(post: Post) -> None:
    await post.ask()
    waited = await post.ask()
    await post.send_all()
    await post.day_later()
    await post.send_all()
    assert post.mailbox.mails[1][1]["Subject"] == f"Your message {waited.case_number}"


async def test_the_day_of_the_joined_mail_counts_too(post: Post) -> None:
    for _ in range(2):
        await post.ask()
    await post.send_all()
    await post.day_later()
    await post.send_all()
    await post.ask()
    await post.send_all()
    assert len(post.mailbox.mails) == 2


async def test_the_joined_mail_is_written_in_the_languages_of_its_cases(post: Post) -> None:
    await post.ask()
    for language in (Language.ru, Language.kk, Language.ru):
        await post.ask(language=language)
    await post.send_all()
    await post.day_later()
    await post.send_all()
    body = text_of(post.mailbox.mails[1][1])
    assert "Рақмет" in body
    assert "Спасибо" in body
    assert "Thank you" not in body


async def test_upper_and_lower_case_are_the_same_mailbox_and_others_are_not(post: Post) -> None:
    for address in ("asel@mail.kz", "ASEL@Mail.KZ", "asel@mail.kz.", "asel.x@mail.kz"):
        await post.ask(address)
    await post.send_all()
    assert [to for to, _ in post.mailbox.mails] == ["asel@mail.kz", "asel.x@mail.kz"]


async def test_plus_addresses_share_a_mailboxs_day_but_no_mail(post: Post) -> None:
    addresses = ["asel@mail.kz", "asel+a@mail.kz", "asel+b@mail.kz"]
    asked = {address: [await post.ask(address) for _ in range(2)] for address in addresses}
    for day in range(1, 5):
        await post.send_all()
        assert len(post.mailbox.mails) == day
        await post.day_later()
    assert {to for to, _ in post.mailbox.mails} == set(addresses)
    for to, mail in post.mailbox.mails:
        others = [r.case_number for one in addresses if one != to for r in asked[one]]
        assert [number for number in others if number in text_of(mail)] == []
    assert len(post.ids(ReplyDelivered)) == 6


@pytest.mark.parametrize(
    ("address", "mailbox"),
    [("a+b+c@x.kz", "a@x.kz"), ("a@x.kz", "a@x.kz"), ("+7701@x.kz", "+7701@x.kz")],
)
def test_a_mailbox_is_the_address_without_its_tag(address: str, mailbox: str) -> None:
    assert once_a_day.mailbox_of(address) == mailbox


async def test_what_a_person_writes_never_waits(post: Post) -> None:
    await post.ask()
    for _ in range(2):
        await post.ask(purpose=Purpose.question, reply=Reply(text="Which one?"))
    await post.send_all()
    assert len(post.mailbox.mails) == 3


async def test_several_workers_at_once_do_not_send_two(post: Post) -> None:
    asked = [await post.ask() for _ in range(12)]
    await asyncio.gather(*(post.send_all() for _ in range(4)))
    assert len(post.mailbox.mails) == 1
    await post.day_later()
    await asyncio.gather(*(post.send_all() for _ in range(4)))
    assert len(post.mailbox.mails) == 2
    await post.day_later()
    await post.send_all()
    assert sorted(post.ids(ReplyDelivered)) == sorted(r.reply_id for r in asked)


async def test_a_worker_killed_after_its_claim_holds_nobody_up(post: Post) -> None:
    asked = [await post.ask() for _ in range(3)]
    leased = await replies.take(post.engine)
    assert leased is not None
    mac = once_a_day.address_mac(post.sender.hmac_key, "asel@mail.kz")
    assert await once_a_day.claim(post.engine, leased.reply_id, mac, mac, lease=replies.LEASE) == []
    # Killed here. The others find the address claimed, until the lease is over.
    await post.send_all()
    assert post.mailbox.mails == []
    async with post.engine.begin() as connection:
        await connection.execute(text("UPDATE replies SET due_at = now()"))
    await post.send_all()
    assert len(post.mailbox.mails) == 1
    await post.day_later()
    await post.send_all()
    assert sorted(post.ids(ReplyDelivered)) == sorted(r.reply_id for r in asked)


async def test_a_mail_that_was_refused_does_not_hold_up_the_next(post: Post) -> None:
    post.mailbox.answers = ["550 no"]
    lost, next_one = [await post.ask() for _ in range(2)]
    await post.send_all()
    assert post.ids(ReplyFailed) == [lost.reply_id]
    assert post.ids(ReplyDelivered) == [next_one.reply_id]


async def test_the_day_begins_when_the_mail_was_taken_not_when_it_was_tried(post: Post) -> None:
    post.mailbox.answers = ["451 later"]
    await post.ask()
    await post.send_all()
    await post.day_later()
    await post.ask()
    await post.send_all()
    assert len(post.mailbox.mails) == 1


async def test_no_address_lies_on_disk_in_the_clear(post: Post) -> None:
    for _ in range(2):
        await post.ask("asel@mail.kz")
    await post.send_all()
    async with post.engine.connect() as connection:
        for table in ("replies", "automatic_mails", "outbox"):
            rows = (await connection.execute(text(f"SELECT t::text FROM {table} t"))).all()
            assert rows
            for clear in ("asel", "mail.kz", b"asel".hex(), b"mail.kz".hex()):
                assert clear not in str(rows)


async def test_two_robots_that_answer_each_other_get_one_answer_in_fifty_rounds(
    post: Post,
) -> None:
    answers = 0
    ours = asyncio.get_running_loop()

    async def answer(_mail: EmailMessage) -> None:
        """To every mail of ours the robot sends three, each looking like a person's new one."""
        nonlocal answers
        for _ in range(3):
            asked = asyncio.run_coroutine_threadsafe(post.ask("robot@mail.kz"), ours)
            await asyncio.wrap_future(asked)
            answers += 1

    post.mailbox.robot = answer
    await post.ask("robot@mail.kz")
    for _ in range(50):
        await post.send_all()
    assert len(post.mailbox.mails) == len(post.ids(ReplyDelivered)) == 1
    assert answers == 3


async def test_a_robot_that_sends_by_itself_gets_one_answer_for_fifty_mails(post: Post) -> None:
    for _ in range(50):
        await post.ask("robot@mail.kz")
        await post.send_all()
    assert len(post.mailbox.mails) == 1
