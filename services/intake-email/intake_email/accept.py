"""Accepting a mail: read and sealed in the child, then on disk in one transaction, then said so.

Mails that arrive together share a transaction (group commit): one is being written while the next ones
gather. `accept` returns after the commit; whatever fails before, the sender is told to try again, and the
same mail sent again is the same submission.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple
from uuid import UUID

from prometheus_client import Counter
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from intake_email.addresses import Addresses
from intake_email.parse import message_id_of, split
from intake_email.readers import Readers
from intake_email.reading import Job, Reading
from speakup import case_number, outbox, topics, trace
from speakup.blobs import BlobStore
from speakup.events import Anonymity, Channel, Event, SubmissionFollowUp, SubmissionReceived
from speakup.gather import Gathering
from speakup.keys import INTAKE, UNSEALING, CurrentKey, KeyFolder, contact_purpose
from speakup.relay import Relay
from speakup.seal import PublicKey

ACCEPTED = Counter("speakup_mails_accepted", "Mails accepted", ["as"])

SOURCE = "/intake-email"
GROUP = 200
"""Mails in one transaction, at most."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A mail that is sealed and waits for its transaction."""

    submission_id: UUID
    follow_up_of: str | None
    received_at: datetime
    reading: Reading
    traceparent: str


class _Waiting(NamedTuple):
    draft: Draft
    written: asyncio.Future[bool]


class RawKeys:
    """The public keys as the child takes them, read again when they rotate."""

    def __init__(self, folder: KeyFolder) -> None:
        self._intake = CurrentKey(folder, INTAKE)
        self._contact = CurrentKey(folder, contact_purpose(Channel.email))
        self._unsealing = CurrentKey(folder, UNSEALING)

    def job(self, submission_id: UUID, envelope_from: str, pin: str | None) -> Job:
        """A job with today's keys."""
        return Job(
            submission_id=str(submission_id),
            envelope_from=envelope_from,
            pin=pin,
            intake=_raw(self._intake()),
            contact=_raw(self._contact()),
            unsealing=_raw(self._unsealing()),
        )


def _raw(key: PublicKey) -> tuple[str, bytes]:
    return key.key_id, key.raw


class Acceptor:
    """Takes mails, whatever way they arrive."""

    def __init__(
        self,
        *,
        engine: AsyncEngine,
        relay: Relay,
        blobs: BlobStore,
        readers: Readers,
        keys: RawKeys,
        addresses: Addresses,
        hmac_key: bytes,
        retry: float,
    ) -> None:
        self._engine, self._relay, self._blobs, self._readers = engine, relay, blobs, readers
        self._keys, self._addresses, self._hmac_key, self._retry = keys, addresses, hmac_key, retry
        self._waiting: list[_Waiting] = []
        self._wake = asyncio.Event()

    async def accept(self, raw: bytes, envelope_from: str, recipient: str) -> None:
        """Returns when the mail is on disk.

        Raises what the database or the object store raises; then nothing of it was accepted.
        """
        headers, body = split(raw)
        message_id = message_id_of(headers)
        # Without a Message-ID the words may be in the headers alone; a queue's retry is the same to
        # the byte.
        submission_id = self._id(envelope_from, recipient, message_id, body if message_id else raw)
        follow_up_of = self._addresses.case_of(recipient)
        pin = None if follow_up_of else case_number.mint_pin()
        reading, blobs = await self._readers.read(
            self._keys.job(submission_id, envelope_from, pin), raw
        )
        await asyncio.gather(*(self._blobs.put(digest, sealed) for digest, sealed in blobs))
        draft = Draft(submission_id, follow_up_of, datetime.now(UTC), reading, trace.traceparent())
        written = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(draft, written))
        self._wake.set()
        if not await written:
            # The same mail again: what was stored for it this time belongs to nothing.
            for digest, _ in blobs:
                await self._blobs.delete(digest)

    def _id(self, envelope_from: str, recipient: str, message_id: str, body: bytes) -> UUID:
        """The same for the same mail sent again; tells nothing to who lacks the key."""
        mac = hmac.new(self._hmac_key, b"submission", hashlib.sha256)
        for part in (envelope_from.encode(), recipient.encode(), message_id.encode(), body):
            mac.update(len(part).to_bytes(8, "big"))
            mac.update(part)
        return UUID(bytes=mac.digest()[:16], version=4)

    async def run(self, stop: asyncio.Event) -> None:
        """Write what waits, a group at a time, until told to stop and nothing waits any more."""
        stopping = asyncio.create_task(stop.wait())
        gathering = Gathering(shortest=0.005, longest=0.025)
        while not (stop.is_set() and not self._waiting):
            waking = asyncio.create_task(self._wake.wait())
            await asyncio.wait((waking, stopping), return_when=asyncio.FIRST_COMPLETED)
            waking.cancel()
            self._wake.clear()
            await gathering.wait()
            gathering.came(len(self._waiting))
            while self._waiting:
                group, self._waiting = self._waiting[:GROUP], self._waiting[GROUP:]
                await self._write(group)

    async def _write(self, group: Sequence[_Waiting]) -> None:
        try:
            async with asyncio.timeout(30):
                records, new = await self._commit([waiting.draft for waiting in group])
        except BaseException as error:
            for waiting in group:
                if not waiting.written.done():
                    waiting.written.set_exception(
                        error if isinstance(error, Exception) else ConnectionAbortedError()
                    )
            if not isinstance(error, Exception):
                raise
            return
        self._relay.publish_soon(records)
        for waiting in group:
            is_new = waiting.draft.submission_id in new
            new.discard(waiting.draft.submission_id)
            ACCEPTED.labels("new" if is_new else "repeated").inc()
            if not waiting.written.done():
                waiting.written.set_result(is_new)

    async def _commit(self, drafts: Sequence[Draft]) -> tuple[list[topics.Record], set[UUID]]:
        left: dict[UUID, Draft] = {}
        for draft in drafts:
            # Of two of the same mail the first is told that it is new: it is the one to be kept.
            left.setdefault(draft.submission_id, draft)
        published: dict[UUID, topics.Record] = {}
        async with self._engine.connect() as connection:
            # One statement is a transaction by itself and costs one round trip.
            await connection.execution_options(isolation_level="AUTOCOMMIT")
            while left:
                records = {
                    key: _record(draft, draft.follow_up_of or case_number.mint(Channel.email))
                    for key, draft in left.items()
                }
                taken = await _take(connection, list(left.values()), records, retry=self._retry)
                published |= {key: records[key] for key in taken}
                if len(published) == len(drafts):
                    break
                # What is left is known already, or had a number that is taken: then it gets another.
                known = await connection.scalars(
                    text("SELECT submission_id FROM accepted WHERE submission_id = ANY(:ids)"),
                    {"ids": list(left)},
                )
                for submission_id in known:
                    left.pop(submission_id, None)
        return list(published.values()), set(published)


