"""The hotline's mailbox on Dovecot, read by the whole system: each mail is one case, whatever happens."""

from __future__ import annotations

from tests.peers.whole.post import HOTLINE, Post
from tests.waiting import eventually

MAILS = 40


def mail(number: int) -> bytes:
    return (
        f"Return-Path: <imap-{number}@reporters.kz>\r\nDelivered-To: {HOTLINE}\r\n"
        f"From: imap-{number}@reporters.kz\r\nSubject: Fuel\r\n"
        f"Message-ID: <imap-{number}@reporters.kz>\r\n\r\nBarrel {number} was sold.\r\n"
    ).encode()


async def test_a_mail_in_the_mailbox_becomes_a_case_is_answered_and_expunged(post: Post) -> None:
    before = await post.numbers()
    post.hotline.deliver(mail(0))
    number = await post.new_case(before)
    (acknowledgement,) = await post.mails("imap-0@reporters.kz", 1)
    assert number in acknowledgement["Subject"]
    await eventually(lambda: post.hotline.count() == 0)


async def test_a_system_killed_while_it_empties_the_mailbox_takes_each_mail_once(
    post: Post,
) -> None:
    before = set(await post.numbers())
    post.hotline.deliver(*(mail(number) for number in range(1, MAILS + 1)))

    async def begun() -> bool:
        return len(await post.numbers()) > len(before)

    await eventually(begun)
    post.system.kill_supervisor()
    # In the middle: cases are open, and mails still in the mailbox.
    assert post.hotline.count() > 0
    post.system.start()
    await eventually(lambda: post.hotline.count() == 0, seconds=30, every=0.1)
    opened = set(await post.numbers()) - before
    texts = [
        (await post.case(number))["submissions"][0]["narrative"]["text"].strip()
        for number in opened
    ]
    assert sorted(texts) == sorted(f"Barrel {number} was sold." for number in range(1, MAILS + 1))
