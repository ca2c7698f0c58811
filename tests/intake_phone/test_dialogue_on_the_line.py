"""The dialogue's turns, as TwiML, followed by the strict double of Twilio: no database, no texts."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from uuid import UUID

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from embedded import practice_audio, practice_credentials
from intake_phone import twiml
from intake_phone.call import (
    Accept,
    Add,
    Answer,
    AskAccess,
    Asked,
    Call,
    Confirm,
    Correct,
    Effect,
    Happening,
    Heard,
    PlayTake,
    Pressed,
    Prompt,
    Recorded,
    Sound,
    Started,
    Told,
)
from intake_phone.dialogue import State, step
from speakup import case_number
from speakup.events import Channel, Language, Person, Purpose, Relation, Status
from speakup.submission import Said, View
from tests.twilio_double import TwilioDouble

HOST = "http://service.example"
SPEECH = practice_audio.tone(2)
NUMBER, PIN = case_number.mint(Channel.phone), "025507"
SUBMISSION, RECORDING, REPLY = UUID(int=1), UUID(int=2), UUID(int=3)


class Service:
    """The dialogue with a call's state in memory, and prompts that are heard by their names."""

    def __init__(self) -> None:
        self.call = Call()
        self.effects: list[Effect] = []
        self.answers: list[Asked] = []
        """Of the router; while there is none, it hasn't said anything."""

    async def answer(self, request: Request) -> Response:
        """A webhook."""
        form = {name: str(value) for name, value in (await request.form()).items()}
        if request.url.path != "/phone/turn" and request.url.path != "/phone/voice":
            return Response(status_code=204)
        self.call, effects, turn = step(self.call, self._happening(form))
        self.effects += effects
        if any(isinstance(effect, Accept) for effect in effects):
            self.call = self.call.model_copy(update={"case_number": NUMBER, "pin": PIN})
        document = twiml.render(
            turn,
            sound=_sound,
            action=f"{HOST}/phone/turn",
            recording=f"{HOST}/phone/recording",
        )
        return Response(document, media_type="text/xml")

    def _happening(self, form: dict[str, str]) -> Happening:
        if form["CallStatus"] == "ringing":
            return Started()
        if "RecordingSid" in form:
            seconds = int(form["RecordingDuration"])
            return Recorded(form["RecordingSid"], seconds, form["Digits"])
        if self.call.state == State.waiting:
            return self.answers.pop(0) if self.answers else Asked(still_waiting=True)
        return Pressed(form.get("Digits", ""))

    def done(self, *kinds: type[Effect]) -> list[Effect]:
        """The effects of these kinds, or all."""
        return [effect for effect in self.effects if not kinds or isinstance(effect, kinds)]


def _sound(sound: Sound, parent: twiml.Parent) -> None:
    if isinstance(sound, PlayTake):
        parent.say(f"recording {sound.sid}", language="en-US")
    elif isinstance(sound, Prompt):
        spoken = " ".join(f"{name} {value}" for name, value in sound.values)
        parent.say(f"{sound.name} in {sound.language}. {spoken}", language="en-US")
    else:
        parent.say(sound.text, language="en-US")


@asynccontextmanager
async def on_the_line() -> AsyncIterator[tuple[TwilioDouble, Service]]:
    """The double, and the dialogue behind it."""
    service = Service()
    app = Starlette(routes=[Route("/{path:path}", service.answer, methods=["POST"])])
    line = TwilioDouble(
        practice_credentials.make(),
        f"{HOST}/phone/voice",
        pace=0,
        transport=httpx.ASGITransport(app),
    )
    yield line, service
    await line.aclose()


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
    assert service.call.pin == ""


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
