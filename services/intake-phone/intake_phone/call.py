"""What a call knows of itself, what can happen to it and what it then does: words between the dialogue, which
decides and touches no I/O, and the webhooks, which do what it says.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from speakup.events import Frozen, Language, Person, Relation
from speakup.submission import View


class Choice(StrEnum):
    """What the caller pressed in the menu."""

    report = "report"
    question = "question"
    earlier = "earlier"
    about_compliance = "about_compliance"


class Take(Frozen):
    """A recording that the caller made, by Twilio's word of it."""

    sid: str
    seconds: int
    supersedes: str | None = None
    """The SID of the one that this replaces."""


class Call(Frozen):
    """All that is remembered of a call between two webhooks; it lies locked in the database and is forgotten at its end."""

    state: str = "start"
    """A `dialogue.State`."""
    language: Language | None = None
    consented: bool = False
    """The caller agreed to being recorded."""
    choice: Choice | None = None
    tries: int = 0
    """Times that the present state has been without a usable answer."""
    takes: tuple[Take, ...] = ()
    case_number: str = ""
    """Of the submission made in this call, or of the earlier case that was opened."""
    pin: str = ""
    """Of the submission made in this call, until it has been told."""
    digits: str = ""
    """A case number typed, while the PIN is waited for."""
    view: View | None = None
    """Of an earlier case, once granted."""
    place: int = 0
    """How far the view has been read out."""
    correcting: UUID | None = None
    """The recording that the caller wants to correct."""


# What can happen.


@dataclass(frozen=True, slots=True)
class Started:
    """Twilio asks what to do with a new call."""


@dataclass(frozen=True, slots=True)
class Pressed:
    """Keys were pressed; empty: none within the time."""

    digits: str


@dataclass(frozen=True, slots=True)
class Recorded:
    """A recording ended; `digits` is `#`, empty (silence or time), or `hangup`."""

    sid: str
    seconds: int
    digits: str


@dataclass(frozen=True, slots=True)
class Asked:
    """The router's word on number and PIN. `view` None: refused, or nothing opens for `wait_seconds`.

    `still_waiting`: it hasn't said anything yet.
    """

    view: View | None = None
    wait_seconds: int | None = None
    still_waiting: bool = False
    too_late: bool = False
    """It has said nothing for so long that the call can't wait any more."""


Happening = Started | Pressed | Recorded | Asked


# What is to be done, in the same transaction as the call's new state.


@dataclass(frozen=True, slots=True)
class Accept:
    """The first recording of a message is there: from here on it is a submission (or a follow-up to `case_number`)."""

    take: Take
    follow_up: bool


@dataclass(frozen=True, slots=True)
class Add:
    """A further recording of the same message; it may replace an earlier one."""

    take: Take


@dataclass(frozen=True, slots=True)
class Answer:
    """The caller said this of themselves; None: skipped."""

    relation: Relation | None = None
    person: Person | None = None
    in_danger: bool | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """Number and PIN have been told."""


@dataclass(frozen=True, slots=True)
class AskAccess:
    """Ask the router whether these open a case."""

    case_number: str
    pin: str


@dataclass(frozen=True, slots=True)
class Heard:
    """A reply of the handlers' has been read out."""

    reply_id: UUID


@dataclass(frozen=True, slots=True)
class Confirm:
    """The caller says that the transcript of this recording is right."""

    submission_id: UUID
    recording_id: UUID


@dataclass(frozen=True, slots=True)
class Correct:
    """The caller recorded anew what this recording should have said."""

    submission_id: UUID
    recording_id: UUID
    take: Take


Effect = Accept | Add | Answer | Told | AskAccess | Heard | Confirm | Correct


# What the caller hears and may do.


@dataclass(frozen=True, slots=True)
class Prompt:
    """A fixed text of the catalogue, by its name, with digits or dates to be spoken in it."""

    name: str
    language: Language
    values: tuple[tuple[str, str | datetime], ...] = ()
    """A `str` is spoken digit by digit."""


@dataclass(frozen=True, slots=True)
class Speech:
    """Free text (a handler's words, a transcript) in this language."""

    text: str
    language: Language


@dataclass(frozen=True, slots=True)
class PlayTake:
    """The caller's own recording, from Twilio."""

    sid: str


Sound = Prompt | Speech | PlayTake


@dataclass(frozen=True, slots=True)
class Gather:
    """Say these; keys may be pressed meanwhile and `seconds` after. Ends after `digits` keys or by `finish`."""

    sounds: tuple[Sound, ...]
    digits: int
    seconds: int = 6
    finish: str = ""
    """`#` or empty."""


@dataclass(frozen=True, slots=True)
class Record:
    """Say these, beep, record: ended by `#`, by `silence` seconds without a voice or after `seconds`."""

    sounds: tuple[Sound, ...]
    seconds: int = 600
    silence: int = 10


@dataclass(frozen=True, slots=True)
class Wait:
    """Say these, then be asked again in `seconds`."""

    sounds: tuple[Sound, ...]
    seconds: int


@dataclass(frozen=True, slots=True)
class Hangup:
    """Say these and end the call."""

    sounds: tuple[Sound, ...]


Turn = Gather | Record | Wait | Hangup


class Step(NamedTuple):
    """What follows from what happened."""

    call: Call
    effects: tuple[Effect, ...]
    turn: Turn
