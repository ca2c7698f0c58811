"""Answers by post, the mailroom's half: an address to print, posted, and come back or not.

What is said to the reporter never comes here: a handler prints it from the case (decision 0011). The address is
kept, sealed, until the letter is posted, and not a moment longer: what comes back has it on the envelope.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy import Row, insert, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from intake_mail.submit import SOURCE
from intake_mail.tables import address_readings, replies
from speakup import outbox, seal, topics, trace
from speakup.consume import Handler
from speakup.events import (
    Channel,
    Event,
    Payload,
    Purpose,
    ReplyAccepted,
    ReplyDelivered,
    ReplyFailed,
    ReplyRequested,
)
from speakup.post_code import post_code
from speakup.relay import Relay
from speakup.staff import Staff

Job = Row[Any]
"""A row of `replies`."""
Place = tuple[datetime, str]
"""Where a page of the list ends: `requested_at` and code of its last one."""


class State(StrEnum):
    """How far an answer by post has got."""

    waiting = "waiting"
    posted = "posted"
    returned = "returned"


class Reason(StrEnum):
    """Why a letter came back; what the post writes on it may name people, so it is one of these."""

    no_such_address = "no_such_address"
    unknown = "unknown"
    """Nobody of that name lives there."""
    moved = "moved"
    refused = "refused"
    unclaimed = "unclaimed"
    """It lay at the post office until its time was up."""
    other = "other"


_SENTENCES = {
    Reason.no_such_address: "There is no such address.",
    Reason.unknown: "The addressee isn't known there.",
    Reason.moved: "The addressee has moved.",
    Reason.refused: "The addressee didn't take it.",
    Reason.unclaimed: "Nobody fetched it from the post office.",
    Reason.other: "",
}


class NoSuchCodeError(KeyError):
    """No answer by post has this code."""


class NotNowError(Exception):
    """The answer isn't where that can be done; the text says so to a person."""


def taking(engine: AsyncEngine, relay: Relay, *, retry: float) -> Handler:
    """A handler for `speakup.replies`: what goes by post is kept, and that is said.

    Raises IntegrityError where two have one code; the second is put aside then, to be looked at.
    """

    async def handle(batch: Sequence[Event]) -> None:
        ours = [
            (event, event.payload)
            for event in batch
            if isinstance(event.payload, ReplyRequested) and event.payload.channel is Channel.mail
        ]
        if not ours:
            return
        said = [
            _record(
                reply.reply_id,
                "accepted",
                ReplyAccepted(reply_id=reply.reply_id, case_number=reply.case_number),
                reply.case_number,
                event.traceparent,
            )
            for event, reply in ours
        ]
        async with engine.begin() as connection:
            await connection.execute(
                upsert(replies).on_conflict_do_nothing(index_elements=["reply_id"]),
                [_row(reply, event.traceparent) for event, reply in ours],
            )
            await outbox.add(connection, said, retry=retry)
        relay.publish_soon(said)

    return handle


def _row(reply: ReplyRequested, traceparent: str | None) -> dict[str, object]:
    return {
        "reply_id": reply.reply_id,
        "case_number": reply.case_number,
        "submission_id": reply.submission_id,
        "purpose": reply.purpose,
        "code": post_code(reply.reply_id),
        "contact": seal.pack(reply.contact),
        "traceparent": traceparent,
        "requested_at": reply.requested_at,
    }


async def newest(
    connection: AsyncConnection, state: State | None, *, before: Place | None, limit: int
) -> Sequence[Job]:
    """Answers by post, newest first, of those behind a place."""
    place = tuple_(replies.c.requested_at, replies.c.code)
    query = select(replies).order_by(*(column.desc() for column in place)).limit(limit)
    if state is not None:
        query = query.where(replies.c.state == state)
    if before is not None:
        query = query.where(place < before)
    return (await connection.execute(query)).all()


