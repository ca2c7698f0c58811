"""Recordings become text: once, in the language that was pressed, and never instead of the audio."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import cast
from uuid import UUID, uuid4

import pytest
from obstore.exceptions import GenericError

from embedded import practice_audio
from intake_phone import transcribe
from intake_phone.doing import SOURCE
from intake_phone.heard import Heard
from intake_phone.ids import amendment_id
from intake_phone.transcribe import FUNCTION, Transcriber, is_installed
from speakup import seal
from speakup.blobs import BlobStore, close_blob
from speakup.events import Amendment, Event, Language, SubmissionAmended
from speakup.keys import INTAKE, TRANSCRIBER, PrivateKeys
from speakup.relay import Relay
from speakup.sandbox import Sandbox, SandboxError
from speakup.submission import Amended, Recording, ToTranscribe, Transcript
from tests.intake_phone.hotline import Hotline
from tests.phone_service import NUMBER, SPEECH
from tests.waiting import eventually


class Ear:
    """In the place of the model."""

    def __init__(self) -> None:
        self.jobs: list[bytes] = []
        self.fails: Exception | None = None

    async def run(self, job: bytes) -> bytes:
        self.jobs.append(job)
        if self.fails is not None:
            raise self.fails
        return (
            Heard(text="They steal.", confidence=0.7, machine="an ear").model_dump_json().encode()
        )


class Hearing:
    """The transcriber, and what it is given."""

    def __init__(self, hotline: Hotline, folder: Path) -> None:
        self.hotline, self.ear = hotline, Ear()
        self.blobs = BlobStore((folder / "blobs").as_uri())
        self.transcriber = Transcriber(
            engine=hotline.engine,
            relay=cast("Relay", hotline.published),
            blobs=self.blobs,
            keys=hotline.keys,
            sandbox=cast("Sandbox", self.ear),
            retry=300,
        )

    async def recorded(self, sound: bytes = SPEECH) -> tuple[Event, UUID]:
        """A recording, as it is told of, and its id."""
        blob, ciphertext = close_blob(sound)
        await self.blobs.put(blob.digest, ciphertext)
        recording = Recording(recording_id=uuid4(), content_type="audio/wav", seconds=2, blob=blob)
        event_id = amendment_id(recording.recording_id, Amendment.recording)
        asked = ToTranscribe(recording=recording, language=Language.ru).model_dump_json().encode()
        public = self.hotline.keys.public(TRANSCRIBER)
        payload = SubmissionAmended(
            submission_id=uuid4(),
            case_number=NUMBER,
            amendment=Amendment.recording,
            amended_at=datetime.now(UTC),
            for_transcriber=public.seal(asked, seal.transcribe_info(event_id)),
        )
        event = Event(event_id, SOURCE, payload.amended_at, NUMBER, payload)
        return event, recording.recording_id

    async def transcripts(self) -> list[Transcript]:
        found = []
        for event in await self.hotline.events(SubmissionAmended):
            payload = event.payload
            assert isinstance(payload, SubmissionAmended)
            assert payload.content is not None
            private = PrivateKeys(self.hotline.keys, INTAKE)[payload.content.key_id]
            plain = private.open(payload.content, seal.amended_info(event.id))
            transcript = Amended.model_validate_json(plain).transcript
            assert transcript is not None
            assert event.id == amendment_id(transcript.recording_id, Amendment.transcript)
            found.append(transcript)
        return found

    async def later(self) -> None:
        await self.hotline.execute("UPDATE to_transcribe SET next_try_at = now()")


@pytest.fixture
def hearing(hotline: Hotline, tmp_path: Path) -> Hearing:
    """One of its own for each test."""
    return Hearing(hotline, tmp_path)


async def test_a_recording_is_heard_in_the_language_that_was_pressed(hearing: Hearing) -> None:
    event, recording_id = await hearing.recorded()
    await hearing.transcriber.handle([event])
    assert await hearing.transcriber.work()
    assert hearing.ear.jobs == [b"ru" + SPEECH]
    (transcript,) = await hearing.transcripts()
    assert transcript == Transcript(
        recording_id=recording_id,
        text="They steal.",
        language=Language.ru,
        machine="an ear",
        confidence=0.7,
    )
    assert not await hearing.transcriber.work()


async def test_one_that_is_told_of_again_is_heard_once(hearing: Hearing) -> None:
    event, _ = await hearing.recorded()
    for _ in range(2):
        await hearing.transcriber.handle([event, event])
        while await hearing.transcriber.work():
            pass
    assert len(hearing.ear.jobs) == 1
    assert len(await hearing.transcripts()) == 1


async def test_what_is_not_for_machines_is_left_to_people(hearing: Hearing) -> None:
    event, _ = await hearing.recorded()
    assert isinstance(event.payload, SubmissionAmended)
    for_people = event._replace(payload=event.payload.model_copy(update={"for_transcriber": None}))
    await hearing.transcriber.handle([for_people])
    assert not await hearing.transcriber.work()


@pytest.mark.parametrize("error", [SandboxError("crashed"), TimeoutError()])
async def test_what_cannot_be_heard_is_given_up_after_three_times(
    hearing: Hearing, error: Exception
) -> None:
    hearing.ear.fails = error
    await hearing.transcriber.handle([(await hearing.recorded())[0]])
    for _ in range(5):
        await hearing.transcriber.work()
        await hearing.later()
    assert len(hearing.ear.jobs) == 3
    assert await hearing.transcripts() == []


async def test_what_takes_the_whole_process_with_it_is_given_up_too(hearing: Hearing) -> None:
    await hearing.transcriber.handle([(await hearing.recorded())[0]])
    await hearing.hotline.execute("UPDATE to_transcribe SET tries = 3")
    assert await hearing.transcriber.work()
    assert hearing.ear.jobs == []
    assert not await hearing.transcriber.work()


async def test_while_one_is_heard_nobody_else_takes_it_up(
    hearing: Hearing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transcribe, "LEASE_SECONDS", 0.3)
    heard = asyncio.Event()
    run = hearing.ear.run

    async def slow(job: bytes) -> bytes:
        await heard.wait()
        return await run(job)

    monkeypatch.setattr(hearing.ear, "run", slow)
    await hearing.transcriber.handle([(await hearing.recorded())[0]])
    first = asyncio.create_task(hearing.transcriber.work())

    until = time.monotonic() + 1
    await eventually(lambda: time.monotonic() > until)
    assert not await hearing.transcriber.work()
    heard.set()
    assert await first
    assert len(await hearing.transcripts()) == 1


async def test_a_store_that_is_away_is_waited_for(
    hearing: Hearing, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(_blob: object) -> bytes:
        raise GenericError("no answer")

    await hearing.transcriber.handle([(await hearing.recorded())[0]])
    with monkeypatch.context() as patched:
        patched.setattr(hearing.blobs, "get", away)
        for _ in range(5):
            assert await hearing.transcriber.work()
            await hearing.later()
    assert await hearing.transcriber.work()
    assert len(await hearing.transcripts()) == 1


async def test_the_time_to_hear_is_three_times_the_recordings(
    hearing: Hearing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transcribe, "START_SECONDS", 0)
    monkeypatch.setattr(transcribe, "TIMES", 0.001)
    monkeypatch.setattr(hearing.ear, "run", lambda _job: asyncio.Event().wait())
    await hearing.transcriber.handle([(await hearing.recorded())[0]])
    assert await hearing.transcriber.work()
    assert await hearing.transcripts() == []


@pytest.fixture(scope="module")
def model() -> Iterator[Sandbox]:
    """The real one, where the extra is installed."""
    if not is_installed():
        pytest.skip("the extra `speech` isn't installed (make speech)")
    with closing(Sandbox(FUNCTION, children=1, seconds=120, megabytes=3000)) as sandbox:
        yield sandbox


async def _hear(model: Sandbox, language: str, sound: bytes) -> Heard:
    return Heard.model_validate_json(await model.run(language.encode() + sound))


async def test_speech_is_made_text(model: Sandbox, corpora: Path) -> None:
    sound = (corpora / "speech" / "en" / "agent-incorrect.wav").read_bytes()
    heard = await _hear(model, "en", sound)
    assert "enter your agent number followed by the pound key" in heard.text
    assert heard.confidence is not None
    assert 0.3 < heard.confidence <= 1
    assert heard.machine.startswith("Whisper base int8")


@pytest.mark.parametrize("hertz", [0, 425])
async def test_silence_and_ringing_say_nothing(model: Sandbox, hertz: int) -> None:
    heard = await _hear(model, "ru", practice_audio.tone(4, hertz))
    assert (heard.text, heard.confidence) == ("", None)


async def test_what_is_no_telephone_sound_is_an_error(model: Sandbox) -> None:
    with pytest.raises(SandboxError, match="NotForTelephoneError"):
        await model.run(b"ru" + b"no sound")