_TAKE = text(
    """
    WITH taken AS (
        INSERT INTO accepted (submission_id, case_number, follow_up)
        SELECT * FROM unnest(CAST(:ids AS uuid[]), CAST(:numbers AS text[]),
                             CAST(:follow_ups AS bool[]))
        ON CONFLICT DO NOTHING
        RETURNING submission_id
    ), put_out AS (
        INSERT INTO outbox (event_id, topic, key, value, header_names, header_values, due_at)
        SELECT rows.*, now() + make_interval(secs => :retry)
        FROM unnest(CAST(:ids AS uuid[]), CAST(:topics AS text[]), CAST(:keys AS bytea[]),
                    CAST(:contents AS bytea[]), CAST(:names AS text[]), CAST(:headers AS bytea[]))
             AS rows (event_id, topic, key, value, header_names, header_values)
        WHERE event_id IN (SELECT submission_id FROM taken)
    )
    SELECT submission_id FROM taken
    """
)


async def _take(
    connection: AsyncConnection,
    drafts: Sequence[Draft],
    records: Mapping[UUID, topics.Record],
    *,
    retry: float,
) -> set[UUID]:
    """Write those that are new and whose number is free: the unique keys decide. Returns their ids."""
    rows = await connection.scalars(
        _TAKE,
        outbox.parameters([records[draft.submission_id] for draft in drafts], retry=retry)
        | {
            "numbers": [records[draft.submission_id].key.decode() for draft in drafts],
            "follow_ups": [draft.follow_up_of is not None for draft in drafts],
        },
    )
    return set(rows)


def _record(draft: Draft, number: str) -> topics.Record:
    reading = draft.reading
    kind = SubmissionFollowUp if draft.follow_up_of else SubmissionReceived
    payload = kind(
        submission_id=draft.submission_id,
        case_number=number,
        channel=Channel.email,
        received_at=draft.received_at,
        language=reading.language,
        anonymity=Anonymity.named if reading.named else Anonymity.confidential,
        content=reading.content,
        contact=reading.contact,
        answerable=reading.answerable,
        unparsed=reading.unparsed,
        blobs=tuple(digest for digest, _ in reading.blobs),
    )
    return topics.encode(
        Event(draft.submission_id, SOURCE, draft.received_at, number, payload, draft.traceparent)
    )
