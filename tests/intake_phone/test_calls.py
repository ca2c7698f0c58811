"""Webhooks of whole calls: what is on disk after each, and what the router is told."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from embedded.practice_caller import Caller
from intake_phone.ids import amendment_id
from speakup import case_number
from speakup.events import (
    AccessRequested,
    Amendment,
    CallEnded,
    Channel,
    Kind,
    Language,
    Purpose,
    Relation,
    ReplyDelivered,
    Status,
    SubmissionAmended,
    SubmissionFollowUp,
    SubmissionReceived,
)
from speakup.submission import Said, View
from tests.intake_phone.hotline import Hotline, open_hotline
from tests.phone_service import SPEECH

CONSENT, REPORT, QUESTION, EARLIER, COMPLIANCE = "1", "1", "2", "3", "4"


async def test_a_call_is_a_submission_when_its_first_recording_is_told_of(hotline: Hotline) -> None:
    async with hotline.line.call("ru") as caller:
        await caller.press(CONSENT + QUESTION)
        await caller.speaks(SPEECH)
        assert await hotline.events() == []
        await caller.press("#")
        (event,) = await hotline.events()
        payload = event.payload
        assert isinstance(payload, SubmissionReceived)
        assert event.id == payload.submission_id
        assert payload.channel is Channel.phone
        assert payload.language is Language.ru
        assert payload.hint is Kind.policy_inquiry
        assert not payload.restricted
        assert payload.contact is None
        assert hotline.content(payload).text == ""
        assert hotline.published[0].event_id == event.id
        (recording,) = await hotline.rows("SELECT * FROM recordings")
        assert recording.recording_sid == hotline.line.recordings[0].sid
        assert (recording.state, recording.language, recording.seconds) == ("wanted", "ru", 2)
        assert recording.submission_id == payload.submission_id


async def test_the_number_and_pin_that_are_told_are_those_of_the_submission(
    hotline: Hotline,
) -> None:
    async with hotline.line.call("en") as caller:
        await caller.press(CONSENT + REPORT)
        await caller.speaks(SPEECH)
        await caller.press("#1" + "2" + "1" + "0")
        (received,) = await hotline.payloads(SubmissionReceived)
        assert case_number.is_valid(received.case_number)
        pin = hotline.content(received).pin
        await caller.hears(f"number {received.case_number} pin {pin}")
        assert Amendment.told not in {
            p.amendment for p in await hotline.payloads(SubmissionAmended)
        }
        await caller.waits()
    amended = await hotline.payloads(SubmissionAmended)
    assert [one.amendment for one in amended] == ["answers", "answers", "told"]
    assert amended[0].in_danger is False
    assert amended[1].relation is Relation.employee
    assert {one.submission_id for one in amended} == {received.submission_id}


async def test_a_report_about_compliance_is_restricted_from_its_first_word(
    hotline: Hotline,
) -> None:
    async with hotline.line.call("en") as caller:
        await caller.press(CONSENT + COMPLIANCE)
        await caller.speaks(SPEECH)
        await caller.press("#11")
    payloads = await hotline.payloads()
    assert len(payloads) == 2
    assert all(payload.restricted for payload in payloads)


async def test_several_recordings_are_one_submission(hotline: Hotline) -> None:
    async with hotline.line.call("kk") as caller:
        await caller.press(CONSENT + REPORT)
        await caller.speaks(SPEECH)
        await caller.press("#3")
        await caller.speaks(SPEECH)
        await caller.press("#4")
        await caller.speaks(SPEECH)
        await caller.press("#")
    assert len(await hotline.events(SubmissionReceived)) == 1
    first, again, more = await hotline.rows("SELECT * FROM recordings ORDER BY taken_at")
    assert again.supersedes == first.recording_id
    assert first.supersedes is more.supersedes is None
    assert first.submission_id == again.submission_id == more.submission_id


async def test_a_second_message_in_a_call_is_another_case(hotline: Hotline) -> None:
    async with hotline.line.call("en") as caller:
        for _ in range(2):
            await caller.press(REPORT if caller.keys != "3" else CONSENT + REPORT)
            await caller.speaks(SPEECH)
            await caller.press("#1000")
            await caller.waits()
            await caller.waits()
            await caller.press("9")
    one, two = await hotline.payloads(SubmissionReceived)
    assert one.case_number != two.case_number
    assert one.submission_id != two.submission_id


async def test_a_call_is_forgotten_after_its_end_and_counted(hotline: Hotline) -> None:
    async with hotline.line.call("kk") as caller:
        await caller.press(CONSENT + REPORT)
        await caller.speaks(SPEECH)
        await caller.hangs_up()
    async with hotline.line.call():
        pass
    assert await hotline.forgets() == 2
    (with_message, without) = await hotline.payloads(CallEnded)
    (received,) = await hotline.payloads(SubmissionReceived)
    assert with_message.submission_id == received.submission_id
    assert with_message.language is Language.kk
    assert (without.submission_id, without.language) == (None, None)
    assert {row.memory for row in await hotline.rows("SELECT * FROM calls")} == {None}
    assert await hotline.forgets() == 0


async def test_what_is_remembered_of_a_call_cannot_be_read_in_the_database(
    hotline: Hotline,
) -> None:
    async with hotline.line.call("en", number="+77017654321") as caller:
        await caller.press(CONSENT + REPORT)
        await caller.speaks(SPEECH)
        await caller.press("#1000")
        (received,) = await hotline.payloads(SubmissionReceived)
        pin = hotline.content(received).pin
        tables = [
            str(row)
            for t in ("calls", "accepted", "recordings", "outbox")
            for row in await hotline.rows(f"SELECT * FROM {t}")
        ]
        assert pin is not None
        assert not any("7654321" in row for row in tables)
        (call,) = await hotline.rows("SELECT memory FROM calls")
        assert pin.encode() not in call.memory
        assert received.case_number.encode() not in call.memory


async def test_too_many_calls_at_a_time_are_told_of_the_other_channels(
    postgres_url: str, tmp_path: Path
) -> None:
    async with (
        open_hotline(postgres_url, tmp_path, phone_calls=1) as hotline,
        hotline.line.call("en"),
        hotline.line.call() as second,
    ):
        await second.hears("phone.unavailable in ru", "phone.channels in kk")
        assert second.is_over


async def test_a_days_minutes_are_capped(postgres_url: str, tmp_path: Path) -> None:
    async with open_hotline(postgres_url, tmp_path, phone_minutes_a_day=10) as hotline:
        async with hotline.line.call("en") as first:
            assert not first.is_over
        await hotline.execute("UPDATE calls SET seconds = 601")
        async with hotline.line.call() as second:
            await second.hears("phone.unavailable in en")
            assert second.is_over


async def _open_case(caller: Caller) -> None:
    for keys in (CONSENT, EARLIER, "2941080236", "123456"):
        await caller.press(keys)


def _view(*dialogue: Said) -> View:
    return View(
        case_number="2941080236", status=Status.answered, language=Language.en, dialogue=dialogue
    )


ANSWER = Said(
    said_id=UUID(int=7),
    by_reporter=False,
    at=datetime(2026, 3, 1, tzinfo=UTC),
    purpose=Purpose.answer,
    text="Yes, you may.",
)
OWN = Said(
    said_id=UUID(int=8),
    by_reporter=True,
    at=datetime(2026, 2, 1, tzinfo=UTC),
    submission_id=UUID(int=9),
    text="May I accept a calendar?",
)


async def test_an_earlier_case_is_asked_for_and_its_answer_heard_and_said_to_be_heard(
    hotline: Hotline,
) -> None:
    async with hotline.line.call("en") as caller:
        hotline.router_will_say(_view(OWN, ANSWER))
        await _open_case(caller)
        _, given = await hotline.asked()
        assert (given.case_number, given.pin) == ("2941080236", "123456")
        assert await hotline.events(AccessRequested) == []
        await caller.hears("phone.status.answered", "Yes, you may.")
        await caller.waits()
        (heard,) = await hotline.payloads(ReplyDelivered)
        assert (heard.reply_id, heard.purpose) == (ANSWER.said_id, Purpose.answer)
        await caller.hears("May I accept a calendar?")
        await caller.press("1")
        (confirmed,) = await hotline.payloads(SubmissionAmended)
        assert confirmed.amendment is Amendment.confirmed
        assert confirmed.submission_id == OWN.submission_id
    assert await hotline.rows("SELECT * FROM asked") == []


async def test_a_further_message_joins_the_case_that_was_opened(hotline: Hotline) -> None:
    async with hotline.line.call("en") as caller:
        hotline.router_will_say(_view())
        await _open_case(caller)
        await caller.press("4")
        await caller.speaks(SPEECH)
        await caller.press("#1")
    (received,) = await hotline.payloads(SubmissionFollowUp)
    assert received.case_number == "2941080236"
    assert received.hint is None
    (recording,) = await hotline.rows("SELECT * FROM recordings")
    assert recording.case_number == "2941080236"


async def test_a_correction_is_a_recording_that_supersedes(hotline: Hotline) -> None:
    async with hotline.line.call("en") as caller:
        hotline.router_will_say(_view(OWN))
        await _open_case(caller)
        await caller.press("2")
        await caller.speaks(SPEECH)
        await caller.press("#")
    (recording,) = await hotline.rows("SELECT * FROM recordings")
    assert recording.amendment == Amendment.corrected
    assert recording.supersedes == OWN.said_id
    assert recording.submission_id == OWN.submission_id
    assert await hotline.events(SubmissionReceived, SubmissionFollowUp) == []


async def test_a_refusal_and_a_lock_are_heard(hotline: Hotline) -> None:
    async with hotline.line.call("en") as caller:
        hotline.router_will_say()
        await _open_case(caller)
        await caller.hears("phone.refused", "phone.number")
        hotline.router_will_say(wait_seconds=540)
        await caller.press("2941080236")
        await caller.press("123456")
        await caller.hears("phone.locked.minutes", "phone.menu")


async def test_a_router_that_says_nothing_is_not_waited_for_forever(hotline: Hotline) -> None:
    async with hotline.line.call("en") as caller:
        await _open_case(caller)
        await caller.hears("phone.late", "phone.menu")


def test_amendments_of_one_thing_have_ids_of_their_own() -> None:
    about = UUID(int=1)
    assert amendment_id(about, "told") == amendment_id(about, "told")
    assert amendment_id(about, "told") != amendment_id(about, "recording")
