"""Opening: a batch of submissions becomes cases in one transaction; seen twice, they are opened once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import uuid5

from prometheus_client import Counter
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from case_router.opened import (
    Acknowledgement,
    Keys,
    Opened,
    acknowledge,
    followed_up_id,
    open_submission,
    opened_id,
    under_case_key,
)
from case_router.store import history, opening, waiting
from case_router.store.opening import Row
from case_router.store.vault import Vault
from speakup import outbox, postgres, seal, topics
from speakup.dead_letters import Also
from speakup.events import (
    CaseFollowedUp,
    CaseOpened,
    Channel,
    Event,
    SubmissionFollowUp,
    SubmissionReceived,
    SubmissionSetAside,
)
from speakup.relay import Relay

WRITTEN_TOGETHER = 200
TURN_SECONDS = 0.002

OPENED = Counter("speakup_cases_opened", "Cases opened", ["channel"])


class NotYetUnderstoodError(Exception):
    """An event that a later release handles; it waits among the dead letters to be replayed."""


class CaseNumberTakenError(Exception):
    """Another submission has this case number: its adapter's unique key has failed."""


class CaseErasedError(Exception):
    """A follow-up to a case whose key was destroyed."""


class _Prepared(NamedTuple):
    """What some submissions become: written in one go."""

    rows: list[Row]
    acknowledgements: list[Acknowledgement]
    records: list[topics.Record]


class Opening:
    """The handler for `speakup.submissions`."""

    def __init__(
        self,
        *,
        engine: AsyncEngine,
        vault: Vault,
        keys: Keys,
        contact_keys: Callable[[], Mapping[Channel, seal.PublicKey]],
        relay: Relay,
        retry: float,
    ) -> None:
        self._engine, self._vault, self._keys = engine, vault, keys
        self._contact_keys, self._relay, self._retry = contact_keys, relay, retry

    async def handle(self, batch: Sequence[Event]) -> None:
        """Open cases and join follow-ups.

        Raises CannotOpenError and the errors above for what can't be opened.
        """
        if not all(isinstance(e.payload, SubmissionReceived | SubmissionFollowUp) for e in batch):
            raise NotYetUnderstoodError
        try:
            await self._handle(batch)
        except CaseNumberTakenError:
            # By the same submission, in an instance that was faster? Then it is known by now.
            await self._handle(batch)

    async def _handle(self, batch: Sequence[Event]) -> None:
        events = {event.id: event for event in batch}
        async with self._engine.connect() as connection:
            await postgres.at_once(connection)
            known = await opening.known(connection, events)
        fresh = [event for event in events.values() if event.id not in known]
        # The database makes the keys while the seals are opened.
        making = asyncio.create_task(self._make_keys(fresh))
        try:
            new, follow_ups = await self._open_seals(fresh)
            case_keys = await making
        finally:
            await _end(making)
        async with self._engine.begin() as connection:
            records, awaited = await self._open(connection, new, case_keys)
            joined: list[topics.Record] = []
            for opened in follow_ups:
                joined += await self._join(connection, opened)
            for event in await waiting.take(connection, list(case_keys)) if awaited else ():
                joined += await self._join(connection, open_submission(event, self._keys))
            await outbox.add(connection, joined, retry=self._retry)
            if known:
                # Their adapters missed our word: it is said again.
                await outbox.make_due(
                    connection,
                    event_ids=[
                        followed_up_id(submission_id) if follow_up else opened_id(submission_id)
                        for submission_id, follow_up in known.items()
                    ],
                    settled_too=True,
                )
        self._relay.publish_soon(records + joined)
        for opened in new:
            OPENED.labels(opened.submission.channel).inc()

    async def _make_keys(self, fresh: Sequence[Event]) -> dict[str, bytes]:
        payloads = (event.payload for event in fresh)
        numbers = [p.case_number for p in payloads if isinstance(p, SubmissionReceived)]
        return await self._vault.make(numbers) if numbers else {}

    async def _open_seals(self, fresh: Sequence[Event]) -> tuple[list[Opened], list[Opened]]:
        """What opens a case, and what follows up on one."""
        new: list[Opened] = []
        follow_ups: list[Opened] = []
        turns = _Turns()
        for event in fresh:
            follows_up = isinstance(event.payload, SubmissionFollowUp)
            (follow_ups if follows_up else new).append(open_submission(event, self._keys))
            await turns.next()
        return new, follow_ups

    async def _open(
        self, connection: AsyncConnection, new: Sequence[Opened], case_keys: Mapping[str, bytes]
    ) -> tuple[list[topics.Record], bool]:
        """What is said of them, and whether follow-ups wait for any of them.

        Some are written while the next ones are computed: the database has a processor of its own.
        """
        records: list[topics.Record] = []
        writing: asyncio.Task[bool] | None = None
        awaited = False
        try:
            for start in range(0, len(new), WRITTEN_TOGETHER):
                prepared = await self._prepare(new[start : start + WRITTEN_TOGETHER], case_keys)
                records += prepared.records
                writing = asyncio.create_task(self._write(connection, prepared, after=writing))
            if writing is not None:
                awaited = await writing
        finally:
            if writing is not None:
                # The transaction is rolled back, but only when nobody uses its connection any more.
                await _end(writing)
        return records, awaited

    async def _prepare(self, new: Sequence[Opened], case_keys: Mapping[str, bytes]) -> _Prepared:
        prepared, public, now = _Prepared([], [], []), self._contact_keys(), datetime.now(UTC)
        turns = _Turns()
        for opened in new:
            lock = seal.Lock(case_keys[opened.submission.case_number])
            prepared.rows.append(Row(opened, under_case_key(opened, lock)))
            prepared.records.append(_opened_record(opened, now))
            acknowledgement = acknowledge(opened, lock, public)
            if acknowledgement is not None:
                prepared.acknowledgements.append(acknowledgement)
                prepared.records.append(_acknowledging_record(opened, acknowledgement))
            await turns.next()
        return prepared

    async def _write(
        self, connection: AsyncConnection, prepared: _Prepared, *, after: asyncio.Task[bool] | None
    ) -> bool:
        """Whether follow-ups wait for any of these cases or of those before."""
        awaited = await after if after is not None else False
        rows, acknowledgements, records = prepared
        written = await opening.insert_cases(
            connection, rows, acknowledgements, records, retry=self._retry
        )
        if written.opened < len(rows):
            raise CaseNumberTakenError
        return awaited or written.awaited

    async def _join(self, connection: AsyncConnection, opened: Opened) -> list[topics.Record]:
        submission = opened.submission
        number = submission.case_number
        sequence = await history.next_sequence(connection, number)
        if sequence is None:
            if isinstance(submission, SubmissionFollowUp):
                await waiting.keep(connection, opened.event, submission)
            return []
        keys = await self._vault.keys_of([number])
        if number not in keys:
            raise CaseErasedError
        row = Row(opened, under_case_key(opened, seal.Lock(keys[number])))
        await opening.insert_follow_up(connection, row)
        await history.note(connection, "case.followed_up", [number])
        payload = CaseFollowedUp(
            case_number=number,
            sequence=sequence,
            occurred_at=datetime.now(UTC),
            submission_id=submission.submission_id,
        )
        event_id = followed_up_id(submission.submission_id)
        return [history.record(payload, number, event_id=event_id, cause=opened.event.traceparent)]


