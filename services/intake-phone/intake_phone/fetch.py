"""Recordings: from Twilio, sealed into the object store, and then deleted there.

Each step is on disk before the next one: the audio is read back before the case gets it, and Twilio's copy is
deleted only when that is committed. Whatever is cut off is done again and comes out the same.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple
from uuid import UUID

from obstore.exceptions import BaseError
from prometheus_client import Counter
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from intake_phone.doing import SOURCE
from intake_phone.ids import amendment_id
from intake_phone.twilio_api import AwayError, NotThereError, TwilioApi
from speakup import outbox, seal, topics, trace
from speakup.blobs import BlobStore, close_blob
from speakup.events import Amendment, Event, Language, Sealed, SubmissionAmended
from speakup.keys import INTAKE, TRANSCRIBER, CurrentKey, KeyFolder
from speakup.logs import get_logger
from speakup.postgres import is_unavailable
from speakup.relay import Relay
from speakup.rest import rest
from speakup.seal import CannotOpenError
from speakup.submission import Amended, Blob, Recording, ToTranscribe

RECORDINGS = Counter("speakup_phone_recordings", "Recordings", ["outcome"])

NOT_THERE_SECONDS = (10, 60, 300, 3600, 86400)
"""A recording that isn't there yet is asked for again after these; then it is missing."""
AWAY_SECONDS = (1, 5, 20, 60, 300, 3600, 86400)
"""Twilio is away: again after these."""
HEARD_BY_MACHINE = (Language.ru, Language.en)
"""The rest is for people: Whisper understands no Kazakh."""
DELETE_DAYS = 14
AT_A_TIME = 4
LEASE_SECONDS = 180
"""For so long nobody else takes up a row that somebody has."""
EVERY_SECONDS = 0.5

log = get_logger("intake-phone")


class Row(NamedTuple):
    """A recording that something is to be done with."""

    recording_sid: str
    submission_id: UUID
    case_number: str
    recording_id: UUID
    seconds: int
    supersedes: UUID | None
    language: str | None
    amendment: str
    state: str
    tries: int
    taken_at: datetime
    """When we were told of it, just after it was made."""
    too_long: bool
    """It couldn't be deleted for 14 days."""


_TAKE = text(
    """
    UPDATE recordings SET next_try_at = now() + make_interval(secs => :lease)
    WHERE recording_sid IN (
        SELECT recording_sid FROM recordings
        WHERE next_try_at <= now()
              AND (state IN ('wanted', 'absent')
                   -- Until then the caller may want to hear it again.
                   OR state = 'kept' AND EXISTS (SELECT 1 FROM calls WHERE ended_at IS NOT NULL
                                                 AND calls.call_sid = recordings.call_sid))
        ORDER BY next_try_at LIMIT :limit FOR UPDATE SKIP LOCKED)
    RETURNING recording_sid, submission_id, case_number, recording_id, seconds, supersedes, language,
              amendment, state, tries, taken_at, taken_at < now() - make_interval(days => :days) AS too_long
    """
)
_TOO_LONG = text(
    "SELECT count(*) FROM recordings "
    "WHERE state IN ('wanted', 'kept') AND taken_at < now() - make_interval(days => :days)"
)
# Not tried yet, and still not due: somebody has it in hand, or had.
_RELEASE = text(
    "UPDATE recordings SET next_try_at = now() "
    "WHERE state IN ('wanted', 'absent', 'kept') AND tries = 0 AND next_try_at > now()"
)
_LATER = text(
    "UPDATE recordings SET tries = tries + 1, next_try_at = now() + make_interval(secs => :seconds) "
    "WHERE recording_sid = :sid AND state = :state"
)
_STATE = text(
    "UPDATE recordings SET state = :to, tries = 0, next_try_at = now() "
    "WHERE recording_sid = :sid AND state = ANY(:of)"
)


