"""Opening: a batch of submissions becomes cases in one transaction; seen twice, they are opened once.

What is added to submissions, and the ends of calls, come by the same topic and share the transaction.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID, uuid5

from prometheus_client import Counter
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from case_router import amend
from case_router.amend import Amending, CaseErasedError, open_amendment
from case_router.lookout import Lookout, said
from case_router.naming import Finder
from case_router.opened import (
    Acknowledgement,
    Keys,
    Opened,
    acknowledge,
    amended_id,
    followed_up_id,
    open_submission,
    opened_id,
    recorded_id,
    under_case_key,
)
from case_router.sla import Sla, acknowledge_by
from case_router.store import amendments, cases, concerned, erasure, history, opening, waiting
from case_router.store.clocks import Clocks
from case_router.store.opening import Row
from case_router.store.vault import Vault
from speakup import outbox, postgres, seal, topics
from speakup.dead_letters import Also
from speakup.events import (
    CallEnded,
    CallRecorded,
    CaseFollowedUp,
    CaseOpened,
    CaseStatusChanged,
    Channel,
    Event,
    Status,
    SubmissionAmended,
    SubmissionFollowUp,
    SubmissionReceived,
    SubmissionSetAside,
)
from speakup.relay import Relay

WRITTEN_TOGETHER = 200
TURN_SECONDS = 0.002

OPENED = Counter("speakup_cases_opened", "Cases opened", ["channel"])


class CaseNumberTakenError(Exception):
    """Another submission has this case number: its adapter's unique key has failed."""


class _Prepared(NamedTuple):
    """What some submissions become: written in one go."""

    rows: list[Row]
    acknowledgements: list[Acknowledgement]
    records: list[topics.Record]
    due: list[datetime | None]
    """Of each row: until when its reporter is to be told; None: nobody can be."""
    named: dict[str, frozenset[UUID]]
    """Staff who may be named in them."""


