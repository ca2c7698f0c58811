"""`python -m intake_phone.transcribe`: recordings to text, in a process of its own, which alone holds the transcriber's key.

It needs the extra `speakup[speech]`. What it hears is added to the case as an amendment; it never replaces the
audio. Kazakh is left to people.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import UTC, datetime
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

from obstore.exceptions import BaseError
from prometheus_client import Counter
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from intake_phone.doing import SOURCE
from intake_phone.heard import Heard
from intake_phone.ids import amendment_id
from intake_phone.settings import Settings
from speakup import outbox, postgres, seal, topics, trace
from speakup.blobs import BlobStore
from speakup.consume import Consumer
from speakup.dead_letters import DeadLetters
from speakup.events import Amendment, Event, SubmissionAmended
from speakup.keys import INTAKE, TRANSCRIBER, CurrentKey, KeyFolder, PrivateKeys
from speakup.logs import get_logger
from speakup.process import run
from speakup.relay import Relay
from speakup.rest import rest
from speakup.sandbox import Sandbox, SandboxError, open_sandbox
from speakup.service import Service
from speakup.submission import Amended, ToTranscribe, Transcript

NAME = "intake-phone-transcriber"
MIGRATIONS = Path(__file__).parent / "migrations"
FUNCTION = "intake_phone.hearing:hear"

TIMES = 3
"""A recording's length may be taken; speech that can't be understood makes the model go in circles."""
START_SECONDS = 60
LONGEST_SECONDS = TIMES * 20 * 60
MEGABYTES = 3000
"""Of addresses; it uses 400 MB."""
LEASE_SECONDS = 180
"""For so long nobody else takes up what somebody hears; renewed meanwhile."""
TRIES = 3
RETRY_SECONDS = 60
EVERY_SECONDS = 1.0

TRANSCRIPTS = Counter("speakup_phone_transcripts", "Recordings heard by a machine", ["outcome"])

log = get_logger(NAME)


def is_installed() -> bool:
    """Whether the extra is there."""
    return find_spec("faster_whisper") is not None


class _Job(NamedTuple):
    event_id: UUID
    submission_id: UUID
    case_number: str
    sealed: bytes
    tries: int


_KEEP = text(
    """
    INSERT INTO to_transcribe (event_id, submission_id, case_number, sealed)
    VALUES (:event_id, :submission_id, :case_number, :sealed) ON CONFLICT DO NOTHING
    """
)
_TAKE = text(
    """
    UPDATE to_transcribe SET tries = tries + 1, next_try_at = now() + make_interval(secs => :lease)
    WHERE event_id = (SELECT event_id FROM to_transcribe
                      WHERE sealed IS NOT NULL AND next_try_at <= now()
                      ORDER BY next_try_at LIMIT 1 FOR UPDATE SKIP LOCKED)
    RETURNING event_id, submission_id, case_number, sealed, tries
    """
)
_HOLD = text(
    "UPDATE to_transcribe SET next_try_at = now() + make_interval(secs => :lease) "
    "WHERE event_id = :event_id AND sealed IS NOT NULL"
)
_AGAIN = text(
    "UPDATE to_transcribe SET next_try_at = now() + make_interval(secs => :seconds), tries = :tries "
    "WHERE event_id = :event_id"
)
_DONE = text(
    "UPDATE to_transcribe SET sealed = NULL WHERE event_id = :event_id AND sealed IS NOT NULL"
)


class Transcriber:
    """Keeps what is to be heard, and has it heard, one at a time."""

    def __init__(
        self,
        *,
        engine: AsyncEngine,
        relay: Relay,
        blobs: BlobStore,
        keys: KeyFolder,
        sandbox: Sandbox,
        retry: float,
    ) -> None:
        self._engine, self._relay, self._blobs = engine, relay, blobs
        self._intake, self._own = CurrentKey(keys, INTAKE), PrivateKeys(keys, TRANSCRIBER)
        self._sandbox, self._retry = sandbox, retry

    async def handle(self, batch: Sequence[Event]) -> None:
        """For `speakup.submissions`: hearing takes longer than a consumer may."""
        wanted = [
            {
                "event_id": event.id,
                "submission_id": event.payload.submission_id,
                "case_number": event.payload.case_number,
                "sealed": seal.pack(event.payload.for_transcriber),
            }
            for event in batch
            if isinstance(event.payload, SubmissionAmended) and event.payload.for_transcriber
        ]
        if wanted:
            async with self._engine.begin() as connection:
                await connection.execute(_KEEP, wanted)

    async def run(self, stop: asyncio.Event) -> None:
        """Hear what is to be heard, until told to stop."""
        while not stop.is_set():
            try:
                idle = not await self.work()
            except Exception as error:
                if not postgres.is_unavailable(error):
                    raise
                log.warning("transcriber_waits", exc_info=error)
                idle = True
            if idle:
                await rest(stop, EVERY_SECONDS)

    async def work(self) -> bool:
        """One recording. Returns whether there was one. Raises what the database raises."""
        async with self._engine.begin() as connection:
            row = (await connection.execute(_TAKE, {"lease": LEASE_SECONDS})).one_or_none()
        if row is None:
            return False
        job = _Job(*row)
        if job.tries > TRIES:
            # It took the whole process with it each time.
            await self._failed(job, "killed")
            return True
        holding = asyncio.create_task(self._hold(job))
        try:
            await self._do(job)
        except (SandboxError, TimeoutError, seal.CannotOpenError, FileNotFoundError) as error:
            await self._failed(job, type(error).__name__)
        except (BaseError, OSError) as error:
            # The store or the keys are away: that is no try.
            log.warning("transcriber_waits", exc_info=error)
            await self._again(job, job.tries - 1)
        finally:
            holding.cancel()
        return True

    async def _hold(self, job: _Job) -> None:
        """Nobody else takes it up while it is heard."""
        while True:
            await asyncio.sleep(LEASE_SECONDS / 3)
            with suppress(SQLAlchemyError, OSError):
                async with self._engine.begin() as connection:
                    await connection.execute(
                        _HOLD, {"event_id": job.event_id, "lease": LEASE_SECONDS}
                    )

    async def _do(self, job: _Job) -> None:
        sealed = seal.unpack(job.sealed)
        plain = self._own[sealed.key_id].open(sealed, seal.transcribe_info(job.event_id))
        asked = ToTranscribe.model_validate_json(plain)
        blob = asked.recording.blob
        if blob is None:
            raise FileNotFoundError
        sound = await self._blobs.get(blob)
        async with asyncio.timeout(START_SECONDS + TIMES * asked.recording.seconds):
            found = await self._sandbox.run(asked.language.encode() + sound)
        heard = Heard.model_validate_json(found)
        transcript = Transcript(
            recording_id=asked.recording.recording_id,
            text=heard.text,
            language=asked.language,
            machine=heard.machine,
            confidence=heard.confidence,
        )
        await self._tell(job, transcript)
        TRANSCRIPTS.labels("words" if heard.text else "nothing").inc()

    async def _tell(self, job: _Job, transcript: Transcript) -> None:
        event_id = amendment_id(transcript.recording_id, Amendment.transcript)
        content = Amended(transcript=transcript).model_dump_json().encode()
        now = datetime.now(UTC)
        payload = SubmissionAmended(
            submission_id=job.submission_id,
            case_number=job.case_number,
            amendment=Amendment.transcript,
            amended_at=now,
            content=self._intake().seal(content, seal.amended_info(event_id)),
        )
        event = Event(event_id, SOURCE, now, job.case_number, payload, trace.traceparent())
        records = [topics.encode(event)]
        async with self._engine.begin() as connection:
            if (await connection.execute(_DONE, {"event_id": job.event_id})).rowcount != 1:
                return
            await outbox.add(connection, records, retry=self._retry)
        self._relay.publish_soon(records)

    async def _failed(self, job: _Job, why: str) -> None:
        log.warning(
            "recording_not_heard", case_number=job.case_number, reason=why, attempt=job.tries
        )
        if job.tries < TRIES:
            await self._again(job, job.tries)
            return
        TRANSCRIPTS.labels("failed").inc()
        async with self._engine.begin() as connection:
            # The case goes on saying that it needs listening.
            await connection.execute(_DONE, {"event_id": job.event_id})

    async def _again(self, job: _Job, tries: int) -> None:
        asked = {"event_id": job.event_id, "seconds": RETRY_SECONDS, "tries": tries}
        async with self._engine.begin() as connection:
            await connection.execute(_AGAIN, asked)


@asynccontextmanager
async def open_transcriber() -> AsyncIterator[Service]:
    """The transcriber; without the extra it says so and hears nothing."""
    if not is_installed():
        yield Service(NAME, notices={"speech": _not_installed})
        return
    settings = Settings()
    await postgres.prepare(settings, "phone", MIGRATIONS)
    async with AsyncExitStack() as stack:
        engine = postgres.open_engine(settings.database("phone"), pool_size=2)
        stack.push_async_callback(engine.dispose)
        # The outbox is shared with the webhooks' process: whoever comes first publishes a row.
        relay = Relay(NAME, engine, settings, [topics.SUBMISSIONS])
        sandbox = await stack.enter_async_context(
            open_sandbox(FUNCTION, children=1, seconds=LONGEST_SECONDS, megabytes=MEGABYTES)
        )
        transcriber = Transcriber(
            engine=engine,
            relay=relay,
            blobs=BlobStore(settings.blobs),
            keys=KeyFolder(settings.keys_folder),
            sandbox=sandbox,
            retry=settings.outbox_retry_seconds,
        )
        take = Consumer(
            settings,
            group=NAME,
            topics=[topics.SUBMISSIONS],
            handle=transcriber.handle,
            dead_letters=DeadLetters(NAME, engine),
        )
        yield Service(
            NAME,
            checks={
                "database": lambda: postgres.check(engine),
                "publishing": relay.check,
                "recordings": take.check,
                "key": partial(_has_key, KeyFolder(settings.keys_folder)),
            },
            tasks={"relay": relay.run, "take": take.run, "hear": transcriber.run},
        )


async def _has_key(keys: KeyFolder) -> str | None:
    if keys.private(TRANSCRIBER):
        return None
    return f"the private key {TRANSCRIBER} isn't in the folder of keys"


async def _not_installed() -> str:
    return "no recording is made text: install the extra speakup[speech] (make speech)"


if __name__ == "__main__":
    run([open_transcriber], Settings())