async def note_reading(engine: AsyncEngine, code: str, staff: Staff) -> Job:
    """The answer whose address this person is going to be shown, which is on record before they are.

    Raises NoSuchCodeError; NotNowError once it is posted.
    """
    async with engine.begin() as connection:
        job = await _lock(connection, code)
        if job.contact is None:
            raise NotNowError("The letter has been posted; its address isn't kept after that.")
        await connection.execute(
            insert(address_readings).values(
                account_id=UUID(staff.account_id), account_name=staff.name, code=code
            )
        )
        if job.labelled_at is None:
            await _change(connection, job, labelled_at=datetime.now(UTC))
    return job


async def post(
    engine: AsyncEngine, relay: Relay, code: str, staff: Staff, number: str, *, retry: float
) -> Job:
    """The letter was handed to the post, under that registered-mail number ("": an ordinary one). Said once.

    Raises NoSuchCodeError; NotNowError before its label was printed, and with another number than before.
    """
    now = datetime.now(UTC)
    async with engine.begin() as connection:
        job = await _lock(connection, code)
        if job.state != State.waiting:
            if job.registered_mail_number != number:
                raise NotNowError("The letter was posted before, under another number.")
            return job
        if job.labelled_at is None:
            raise NotNowError("The label of this letter hasn't been printed yet.")
        changed = await _change(
            connection,
            job,
            state=State.posted,
            contact=None,
            posted_at=now,
            posted_by=UUID(staff.account_id),
            posted_by_name=staff.name,
            registered_mail_number=number,
        )
        payload = ReplyDelivered(
            reply_id=job.reply_id,
            case_number=job.case_number,
            purpose=Purpose(job.purpose),
            delivered_at=now,
        )
        said = _record(job.reply_id, "delivered", payload, job.case_number, job.traceparent)
        await outbox.add(connection, [said], retry=retry)
    relay.publish_soon([said])
    return changed


async def came_back(
    engine: AsyncEngine, relay: Relay, code: str, staff: Staff, reason: Reason, *, retry: float
) -> Job:
    """The post brought the letter back. Said once, with the first reason.

    Raises NoSuchCodeError; NotNowError before it was posted.
    """
    now = datetime.now(UTC)
    async with engine.begin() as connection:
        job = await _lock(connection, code)
        if job.state == State.waiting:
            raise NotNowError("The letter hasn't been posted yet.")
        if job.state == State.returned:
            return job
        changed = await _change(
            connection,
            job,
            state=State.returned,
            returned_at=now,
            returned_by=UUID(staff.account_id),
            returned_by_name=staff.name,
            return_reason=reason,
        )
        payload = ReplyFailed(
            reply_id=job.reply_id,
            case_number=job.case_number,
            purpose=Purpose(job.purpose),
            failed_at=now,
            reason=f"The letter came back. {_SENTENCES[reason]}".strip(),
            returned=True,
        )
        said = _record(job.reply_id, "failed", payload, job.case_number, job.traceparent)
        await outbox.add(connection, [said], retry=retry)
    relay.publish_soon([said])
    return changed


async def _lock(connection: AsyncConnection, code: str) -> Job:
    query = select(replies).where(replies.c.code == code).with_for_update()
    job = (await connection.execute(query)).one_or_none()
    if job is None:
        raise NoSuchCodeError(code)
    return job


async def _change(connection: AsyncConnection, job: Job, **values: object) -> Job:
    change = update(replies).where(replies.c.reply_id == job.reply_id).values(**values)
    changed: Job = (await connection.execute(change.returning(replies))).one()
    return changed


def _record(
    reply_id: UUID, word: str, payload: Payload, number: str, cause: str | None
) -> topics.Record:
    # The id follows from the reply, so that a repetition is recognised.
    parent = trace.traceparent(trace.trace_of(cause))
    event = Event(uuid5(reply_id, word), SOURCE, datetime.now(UTC), number, payload, parent)
    return topics.encode(event)
