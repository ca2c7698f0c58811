"""Two robots that answer each other, by real doors: we fall silent, whatever the other one looks like."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from email.message import EmailMessage
from itertools import count

import httpx
import pytest

from tests.peers.whole.post import HOTLINE, Post
from tests.waiting import eventually

ROUNDS = 50
DISGUISES = ("marked", "threaded", "new-subject", "mangled-ids", "tags")


def disguised(name: str, turn: int, ours: EmailMessage | None) -> tuple[str, str, bytes]:
    """Sender, recipient and mail of a robot's next answer; `ours` is our last mail to it."""
    tag = f"+{turn}" if name == "tags" else ""
    sender, to, subject, extra = f"{name}{tag}@robots.kz", HOTLINE, "Your request", ""
    if ours is not None and name in ("marked", "threaded"):
        subject = f"Re: {ours['Subject']}"
        extra = f"In-Reply-To: {ours['Message-ID']}\r\n"
    if ours is not None and name == "mangled-ids":
        extra = f"In-Reply-To: <x{turn}.{str(ours['Message-ID'])[1:]}\r\n"
    if ours is not None and name == "threaded":
        to = str(ours["Reply-To"])
    if name == "marked":
        extra += "Auto-Submitted: auto-replied\r\n"
    if name == "new-subject":
        subject = f"[Ticket {turn}] opened"
    mail = (
        f"From: {sender}\r\nTo: {to}\r\nSubject: {subject}\r\n"
        f"Message-ID: <{name}-{turn}@robots.kz>\r\n{extra}\r\nThank you, we have your mail.\r\n"
    )
    return sender, to, mail.encode()


class Robot:
    """Answers each mail of ours at once, and writes by itself when it gets none."""

    def __init__(self, post: Post, name: str) -> None:
        self._post, self._name, self._turn = post, name, count(1)
        self.got: list[EmailMessage] = []

    async def write(self) -> None:
        """The next mail, by the hotline's SMTP door; at most so many rounds."""
        turn = next(self._turn)
        if turn <= ROUNDS:
            ours = self.got[-1] if self.got else None
            sender, to, mail = disguised(self._name, turn, ours)
            assert await self._post.system.send(mail, sender=sender, to=to)

    async def gets(self, ours: EmailMessage) -> None:
        """Our mail has come."""
        self.got.append(ours)
        await self.write()


@pytest.fixture
async def robots(post: Post) -> dict[str, Robot]:
    robots = {name: Robot(post, name) for name in DISGUISES}

    async def answer(ours: EmailMessage) -> None:
        local = str(ours["To"]).partition("@")[0].partition("+")[0]
        if local in robots:
            await robots[local].gets(ours)

    post.robots.robot = answer
    return robots


async def test_a_robot_in_any_disguise_gets_one_answer_in_fifty_rounds(
    post: Post, robots: dict[str, Robot]
) -> None:
    before, had = set(await post.numbers()), await _tried(post)

    async def fifty(robot: Robot) -> None:
        for _ in range(ROUNDS):
            await robot.write()

    async def all_tried() -> bool:
        cases = await post.system.cases()
        new = [case for case in cases if case["case_number"] not in before]
        answerable = [case for case in new if case["automatic"] is None]
        # Those in the new subject, with the mangled ids and with the tags know of no case.
        tried = sum((await _tried(post) - had).values())
        return len(answerable) > 3 * ROUNDS and tried == len(answerable)

    await asyncio.gather(*(fifty(robot) for robot in robots.values()))
    await eventually(all_tried, seconds=60, every=0.1)
    sent = await _tried(post) - had
    await eventually(lambda: sum(len(robot.got) for robot in robots.values()) >= sent["delivered"])
    got = {name: len(robot.got) for name, robot in robots.items()}
    assert got == {name: 0 if name == "marked" else 1 for name in DISGUISES}


async def _tried(post: Post) -> Counter[str]:
    """How many acknowledgements the worker has tried to send, by what became of them."""
    async with httpx.AsyncClient(base_url=post.system.url) as client:
        said = (await client.get("/metrics")).text
    found = re.findall(
        r'speakup_mails_sent_total\{purpose="acknowledgement",result="(\w+)"\} (\d+)', said
    )
    return Counter({result: int(number) for result, number in found})