async def _end(task: asyncio.Task[Any]) -> None:
    """Cancel what isn't done, and wait for it; whoever needed its result has had it or has failed."""
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


class _Turns:
    """Lets the loop serve others every few milliseconds of computing.

    Not a thread: the ciphers hold the interpreter's lock, and two threads that pass it to and fro are
    slower than one.
    """

    def __init__(self) -> None:
        self._since = time.monotonic()

    async def next(self) -> None:
        """Between two pieces of work."""
        if time.monotonic() - self._since > TURN_SECONDS:
            await asyncio.sleep(0)
            self._since = time.monotonic()


def _acknowledging_record(opened: Opened, acknowledgement: Acknowledgement) -> topics.Record:
    request = acknowledgement.request
    return history.record(
        request,
        request.case_number,
        event_id=request.reply_id,
        cause=opened.event.traceparent,
    )


def _opened_record(opened: Opened, now: datetime) -> topics.Record:
    submission = opened.submission
    payload = CaseOpened(
        case_number=submission.case_number,
        sequence=1,
        occurred_at=now,
        submission_id=submission.submission_id,
        channel=submission.channel,
        received_at=submission.received_at,
        language=submission.language,
        relation=submission.relation,
        person=submission.person,
        anonymity=submission.anonymity,
    )
    return history.record(
        payload,
        submission.case_number,
        event_id=opened_id(submission.submission_id),
        cause=opened.event.traceparent,
    )


def set_aside(retry: float) -> Also:
    """For the dead letters: a submission that is kept among them needs to be sent no more."""

    async def also(connection: AsyncConnection, event: Event, reason: str) -> None:
        payload = SubmissionSetAside(
            event_id=event.id,
            case_number=event.subject,
            set_aside_at=datetime.now(UTC),
            reason=reason,
        )
        event_id = uuid5(event.id, "set-aside")
        said = history.record(payload, event.subject, event_id=event_id)
        await outbox.add(connection, [said], retry=retry)
        # It may have been said before and missed; the relay's next sweep says it in any case.
        await outbox.make_due(connection, event_ids=[event_id], settled_too=True)

    return also
