"""The same caller calls again: hears the answer, checks what was written down, adds to it."""

from __future__ import annotations

import re

from embedded.demo_calls import Told
from speakup.case_number import mint
from speakup.events import Channel
from tests import calling
from tests.calling import EARLIER, hears
from tests.mailbox import Mailbox, text_of
from tests.system import System
from tests.twilio_double import TwilioDouble
from tests.waiting import eventually


async def test_a_second_call_hears_the_handlers_answer(system: System, line: TwilioDouble) -> None:
    told = await calling.leave_message(line, "en", calling.QUESTION)
    await calling.recorded(system, told.number)
    async with line.call("en") as caller:
        await calling.open_case(caller, told)
        await hears(caller, "en", "status.new", "no_answer")
    answer = {"purpose": "answer", "text": "Yes, if it is worth less than two monthly indexes."}
    await calling.change(system, f"/api/v1/cases/{told.number}/replies", answer)
    async with line.call("en") as caller:
        await calling.open_case(caller, told)
        await hears(caller, "en", "hearing", "answered")
        await caller.hears("Yes, if it is worth less than two monthly indexes.")
        await caller.waits()

    async def delivered() -> bool:
        replies = (await calling.case(system, told.number))["replies"]
        return all(reply["state"] == "delivered" for reply in replies if reply["text"])

    await eventually(delivered, seconds=30)


async def test_a_transcript_is_heard_and_corrected_by_a_new_recording(
    system: System, line: TwilioDouble
) -> None:
    told = await calling.leave_message(line, "ru")
    case = await calling.recorded(system, told.number)
    recording = case["recordings"][0]["recording_id"]
    typed = {"text": "Начальник цеха ворует топливо.", "language": "ru"}
    path = f"/api/v1/cases/{told.number}/recordings/{recording}/transcript"
    await calling.change(system, path, typed)
    async with line.call("ru") as caller:
        await calling.open_case(caller, told)
        await hears(caller, "ru", "check", "check.keys")
        await caller.hears(typed["text"])
        await caller.press("2")
        await caller.speaks(calling.TONE)
        await caller.press("#")
        await hears(caller, "ru", "correction.kept")
    case = await calling.recorded(system, told.number, 2)
    old, new = sorted(case["recordings"], key=lambda one: str(one["recorded_at"]))
    assert old["transcript"]["text"] == typed["text"]
    assert old["superseded_by"] == new["recording_id"]
    assert old["audio"]


async def test_a_transcript_is_confirmed_and_not_read_again(
    system: System, line: TwilioDouble
) -> None:
    told = await calling.leave_message(line)
    case = await calling.recorded(system, told.number)
    recording = case["recordings"][0]["recording_id"]
    typed = {"text": "They sign for people who were not there.", "language": "en"}
    path = f"/api/v1/cases/{told.number}/recordings/{recording}/transcript"
    await calling.change(system, path, typed)
    async with line.call("en") as caller:
        await calling.open_case(caller, told)
        await caller.hears(typed["text"])
        await caller.press("1")
        await hears(caller, "en", "check.right")

    async def confirmed() -> bool:
        (one,) = (await calling.case(system, told.number))["recordings"]
        return one["transcript"]["confirmed_at"] is not None

    await eventually(confirmed, seconds=30)
    async with line.call("en") as caller:
        await calling.open_case(caller, told)
        await hears(caller, "en", "no_answer", "earlier")


async def test_a_further_message_joins_the_case(system: System, line: TwilioDouble) -> None:
    told = await calling.leave_message(line)
    await calling.recorded(system, told.number)
    async with line.call("kk") as caller:
        await calling.open_case(caller, told)
        await caller.press("4")
        await caller.speaks(calling.TONE)
        await caller.press("#1")
    case = await calling.recorded(system, told.number, 2)
    assert [one["follow_up"] for one in case["submissions"]] == [False, True]


async def test_a_case_that_came_by_mail_is_opened_by_phone(
    system: System, line: TwilioDouble, mailbox: Mailbox
) -> None:
    sender = "calls-later@example.kz"
    message = (
        f"From: {sender}\r\nTo: speakup@localhost\r\nSubject: Question\r\n"
        "Message-ID: <calls-later@example.kz>\r\n\r\nMay I accept a calendar?\r\n"
    )
    assert await system.send(message.encode(), sender=sender)
    (mail,) = await eventually(lambda: mailbox.to(sender), seconds=30)
    number, pin = re.findall(r"\b(\d{10}|\d{6})\b", text_of(mail))[:2]
    async with line.call("en") as caller:
        await calling.open_case(caller, Told(number, pin))
        await hears(caller, "en", "status.new")


async def test_guessing_a_pin_is_locked_out_for_the_right_one_too(
    system: System, line: TwilioDouble
) -> None:
    told = await calling.leave_message(line)
    await calling.recorded(system, told.number)
    wrong = told._replace(pin=f"{(int(told.pin) + 1) % 1_000_000:06}")
    async with line.call("en") as caller:
        await caller.press(calling.CONSENT)
        await caller.press(EARLIER)
        for _ in range(4):
            await caller.press(wrong.number)
            await caller.press(wrong.pin)
            await hears(caller, "en", "refused", "number")
        await caller.press(wrong.number)
        await caller.press(wrong.pin)
    async with line.call("en") as caller:
        await calling.open_case(caller, told)
        await hears(caller, "en", "locked.minutes", "menu")
    other = await calling.leave_message(line)
    await calling.recorded(system, other.number)
    async with line.call("en") as caller:
        await calling.open_case(caller, other)
        await hears(caller, "en", "status.new")


async def test_a_number_that_nobody_has_sounds_like_a_wrong_pin(line: TwilioDouble) -> None:
    async with line.call("en") as caller:
        await calling.open_case(caller, Told(mint(Channel.phone), "000000"))
        await hears(caller, "en", "refused", "number")