class Fetcher:
    """Fetches, tells of, and deletes recordings."""

    def __init__(
        self,
        *,
        engine: AsyncEngine,
        relay: Relay,
        api: TwilioApi,
        blobs: BlobStore,
        keys: KeyFolder,
        retry: float,
    ) -> None:
        self._engine, self._relay, self._api, self._blobs = engine, relay, api, blobs
        self._intake, self._retry = CurrentKey(keys, INTAKE), retry
        self._transcriber = CurrentKey(keys, TRANSCRIBER)

    async def run(self, stop: asyncio.Event) -> None:
        """Until told to stop."""
        released = False
        while not stop.is_set():
            try:
                if not released:
                    await self.release()
                    released = True
                idle = not await self.work()
            except Exception as error:
                if not is_unavailable(error):
                    raise
                log.warning("fetching_waits", exc_info=error)
                idle = True
            if idle:
                await rest(stop, EVERY_SECONDS)

    async def release(self) -> None:
        """What a process had in hand when it was killed is due at once.

        What another one has in hand now may be done twice, and comes out as one.
        """
        async with self._engine.begin() as connection:
            await connection.execute(_RELEASE)

    async def work(self) -> int:
        """Do what is due, a few at a time. Returns how many. Raises what the database raises."""
        async with self._engine.begin() as connection:
            rows = [
                Row(*row)
                for row in await connection.execute(
                    _TAKE, {"lease": LEASE_SECONDS, "limit": AT_A_TIME, "days": DELETE_DAYS}
                )
            ]
        done = await asyncio.gather(*(self._do(row) for row in rows), return_exceptions=True)
        for error in done:
            if isinstance(error, BaseException):
                raise error
        return len(rows)

    async def notice(self) -> str | None:
        """For the admin: what stays at Twilio against our will; or None."""
        async with self._engine.connect() as connection:
            number = await connection.scalar(_TOO_LONG, {"days": DELETE_DAYS})
        if not number:
            return None
        return (
            f"{number} recordings are still at Twilio after {DELETE_DAYS} days: look for them there"
        )

    async def _do(self, row: Row) -> None:
        try:
            if row.state == "wanted":
                await self._fetch(row)
            elif row.state == "absent":
                await self._miss(row)
            else:
                await self._delete(row)
        except AwayError as error:
            log.warning("twilio_away", reason=str(error), state=row.state)
            most = len(AWAY_SECONDS) - (1 if row.too_long else 2)
            await self._later(row, AWAY_SECONDS[min(row.tries, most)])
        except (BaseError, CannotOpenError, FileNotFoundError) as error:
            log.warning("store_away", exc_info=error)
            await self._later(row, AWAY_SECONDS[min(row.tries, 4)])

    async def _fetch(self, row: Row) -> None:
        try:
            audio = await self._api.audio(row.recording_sid)
        except NotThereError:
            await self._not_there(row)
            return
        blob, ciphertext = await asyncio.to_thread(close_blob, audio)
        await self._blobs.put(blob.digest, ciphertext)
        if await self._blobs.get(blob) != audio:
            raise CannotOpenError("what was stored isn't what was fetched")
        recording = self._recording(row, blob)
        if await self._tell(row, Amendment(row.amendment), recording, to="kept"):
            RECORDINGS.labels("kept").inc()
        else:
            # Somebody else was faster.
            await self._blobs.delete(blob.digest)

    async def _not_there(self, row: Row) -> None:
        try:
            found = await self._api.recording(row.recording_sid)
            absent = found.status == "absent"
        except NotThereError:
            absent = False
        if absent or row.tries >= len(NOT_THERE_SECONDS):
            await self._miss(row)
        else:
            await self._later(row, NOT_THERE_SECONDS[row.tries])

    async def _miss(self, row: Row) -> None:
        recording = self._recording(row, None)
        if await self._tell(row, Amendment.recording_missing, recording, to="missing"):
            RECORDINGS.labels("missing").inc()
            log.warning("recording_missing", case_number=row.case_number)

    async def _delete(self, row: Row) -> None:
        await self._api.delete_recording(row.recording_sid)
        async with self._engine.begin() as connection:
            await self._set(connection, row, "gone", of=["kept"])

    def _recording(self, row: Row, blob: Blob | None) -> Recording:
        return Recording(
            recording_id=row.recording_id,
            content_type="audio/wav",
            seconds=row.seconds,
            blob=blob,
            supersedes=row.supersedes,
        )

    async def _tell(self, row: Row, amendment: Amendment, recording: Recording, *, to: str) -> bool:
        """The case is told of it, in the same transaction. False: it was before."""
        event_id = amendment_id(row.recording_id, amendment)
        content = Amended(recording=recording).model_dump_json().encode()
        now = datetime.now(UTC)
        payload = SubmissionAmended(
            submission_id=row.submission_id,
            case_number=row.case_number,
            amendment=amendment,
            # In the order in which they were made, however long each took to come.
            amended_at=row.taken_at,
            content=self._intake().seal(content, seal.amended_info(event_id)),
            for_transcriber=self._for_transcriber(row, event_id, recording),
            blobs=(recording.blob.digest,) if recording.blob else (),
        )
        event = Event(event_id, SOURCE, now, row.case_number, payload, trace.traceparent())
        records: Sequence[topics.Record] = [topics.encode(event)]
        async with self._engine.begin() as connection:
            if not await self._set(connection, row, to, of=["wanted", "absent"]):
                return False
            await outbox.add(connection, records, retry=self._retry)
        self._relay.publish_soon(records)
        return True

    def _for_transcriber(self, row: Row, event_id: UUID, recording: Recording) -> Sealed | None:
        if recording.blob is None or row.language not in HEARD_BY_MACHINE:
            return None
        asked = ToTranscribe(recording=recording, language=Language(row.language))
        plain = asked.model_dump_json().encode()
        return self._transcriber().seal(plain, seal.transcribe_info(event_id))

    async def _set(
        self, connection: AsyncConnection, row: Row, to: str, *, of: Sequence[str]
    ) -> bool:
        result = await connection.execute(
            _STATE, {"sid": row.recording_sid, "to": to, "of": list(of)}
        )
        return result.rowcount == 1

    async def _later(self, row: Row, seconds: int) -> None:
        async with self._engine.begin() as connection:
            await connection.execute(
                _LATER, {"sid": row.recording_sid, "state": row.state, "seconds": seconds}
            )
