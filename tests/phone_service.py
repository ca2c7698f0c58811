"""intake-phone without database and texts: the dialogue behind webhooks, its state in memory.

Prompts are heard by their names, in English voices.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Self

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from embedded import practice_audio, practice_credentials
from intake_phone import twiml
from intake_phone.call import (
    Accept,
    Asked,
    Call,
    Effect,
    Happening,
    PlayTake,
    Pressed,
    Prompt,
    Recorded,
    Sound,
    Started,
)
from intake_phone.dialogue import State, step
from speakup import case_number
from speakup.events import Channel
from tests.twilio_double import TwilioDouble

HOST = "http://service.example"
SPEECH = practice_audio.tone(2)
NUMBER, PIN = case_number.mint(Channel.phone), "025507"


class Service:
    """The dialogue with a call's state in memory, and prompts that are heard by their names."""

    def __init__(self) -> None:
        self.calls: dict[str, Call] = {}
        self.effects: list[Effect] = []
        self.answers: list[Asked] = []
        """Of the router; while there is none, it hasn't said anything."""

    async def answer(self, request: Request) -> Response:
        """A webhook."""
        form = {name: str(value) for name, value in (await request.form()).items()}
        if request.url.path != "/phone/turn" and request.url.path != "/phone/voice":
            return Response(status_code=204)
        sid = form["CallSid"]
        call, effects, turn = step(self.calls.get(sid, Call()), self._happening(form))
        self.effects += effects
        if any(isinstance(effect, Accept) for effect in effects):
            call = call.model_copy(update={"case_number": NUMBER, "pin": PIN})
        self.calls[sid] = call
        document = twiml.render(
            turn,
            sound=ByName().sound,
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
        if self.calls[form["CallSid"]].state == State.waiting:
            return self.answers.pop(0) if self.answers else Asked(still_waiting=True)
        return Pressed(form.get("Digits", ""))

    def done(self, *kinds: type[Effect]) -> list[Effect]:
        """The effects of these kinds, or all."""
        return [effect for effect in self.effects if not kinds or isinstance(effect, kinds)]


class ByName:
    """A voice that says prompts by their names."""

    def within(self, _call_sid: str) -> Self:
        """The same."""
        return self

    def sound(self, one: Sound, parent: twiml.Parent) -> None:
        """In English, whatever it is."""
        if isinstance(one, PlayTake):
            parent.say(f"recording {one.sid}", language="en-US")
        elif isinstance(one, Prompt):
            spoken = " ".join(f"{name} {value}" for name, value in one.values)
            parent.say(f"{one.name} in {one.language}. {spoken}", language="en-US")
        else:
            parent.say(one.text, language="en-US")


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
