"""The dialogue's turns, as TwiML, followed by the strict double of Twilio: no database, no texts."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

from intake_phone.call import (
    Accept,
    Add,
    Answer,
    AskAccess,
    Asked,
    Confirm,
    Correct,
    Heard,
    Told,
)
from speakup.events import Language, Person, Purpose, Relation, Status
from speakup.submission import Said, View
from tests.phone_service import NUMBER, PIN, SPEECH, on_the_line

SUBMISSION, RECORDING, REPLY = UUID(int=1), UUID(int=2), UUID(int=3)


def view(*dialogue: Said) -> View:
    return View(case_number=NUMBER, status=Status.answered, language=Language.en, dialogue=dialogue)


ANSWER = Said(
    said_id=REPLY,
    by_reporter=False,
    at=datetime(2026, 3, 1, tzinfo=UTC),
    purpose=Purpose.answer,
    text="Yes, you may.",
)
OWN = Said(
    said_id=RECORDING,
    by_reporter=True,
    at=datetime(2026, 2, 1, tzinfo=UTC),
    submission_id=SUBMISSION,
    text="May I accept a calendar?",
)


async def test_a_report_from_hello_to_the_case_number() -> None:
    async with on_the_line() as (line, service), line.call() as caller:
        await caller.hears("phone.language in kk", "phone.language in ru", "phone.language in en")
        await caller.press("3")
        await caller.hears("phone.emergency in en", "phone.notice", "phone.consent")
        await caller.press("1")
        await caller.hears("phone.menu")
        await caller.press("1")
        await caller.hears("phone.message", "[beep]")
        assert len(caller.keys) == 3
        await caller.speaks(SPEECH)
        await caller.press("#")
        await caller.press("4")
        await caller.speaks(SPEECH)
        await caller.press("#")
        await caller.press("2")
        await caller.hears(*(f"recording {recording.sid}" for recording in line.recordings))
        await caller.press("1111")
        await caller.hears(NUMBER, PIN)
        await caller.waits()
        await caller.hears(NUMBER, PIN)
        await caller.press("*")
        await caller.hears(NUMBER, PIN)
        await caller.waits()
        await caller.waits()
        await caller.hears("phone.goodbye")
        assert caller.is_over
    assert [type(effect) for effect in service.effects] == [
        Accept,
        Add,
        Answer,
        Answer,
        Answer,
        Told,
    ]
    assert Answer(relation=Relation.employee) in service.effects
    assert Answer(person=Person.individual) in service.effects
    assert service.calls[caller.call.sid].pin == ""


async def test_whoever_says_nothing_at_all_is_asked_again_and_sent_away_kindly() -> None:
    async with on_the_line() as (line, service), line.call() as caller:
        while not caller.is_over:
            await caller.waits()
        await caller.hears("phone.goodbye")
    assert service.effects == []


async def test_silence_after_the_beep_is_asked_about_again() -> None:
    async with on_the_line() as (line, service), line.call("ru") as caller:
        await caller.press("11")
        await caller.waits()
        await caller.hears("phone.nothing_heard", "[beep]")
        await caller.speaks(SPEECH)
        await caller.waits()
        await caller.hears("phone.review")
        assert len(service.done(Accept)) == 1


async def test_whoever_hangs_up_while_speaking_has_reported() -> None:
    async with on_the_line() as (line, service), line.call("kk") as caller:
        await caller.press("11")
        await caller.speaks(SPEECH)
        await caller.hangs_up()
    assert len(service.done(Accept)) == 1


async def test_without_consent_there_is_no_beep() -> None:
    async with on_the_line() as (line, service), line.call("en") as caller:
        await caller.press("2")
        await caller.hears("phone.no_consent", "phone.channels")
        assert not caller.is_recorded
    assert service.effects == []


async def test_an_earlier_case_is_heard_confirmed_and_added_to() -> None:
    async with on_the_line() as (line, service), line.call("en") as caller:
        service.answers = [Asked(still_waiting=True), Asked(view=view(OWN, ANSWER))]
        await caller.press("13")
        await caller.press(NUMBER + PIN)
        await caller.hears("phone.wait", "phone.status.answered", "Yes, you may.")
        await caller.waits()
        await caller.hears("May I accept a calendar?")
        await caller.press("1")
        await caller.hears("phone.check.right", "phone.earlier")
        await caller.press("4")
        await caller.speaks(SPEECH)
        await caller.press("#1")
    assert service.done(AskAccess, Heard, Confirm) == [
        AskAccess(NUMBER, PIN),
        Heard(REPLY),
        Confirm(SUBMISSION, RECORDING),
    ]
    (accepted,) = service.done(Accept)
    assert isinstance(accepted, Accept)
    assert accepted.follow_up


async def test_a_transcript_is_corrected_by_a_new_recording() -> None:
    async with on_the_line() as (line, service), line.call("ru") as caller:
        service.answers = [Asked(view=view(OWN))]
        await caller.press("13")
        await caller.press(NUMBER + PIN)
        await caller.press("2")
        await caller.speaks(SPEECH)
        await caller.press("#")
        await caller.hears("phone.correction.kept")
    (corrected,) = service.done(Correct)
    assert isinstance(corrected, Correct)
    assert corrected.recording_id == RECORDING


async def test_a_refusal_asks_for_the_number_again_and_a_lock_goes_back_to_the_menu() -> None:
    async with on_the_line() as (line, service), line.call("en") as caller:
        service.answers = [Asked(), Asked(wait_seconds=60)]
        await caller.press("13")
        await caller.press(NUMBER + PIN)
        await caller.hears("phone.refused", "phone.number")
        await caller.press(NUMBER + PIN)
        await caller.hears("phone.locked.minutes", "phone.menu")


async def test_a_router_that_says_nothing_is_not_waited_for_for_ever() -> None:
    async with on_the_line() as (line, _), line.call("en") as caller:
        await caller.press("13")
        await caller.press(NUMBER + PIN)
        await caller.hears("phone.late", "phone.menu")
