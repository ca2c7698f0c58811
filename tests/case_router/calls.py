"""Calls as intake-phone publishes them: sealed as it seals them."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID, uuid4

from speakup import case_number, seal
from speakup.events import (
    Amendment,
    CallEnded,
    Channel,
    Event,
    Language,
    SubmissionAmended,
    SubmissionFollowUp,
    SubmissionReceived,
)
from speakup.keys import INTAKE, KeyFolder
from speakup.submission import Amended, Blob, Content, Recording, Transcript

PIN = "042917"
NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


def call_event(
    keys: KeyFolder, *, number: str | None = None, follow_up: bool = False, **facts: object
) -> Event:
    """An accepted call: its words are in recordings that follow."""
    submission_id = uuid4()
    content = Content(pin=None if follow_up else PIN)
    kind = SubmissionFollowUp if follow_up else SubmissionReceived
    payload = kind(
        submission_id=submission_id,
        case_number=number or case_number.mint(Channel.phone),
        channel=Channel.phone,
        received_at=NOW,
        language=Language.ru,
        content=keys.public(INTAKE).seal(
            content.model_dump_json().encode(), seal.content_info(submission_id)
        ),
    ).model_copy(update=facts)
    return Event(submission_id, "/intake-phone", NOW, payload.case_number, payload)


def amended_event(
    keys: KeyFolder,
    call: Event,
    amendment: Amendment,
    content: Amended | None = None,
    **facts: object,
) -> Event:
    """Something is added to the call's submission."""
    event_id = uuid4()
    sealed = (
        keys.public(INTAKE).seal(content.model_dump_json().encode(), seal.amended_info(event_id))
        if content is not None
        else None
    )
    payload = SubmissionAmended(
        submission_id=call.id,
        case_number=call.subject,
        amendment=amendment,
        amended_at=NOW,
        content=sealed,
    ).model_copy(update=facts)
    return Event(event_id, "/intake-phone", NOW, call.subject, payload)


def recorded(
    keys: KeyFolder, call: Event, *, blob: Blob | None = None, **facts: object
) -> tuple[Event, UUID]:
    """A recording of the call, and its id."""
    recording = Recording(
        recording_id=uuid4(), content_type="audio/wav", seconds=12, blob=blob
    ).model_copy(update=facts)
    about = Amendment.recording if blob else Amendment.recording_missing
    if recording.supersedes:
        about = Amendment.corrected
    return (
        amended_event(keys, call, about, Amended(recording=recording)),
        recording.recording_id,
    )


def heard(
    keys: KeyFolder, call: Event, recording_id: UUID, text: str, machine: str = "whisper-base"
) -> Event:
    """A machine's transcript of a recording."""
    transcript = Transcript(
        recording_id=recording_id,
        text=text,
        language=Language.ru,
        machine=machine,
        confidence=0.8,
    )
    return amended_event(keys, call, Amendment.transcript, Amended(transcript=transcript))


def ended(call: Event | None, language: Language | None = Language.ru) -> Event:
    """The call is over."""
    payload = CallEnded(
        ended_at=NOW, seconds=95, language=language, submission_id=call.id if call else None
    )
    return Event(uuid4(), "/intake-phone", NOW, "calls", payload)
