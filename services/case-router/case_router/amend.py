"""Amending: a recording, a transcript or an answer joins the submission that it belongs to, once."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import NamedTuple

from sqlalchemy.ext.asyncio import AsyncConnection

from case_router import pins
from case_router.lookout import Lookout
from case_router.opened import Keys, amended_id
from case_router.store import amendments, erasure, history, waiting
from case_router.store.clocks import Clocks
from case_router.store.narratives import lock_amended
from case_router.store.vault import Vault
from speakup import seal, topics
from speakup.events import Amendment, CaseAmended, Event, SubmissionAmended
from speakup.submission import Amended


class CaseErasedError(Exception):
    """What belongs to a case whose key was destroyed."""


class Opened(NamedTuple):
    """An amendment that the router could open."""

    event: Event
    payload: SubmissionAmended
    content: Amended | None


def open_amendment(event: Event, keys: Keys) -> Opened:
    """Raises CannotOpenError, or ValidationError where it isn't what it should be."""
    payload = event.payload
    if not isinstance(payload, SubmissionAmended):
        raise TypeError("not an amendment")
    if payload.content is None:
        return Opened(event, payload, None)
    plain = keys[payload.content.key_id].open(payload.content, seal.amended_info(event.id))
    return Opened(event, payload, Amended.model_validate_json(plain))


class Amending:
    """Adds amendments to submissions, within the transaction of a batch."""

    def __init__(self, vault: Vault, pin_key: bytes, clocks: Clocks, lookout: Lookout) -> None:
        self._vault, self._pin_key, self._clocks = vault, pin_key, clocks
        self._lookout = lookout

    async def join(self, connection: AsyncConnection, opened: Opened) -> list[topics.Record]:
        """What is said of it; nothing where it waits for its submission. Raises CaseErasedError."""
        event, payload, content = opened
        number, submission_id = payload.case_number, payload.submission_id
        if await amendments.awaits(connection, number, submission_id):
            await waiting.keep(connection, event, payload)
            return []
        if await erasure.is_erased(connection, number, submission_id):
            # That it came, is a fact; what it says, goes with the rest.
            content, opened = None, opened._replace(content=None)
        new = amendments.New(
            event.id,
            number,
            submission_id,
            payload.amendment,
            payload.amended_at,
            await self._locked(opened),
        )
        if not await amendments.add(connection, new):
            return []
        await amendments.set_said(
            connection,
            number,
            relation=payload.relation,
            person=payload.person,
            in_danger=payload.in_danger or False,
            restricted=payload.restricted,
        )
        if (
            content is not None
            and content.transcript is not None
            and content.transcript.text.strip()
        ):
            await amendments.ask_classifier(connection, number)
            await self._lookout.look(connection, {number: content.transcript.text})
        await history.note(connection, "case.amended", [number], subject=payload.amendment)
        records = [await _record(connection, event, payload)]
        if payload.amendment is Amendment.told:
            told = {number: (payload.amended_at, event.traceparent)}
            records += await pins.acknowledge(connection, self._vault, self._pin_key, told)
            await self._clocks.reckon(connection, [number])
        return records

    async def _locked(self, opened: Opened) -> bytes | None:
        if opened.content is None:
            return None
        number = opened.payload.case_number
        key = await self._vault.key_of(number)
        if key is None:
            raise CaseErasedError
        return lock_amended(key, number, opened.event.id, opened.content)


async def _record(
    connection: AsyncConnection, event: Event, payload: SubmissionAmended
) -> topics.Record:
    number = payload.case_number
    # The case is locked and there.
    sequence = await history.next_sequence(connection, number) or 1
    amended = CaseAmended(
        case_number=number,
        sequence=sequence,
        occurred_at=datetime.now(UTC),
        submission_id=payload.submission_id,
        event_id=event.id,
        amendment=payload.amendment,
        relation=payload.relation,
        person=payload.person,
    )
    return history.record(amended, number, event_id=amended_id(event.id), cause=event.traceparent)
