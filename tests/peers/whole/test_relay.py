"""Postfix as the server that sends for us: what it refuses, what comes back later, and when it is away."""

from __future__ import annotations

from typing import Any

from tests.journeys.test_replies import write
from tests.peers.whole.post import HOTLINE, Post
from tests.waiting import eventually


def report(sender: str, words: str = "The foreman sells our diesel.") -> bytes:
    return (
        f"From: {sender}\r\nTo: {HOTLINE}\r\nSubject: Fuel\r\n"
        f"Message-ID: <report.{sender}>\r\n\r\n{words}\r\n"
    ).encode()


async def opened(post: Post, sender: str) -> str:
    """The number of the case that a mail has opened."""
    before = await post.numbers()
    await post.write(sender, report(sender))
    return await post.new_case(before)


async def replies(post: Post, number: str, **states: str) -> list[dict[str, Any]]:
    """Wait until the replies, by purpose, are in these states."""

    async def so() -> bool:
        return await post.states(number) == states

    await eventually(so, seconds=30, every=0.1)
    said: list[dict[str, Any]] = (await post.case(number))["replies"]
    return said


async def test_what_the_relay_refuses_at_once_is_failed_in_plain_words(post: Post) -> None:
    number = await opened(post, "kanat@refused.kz")
    await replies(post, number, acknowledgement="failed")
    await write(post.system, number, {"purpose": "question", "text": "Which warehouse?"})
    said = await replies(post, number, acknowledgement="failed", question="failed")
    assert {reply["failure"] for reply in said} == {
        "The mail was refused for good (SMTP reply 554)."
    }


async def test_a_mail_that_postfix_sends_back_later_is_failed_and_joins_its_case(
    post: Post,
) -> None:
    before = await post.numbers()
    number = await opened(post, "dana@vanished.kz")
    await replies(post, number, acknowledgement="delivered")
    await write(post.system, number, {"purpose": "question", "text": "Which warehouse?"})
    said = await replies(post, number, acknowledgement="delivered", question="failed")
    assert said[-1]["failure"] == (
        "The mail came back undelivered. The address doesn't exist. (code 5.1.1)"
    )

    async def joined() -> bool:
        return len((await post.case(number))["submissions"]) == 2

    await eventually(joined)
    case = await post.case(number)
    assert [s["automatic"] for s in case["submissions"]] == [None, "bounce"]
    assert "vanished" not in str(case["replies"])
    assert set(await post.numbers()) - set(before) == {number}


async def test_what_waited_for_the_relay_arrives_late_and_once(post: Post) -> None:
    sender, services = "late@reporters.kz", post.system.var / "log" / "services.log"
    said = len(services.read_text())
    post.postfix.stop()
    try:
        before = await post.numbers()
        # By our own door: Postfix is away.
        assert await post.system.send(report(sender), sender=sender)
        number = await post.new_case(before)
        await write(post.system, number, {"purpose": "question", "text": "Which warehouse?"})
        await replies(post, number, acknowledgement="accepted", question="accepted")
        await eventually(lambda: services.read_text()[said:].count("mail_relay_away") >= 2)
    finally:
        post.postfix.start()
    await replies(post, number, acknowledgement="delivered", question="delivered")
    mails = await post.mails(sender, 2)
    assert len({mail["Message-ID"] for mail in mails}) == 2
    # What is sent after them arrives after them: nothing of theirs comes a second time.
    await opened(post, "after-late@reporters.kz")
    await post.mails("after-late@reporters.kz", 1)
    await post.mails(sender, 2)
