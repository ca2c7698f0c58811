"""Accepting a mail: read and sealed in the child, then on disk in one transaction, then said so.

Mails that arrive together share a transaction (group commit): one is being written while the next ones
gather. `accept` returns after the commit; whatever fails before, the sender is told to try again, and the
same mail sent again is the same submission.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple
from uuid import UUID, uuid5

from prometheus_client import Counter
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from intake_email.addresses import Addresses
from intake_email.clamd import Clamd
from intake_email.known import look_up
from intake_email.origin import Origins
from intake_email.parse import message_id_of, split
from intake_email.placing import Clues, Known, KnownReply, Place, place
from intake_email.readers import Readers
from intake_email.reading import Job, Reading
from intake_email.reasons import plainly
from intake_email.traits import Traits
from speakup import case_number, outbox, postgres, topics, trace
from speakup.blobs import BlobStore
from speakup.events import (
    Anonymity,
    Automatic,
    Channel,
    Event,
    ReplyFailed,
    SubmissionFollowUp,
    SubmissionReceived,
)
from speakup.gather import Gathering, tell
from speakup.keys import INTAKE, UNSEALING, CurrentKey, KeyFolder, contact_purpose
from speakup.relay import Relay
from speakup.seal import PublicKey

ACCEPTED = Counter("speakup_mails_accepted", "Mails accepted", ["as"])

SOURCE = "/intake-email"
GROUP = 200
"""Mails in one transaction, at most."""


class Draft(NamedTuple):
    """A mail that is sealed and waits for its transaction."""

    submission_id: UUID
    clues: Clues
    answerable: bool
    sender_mac: bytes | None
    message_mac: bytes | None
    received_at: datetime
    reading: Reading
    traceparent: str


class _Waiting(NamedTuple):
    draft: Draft
    written: asyncio.Future[bool]


class RawKeys:
    """The public keys as the child takes them, read again when they rotate."""

    def __init__(self, folder: KeyFolder, *, authserv_id: str | None = None) -> None:
        self._authserv_id = authserv_id
        self._intake = CurrentKey(folder, INTAKE)
        self._contact = CurrentKey(folder, contact_purpose(Channel.email))
        self._unsealing = CurrentKey(folder, UNSEALING)

    def job(
        self, submission_id: UUID, envelope_from: str, pin: str | None, virus: str | None = None
    ) -> Job:
        """A job with today's keys."""
        return Job(
            submission_id=str(submission_id),
            envelope_from=envelope_from,
            pin=pin,
            authserv_id=self._authserv_id,
            virus=virus,
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
        clamd: Clamd | None = None,
    ) -> None:
        self._clamd = clamd
        self._engine, self._relay, self._blobs, self._readers = engine, relay, blobs, readers
        self._keys, self._addresses, self._hmac_key, self._retry = keys, addresses, hmac_key, retry
        self._origins = Origins(hmac_key)
        self._waiting: list[_Waiting] = []
        self._wake = asyncio.Event()

    async def accept(self, raw: bytes, envelope_from: str, recipient: str) -> UUID:
        """Returns the submission's id when the mail is on disk.

        Raises what the database or the object store raises; then nothing of it was accepted.
        """
        headers, body = split(raw)
        message_id = message_id_of(headers)
        # Without a Message-ID the words may be in the headers alone; a queue's retry is the same to
        # the byte.
        submission_id = self._id(envelope_from, recipient, message_id, body if message_id else raw)
        follow_up_of = self._addresses.case_of(recipient)
        pin = None if follow_up_of else case_number.mint_pin()
        virus = await self._clamd.scan(raw) if self._clamd else None
        reading, blobs = await self._readers.read(
            self._keys.job(submission_id, envelope_from, pin, virus), raw
        )
        await asyncio.gather(*(self._blobs.put(digest, sealed) for digest, sealed in blobs))
        draft = self._draft(submission_id, follow_up_of, message_id, reading)
        written = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(draft, written))
        self._wake.set()
        if not await written:
            # The same mail again: what was stored for it this time belongs to nothing.
            for digest, _ in blobs:
                await self._blobs.delete(digest)
        return submission_id

    def _draft(
        self, submission_id: UUID, token_case: str | None, message_id: str, reading: Reading
    ) -> Draft:
        """Here the sender's words become HMACs."""
        traits = reading.traits
        own = self._addresses.reply_of(message_id)
        # Our own mail that has come back to us as it was; or one in our name.
        automatic = Automatic.loop if own else traits.automatic
        in_our_name = any(
            self._addresses.accepts(one) for one in (traits.author, traits.answer_to) if one
        )
        sender = None if in_our_name else self._origins.sender(traits.author, traits.answer_to)
        return Draft(
            submission_id,
            self._clues(traits, token_case, automatic, sender, own),
            answerable=reading.answerable and automatic is None and not in_our_name,
            # Machines send for many: they are nobody's sender.
            sender_mac=sender if automatic is None else None,
            message_mac=self._origins.message(message_id) if automatic is None else None,
            received_at=datetime.now(UTC),
            reading=reading,
            traceparent=trace.traceparent(),
        )

    def _clues(
        self,
        traits: Traits,
        token_case: str | None,
        automatic: Automatic | None,
        sender: bytes | None,
        own: UUID | None,
    ) -> Clues:
        thread = traits.references[::-1]
        answered = [self._addresses.reply_of(one) for one in thread]
        back = [own, *(self._addresses.reply_of(one) for one in traits.mentions)]
        if automatic in (Automatic.bounce, Automatic.delay):
            back += answered
        macs = (self._origins.message(one) for one in thread)
        return Clues(
            token_case=token_case,
            automatic=automatic,
            status=traits.status,
            sender=sender,
            numbers=traits.numbers,
            our_mails=tuple(one for one in answered if one),
            their_mails=tuple(one for one in macs if one),
            returns=tuple(one for one in back if one),
        )

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
            tell((waiting.written for waiting in group), error)
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
        published: dict[UUID, list[topics.Record]] = {}
        async with self._engine.connect() as connection:
            await postgres.at_once(connection)
            known = await look_up(connection, [draft.clues for draft in drafts])
            while left:
                rows = {key: _row(draft, known) for key, draft in left.items()}
                taken = await _take(connection, list(rows.values()), retry=self._retry)
                published |= {key: rows[key].records for key in taken}
                if len(published) == len(drafts):
                    break
                # What is left is known already, or had a number that is taken: then it gets another.
                there = await connection.scalars(
                    text("SELECT submission_id FROM accepted WHERE submission_id = ANY(:ids)"),
                    {"ids": list(left)},
                )
                for submission_id in there:
                    left.pop(submission_id, None)
        records = [record for together in published.values() for record in together]
        return records, set(published)


