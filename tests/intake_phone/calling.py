"""A caller on paper: what happens to a call, and what comes of it, without a line and without a server."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID, uuid4

from intake_phone.call import (
    Accept,
    Call,
    Effect,
    Happening,
    Pressed,
    Prompt,
    Recorded,
    Speech,
    Started,
    Turn,
)
from intake_phone.dialogue import step
from speakup.events import Language, Purpose, Status
from speakup.submission import Said, View

NUMBER, PIN = "1294080233", "271828"
AT = datetime(2026, 3, 5, 9, 30, tzinfo=UTC)


class Caller:
    """Does one thing after the other, and remembers what was said and done."""

    def __init__(self, call: Call | None = None) -> None:
        self.call = call or Call()
        self.effects: list[Effect] = []
        self.heard: list[str] = []
        """Names of prompts, and free text."""
        self.turn: Turn

    def does(self, happening: Happening) -> Caller:
        self.call, effects, self.turn = step(self.call, happening)
        self.effects += effects
        if any(isinstance(one, Accept) and not one.follow_up for one in effects):
            self.call = self.call.model_copy(update={"case_number": NUMBER, "pin": PIN})
        for sound in self.turn.sounds:
            match sound:
                case Prompt():
                    self.heard.append(sound.name.removeprefix("phone."))
                case Speech():
                    self.heard.append(sound.text)
        return self

    def rings(self) -> Caller:
        return self.does(Started())

    def presses(self, *keys: str) -> Caller:
        for key in keys:
            self.does(Pressed(key))
        return self

    def speaks(self, sid: str, digits: str = "#") -> Caller:
        return self.does(Recorded(sid, 20, digits))

    @property
    def state(self) -> str:
        return self.call.state


def speaker(language: str = "3", choice: str = "1") -> Caller:
    """Has agreed, and may speak now."""
    return Caller().rings().presses(language, "1", choice)


def reply(text: str = "We have looked into it.", purpose: Purpose = Purpose.answer) -> Said:
    return Said(said_id=uuid4(), by_reporter=False, at=AT, purpose=purpose, text=text)


def transcript(
    text: str = "They took the fuel away.", *, confirmed: bool = False, said_id: UUID | None = None
) -> Said:
    return Said(
        said_id=said_id or uuid4(),
        by_reporter=True,
        at=AT,
        submission_id=uuid4(),
        text=text,
        confirmed=confirmed,
    )


def view(*dialogue: Said, status: Status = Status.in_progress) -> View:
    return View(case_number=NUMBER, status=status, language=Language.en, dialogue=dialogue)