class _Sorted(NamedTuple):
    """A batch by what is to be done with it, its seals opened."""

    new: list[Opened]
    follow_ups: list[Opened]
    amendments: list[amend.Opened]


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
        pin_key: bytes,
        clocks: Clocks,
        retry: float,
    ) -> None:
        self._engine, self._vault, self._keys = engine, vault, keys
        self._clocks, self._lookout = clocks, Lookout()
        self._amending = Amending(vault, pin_key, clocks, self._lookout)
        self._contact_keys, self._relay, self._retry = contact_keys, relay, retry

    async def handle(self, batch: Sequence[Event]) -> None:
        """Open cases; join follow-ups and amendments; note calls.

        Raises CannotOpenError and the errors above for what can't be opened.
        """
        try:
            await self._handle(batch)
        except CaseNumberTakenError:
            # By the same submission, in an instance that was faster? Then it is known by now.
            await self._handle(batch)

    async def add(
        self, connection: AsyncConnection, opened: Opened, key: bytes
    ) -> list[topics.Record]:
        """Open one case within the caller's transaction; what is said of it, to be published after the commit.

        Raises CaseNumberTakenError.
        """
        records, _ = await self._open(connection, [opened], {opened.submission.case_number: key})
        return records

    async def _handle(self, batch: Sequence[Event]) -> None:
        events = {event.id: event for event in batch}
        calls = [event for event in events.values() if isinstance(event.payload, CallEnded)]
        known = await self._known(events)
        done = known.keys() | {event.id for event in calls}
        fresh = [event for event in events.values() if event.id not in done]
        # The database makes the keys while the seals are opened.
        making = asyncio.create_task(self._make_keys(fresh))
        try:
            new, follow_ups, added = await self._open_seals(fresh)
            case_keys = await making
        finally:
            await _end(making)
        async with self._engine.begin() as connection:
            records, awaited = await self._open(connection, new, case_keys)
            joined: list[topics.Record] = []
            for opened in follow_ups:
                joined += await self._join(connection, opened)
            joined += await self._amend(connection, added)
            there = [*(case_keys if awaited else ()), *(o.event.subject for o in follow_ups)]
            joined += await self._join_waiting(connection, there)
            await outbox.add(connection, joined + _recorded(calls), retry=self._retry)
            said_before = [*known.values(), *(recorded_id(event.id) for event in calls)]
            if said_before:
                # Their adapters missed our word: it is said again.
                await outbox.make_due(connection, event_ids=said_before, settled_too=True)
        self._relay.publish_soon(records + joined)
        for opened in new:
            OPENED.labels(opened.submission.channel).inc()

    async def _known(self, events: Mapping[UUID, Event]) -> dict[UUID, UUID]:
        """What was handled before, and the event that said so."""
        async with self._engine.connect() as connection:
            await postgres.at_once(connection)
            joined = await opening.known(connection, events)
            said = {
                submission_id: followed_up_id(submission_id)
                if follow_up
                else opened_id(submission_id)
                for submission_id, follow_up in joined.items()
            }
            added = [e.id for e in events.values() if isinstance(e.payload, SubmissionAmended)]
            if added:
                said |= {one: amended_id(one) for one in await amendments.known(connection, added)}
        return said

    async def _make_keys(self, fresh: Sequence[Event]) -> dict[str, bytes]:
        payloads = (event.payload for event in fresh)
        numbers = [p.case_number for p in payloads if isinstance(p, SubmissionReceived)]
        return await self._vault.make(numbers) if numbers else {}

    async def _open_seals(self, fresh: Sequence[Event]) -> _Sorted:
        found = _Sorted([], [], [])
        turns = _Turns()
        for event in fresh:
            if isinstance(event.payload, SubmissionAmended):
                found.amendments.append(open_amendment(event, self._keys))
            else:
                follows_up = isinstance(event.payload, SubmissionFollowUp)
                submissions = found.follow_ups if follows_up else found.new
                submissions.append(open_submission(event, self._keys))
            await turns.next()
        return found

    async def _open(
        self, connection: AsyncConnection, new: Sequence[Opened], case_keys: Mapping[str, bytes]
    ) -> tuple[list[topics.Record], bool]:
        """What is said of them, and whether follow-ups wait for any of them.

        Some are written while the next ones are computed: the database has a processor of its own.
        """
        records: list[topics.Record] = []
        writing: asyncio.Task[bool] | None = None
        awaited = False
        profile = await self._clocks.sla(connection)
        finder = await self._lookout.finder(connection) if new else Finder({})
        try:
            for start in range(0, len(new), WRITTEN_TOGETHER):
                some = new[start : start + WRITTEN_TOGETHER]
                prepared = await self._prepare(some, case_keys, profile, finder)
                records += prepared.records
                writing = asyncio.create_task(self._write(connection, prepared, after=writing))
            if writing is not None:
                awaited = await writing
        finally:
            if writing is not None:
                # The transaction is rolled back, but only when nobody uses its connection any more.
                await _end(writing)
        return records, awaited

    async def _prepare(
        self,
        new: Sequence[Opened],
        case_keys: Mapping[str, bytes],
        profile: Sla,
        finder: Finder,
    ) -> _Prepared:
        prepared = _Prepared([], [], [], [], {})
        public, now = self._contact_keys(), datetime.now(UTC)
        turns = _Turns()
        for opened in new:
            lock = seal.Lock(case_keys[opened.submission.case_number])
            prepared.rows.append(Row(opened, under_case_key(opened, lock)))
            prepared.records.append(_opened_record(opened, now))
            named = finder.find(said(opened.content))
            if named:
                prepared.named[opened.submission.case_number] = named
            acknowledgement = acknowledge(opened, lock, public)
            told = acknowledgement is not None or opened.submission.channel is Channel.phone
            received = opened.submission.received_at
            prepared.due.append(
                acknowledge_by(received, profile, self._clocks.zone) if told else None
            )
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
        rows, acknowledgements, records, due, named = prepared
        written = await opening.insert_cases(
            connection, rows, acknowledgements, records, due=due, retry=self._retry
        )
        if written.opened < len(rows):
            raise CaseNumberTakenError
        await concerned.suggest(connection, named)
        return awaited or written.awaited

    async def _amend(
        self, connection: AsyncConnection, added: Sequence[amend.Opened]
    ) -> list[topics.Record]:
        said: list[topics.Record] = []
        for opened in added:
            said += await self._amending.join(connection, opened)
        return said

    async def _join_waiting(
        self, connection: AsyncConnection, numbers: Sequence[str]
    ) -> list[topics.Record]:
        """What waited in these cases; an amendment whose submission still isn't there waits on."""
        waited = await waiting.take(connection, numbers) if numbers else []
        said: list[topics.Record] = []
        # Sent again by its adapter, one may have joined while it was waiting, too.
        joined = await opening.known(connection, [event.id for event in waited]) if waited else {}
        for event in waited:
            if isinstance(event.payload, SubmissionFollowUp) and event.id not in joined:
                said += await self._join(connection, open_submission(event, self._keys))
        added = [e for e in waited if isinstance(e.payload, SubmissionAmended)]
        opened = [open_amendment(event, self._keys) for event in added]
        return said + await self._amend(connection, opened)

    async def _join(self, connection: AsyncConnection, opened: Opened) -> list[topics.Record]:
        submission = opened.submission
        number = submission.case_number
        await cases.hold(connection, number)
        if isinstance(submission, SubmissionFollowUp) and await erasure.is_pending(
            connection, number
        ):
            # For a moment; its adapter sends it again.
            await waiting.keep(connection, opened.event, submission)
            return []
        sequence = await history.next_sequence(connection, number)
        if sequence is None:
            if isinstance(submission, SubmissionFollowUp):
                await waiting.keep(connection, opened.event, submission)
            return []
        anew = await erasure.begin_anew(connection, number)
        keys = await (self._vault.make if anew else self._vault.keys_of)([number])
        if number not in keys:
            raise CaseErasedError
        row = Row(opened, under_case_key(opened, seal.Lock(keys[number])))
        await opening.insert_follow_up(connection, row)
        await amendments.set_said(
            connection,
            number,
            in_danger=submission.in_danger,
            restricted=submission.restricted,
        )
        await self._lookout.look(connection, {number: said(opened.content)})
        await history.note(connection, "case.followed_up", [number])
        payload = CaseFollowedUp(
            case_number=number,
            sequence=sequence,
            occurred_at=datetime.now(UTC),
            submission_id=submission.submission_id,
        )
        event_id = followed_up_id(submission.submission_id)
        joined = history.record(payload, number, event_id=event_id, cause=opened.event.traceparent)
        return [joined, *(await self._reopened(connection, number) if anew else ())]

    async def _reopened(self, connection: AsyncConnection, number: str) -> list[topics.Record]:
        """Of an erased case whose reporter has written again. What was erased stays so: the key is another."""
        reopened = CaseStatusChanged(
            case_number=number,
            sequence=await history.next_sequence(connection, number) or 1,
            occurred_at=datetime.now(UTC),
            status=Status.reopened,
        )
        await history.note(connection, "case.reopened", [number])
        return [history.record(reopened, number)]


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


def _recorded(calls: Sequence[Event]) -> list[topics.Record]:
    """What is said of calls that have ended. The outbox keeps it, so that it is said of each once."""
    return [
        history.record(
            CallRecorded(
                event_id=event.id,
                ended_at=event.payload.ended_at,
                seconds=event.payload.seconds,
                language=event.payload.language,
                submitted=event.payload.submission_id is not None,
            ),
            event.subject,
            event_id=recorded_id(event.id),
            cause=event.traceparent,
        )
        for event in calls
        if isinstance(event.payload, CallEnded)
    ]


def set_aside(retry: float) -> Also:
    """For the dead letters: a submission that is kept among them needs to be sent no more."""

    async def also(connection: AsyncConnection, event: Event, reason: str) -> None:
        if isinstance(event.payload, CallEnded):
            return
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