class _Row(NamedTuple):
    """A mail as it is written."""

    draft: Draft
    place: Place
    number: str
    records: list[topics.Record]


_TAKE = text(
    """
    WITH taken AS (
        INSERT INTO accepted (submission_id, case_number, follow_up, sender_mac, message_mac)
        SELECT * FROM unnest(CAST(:submissions AS uuid[]), CAST(:numbers AS text[]),
                             CAST(:follow_ups AS bool[]), CAST(:senders AS bytea[]),
                             CAST(:messages AS bytea[]))
        ON CONFLICT DO NOTHING
        RETURNING submission_id
    ), put_out AS (
        INSERT INTO outbox (event_id, topic, key, value, header_names, header_values, due_at)
        SELECT event_id, topic, key, value, header_names, header_values,
               now() + make_interval(secs => :retry)
        FROM unnest(CAST(:ids AS uuid[]), CAST(:topics AS text[]), CAST(:keys AS bytea[]),
                    CAST(:contents AS bytea[]), CAST(:names AS text[]), CAST(:headers AS bytea[]),
                    CAST(:causes AS uuid[]))
             AS rows (event_id, topic, key, value, header_names, header_values, cause)
        WHERE cause IN (SELECT submission_id FROM taken)
        ON CONFLICT (event_id) DO NOTHING
    ), came_back AS (
        UPDATE replies SET state = 'failed'
        FROM unnest(CAST(:returned AS uuid[]), CAST(:returned_by AS uuid[])) AS back (id, cause)
        WHERE reply_id = back.id AND state = 'delivered'
              AND cause IN (SELECT submission_id FROM taken)
    )
    SELECT submission_id FROM taken
    """
)


async def _take(connection: AsyncConnection, rows: Sequence[_Row], *, retry: float) -> set[UUID]:
    """Write those that are new and whose number is free: the unique keys decide. Returns their ids."""
    records = [(record, row.draft.submission_id) for row in rows for record in row.records]
    back = [(reply, row.draft.submission_id) for row in rows for reply in row.place.returned]
    taken = await connection.scalars(
        _TAKE,
        outbox.parameters([record for record, _ in records], retry=retry)
        | {
            "submissions": [row.draft.submission_id for row in rows],
            "numbers": [row.number for row in rows],
            "follow_ups": [row.place.case_number is not None for row in rows],
            "senders": [row.draft.sender_mac for row in rows],
            "messages": [row.draft.message_mac for row in rows],
            "causes": [cause for _, cause in records],
            "returned": [reply.reply_id for reply, _ in back],
            "returned_by": [cause for _, cause in back],
        },
    )
    return set(taken)


def _row(draft: Draft, known: Known) -> _Row:
    found = place(draft.clues, known)
    number = found.case_number or case_number.mint(Channel.email)
    records = [_record(draft, found, number)]
    records += [_returned(draft, reply) for reply in found.returned]
    return _Row(draft, found, number, records)


def _record(draft: Draft, found: Place, number: str) -> topics.Record:
    reading = draft.reading
    common = {
        "submission_id": draft.submission_id,
        "case_number": number,
        "channel": Channel.email,
        "received_at": draft.received_at,
        "language": reading.language,
        "anonymity": Anonymity.named if reading.named else Anonymity.confidential,
        "content": reading.content,
        "contact": reading.contact,
        "answerable": draft.answerable,
        "unparsed": reading.unparsed,
        "blobs": tuple(digest for digest, _ in reading.blobs),
        "automatic": found.automatic,
    }
    payload = (
        SubmissionFollowUp(**common)
        if found.case_number
        else SubmissionReceived(**common, suggested_case=found.suggested_case)
    )
    return topics.encode(
        Event(draft.submission_id, SOURCE, draft.received_at, number, payload, draft.traceparent)
    )


def _returned(draft: Draft, reply: KnownReply) -> topics.Record:
    payload = ReplyFailed(
        reply_id=reply.reply_id,
        case_number=reply.case_number,
        purpose=reply.purpose,
        failed_at=draft.received_at,
        reason=plainly(draft.clues.status),
        returned=True,
    )
    # Of a second bounce of the same mail it is the same event.
    event_id = uuid5(reply.reply_id, "returned")
    return topics.encode(
        Event(event_id, SOURCE, draft.received_at, reply.case_number, payload, draft.traceparent)
    )
