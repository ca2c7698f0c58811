"""Replies on their way: taken from Kafka onto disk, then sent, however long the relay is away."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncEngine

from intake_email import once_a_day
from speakup import outbox, postgres, topics, trace
from speakup.consume import Handler
from speakup.events import (
    Channel,
    Event,
    Language,
    Payload,
    Purpose,
    ReplyAccepted,
    ReplyDelivered,
    ReplyFailed,
    ReplyRequested,
    Sealed,
)
from speakup.relay import Relay

SOURCE = "/intake-email"

LEASE = 720
"""Seconds that a sender has for one mail; if it dies meanwhile, the mail is sent after that."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A reply that is to be sent, still sealed."""

    reply_id: UUID
    case_number: str
    submission_id: UUID
    purpose: Purpose
    language: Language | None
    contact: Sealed
    content: Sealed
    attempts: int
    accepted_at: datetime
    traceparent: str | None


def _event(reply_id: UUID, word: str, number: str, payload: Payload, cause: str | None) -> Event:
    # The id follows from the reply, so that a repetition is recognised.
    parent = trace.traceparent(trace.trace_of(cause))
    return Event(uuid5(reply_id, word), SOURCE, datetime.now(UTC), number, payload, parent)


_KEEP = text(
    """
    INSERT INTO replies (reply_id, case_number, submission_id, purpose, language, contact, content,
                         traceparent)
    VALUES (:reply_id, :case_number, :submission_id, :purpose, :language, :contact, :content,
            :traceparent)
    ON CONFLICT (reply_id) DO NOTHING
    """
)


def taking(engine: AsyncEngine, relay: Relay, *, retry: float) -> Handler:
    """A handler for `speakup.replies`: what is for this channel is kept, and that is said."""

    async def handle(batch: Sequence[Event]) -> None:
        ours = [
            (event, event.payload)
            for event in batch
            if isinstance(event.payload, ReplyRequested) and event.payload.channel is Channel.email
        ]
        if not ours:
            return
        said = [
            topics.encode(
                _event(
                    reply.reply_id,
                    "accepted",
                    reply.case_number,
                    ReplyAccepted(reply_id=reply.reply_id, case_number=reply.case_number),
                    event.traceparent,
                )
            )
            for event, reply in ours
        ]
        async with engine.begin() as connection:
            await connection.execute(
                _KEEP,
                [
                    {
                        "reply_id": reply.reply_id,
                        "case_number": reply.case_number,
                        "submission_id": reply.submission_id,
                        "purpose": reply.purpose,
                        "language": reply.language,
                        "contact": reply.contact.model_dump_json().encode(),
                        "content": reply.content.model_dump_json().encode(),
                        "traceparent": event.traceparent,
                    }
                    for event, reply in ours
                ],
            )
            await outbox.add(connection, said, retry=retry)
        relay.publish_soon(said)

    return handle


async def take(engine: AsyncEngine) -> Waiting | None:
    """The reply that is due first, leased to the caller; None where none is due."""
    async with engine.connect() as connection:
        await postgres.at_once(connection)
        row = (
            await connection.execute(
                text(
                    """
                    UPDATE replies SET attempts = attempts + 1,
                                       due_at = now() + make_interval(secs => :lease)
                    WHERE reply_id = (SELECT reply_id FROM replies
                                      WHERE state = 'waiting' AND due_at <= now()
                                      ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED)
                    RETURNING *
                    """
                ),
                {"lease": LEASE},
            )
        ).one_or_none()
    return None if row is None else waiting(row)


def waiting(row: Row[Any]) -> Waiting:
    """A row of `replies` that isn't sent yet."""
    return Waiting(
        row.reply_id,
        row.case_number,
        row.submission_id,
        Purpose(row.purpose),
        Language(row.language) if row.language else None,
        Sealed.model_validate_json(row.contact),
        Sealed.model_validate_json(row.content),
        row.attempts,
        row.accepted_at,
        row.traceparent,
    )


async def postpone(engine: AsyncEngine, reply: Waiting, seconds: float, *, counts: bool) -> None:
    """Try again later; an attempt that never reached the address's server doesn't count."""
    async with engine.begin() as connection:
        await connection.execute(
            text(
                "UPDATE replies SET due_at = now() + make_interval(secs => :seconds), "
                "attempts = attempts - :back WHERE reply_id = :reply_id"
            ),
            {"seconds": seconds, "back": 0 if counts else 1, "reply_id": reply.reply_id},
        )


async def delivered(
    engine: AsyncEngine, relay: Relay, sent: Sequence[Waiting], *, retry: float
) -> None:
    """The relay took the mail of the first, with all of them: say so of each, and forget what was in it."""
    now = datetime.now(UTC)
    said = [
        (
            reply,
            ReplyDelivered(
                reply_id=reply.reply_id,
                case_number=reply.case_number,
                purpose=reply.purpose,
                delivered_at=now,
            ),
        )
        for reply in sent
    ]
    await _finish(engine, relay, "delivered", said, retry)


async def failed(
    engine: AsyncEngine, relay: Relay, lost: Sequence[Waiting], reason: str, *, retry: float
) -> None:
    """The mail can't be delivered: say so, with the reason in words that hold no address."""
    now = datetime.now(UTC)
    said = [
        (
            reply,
            ReplyFailed(
                reply_id=reply.reply_id,
                case_number=reply.case_number,
                purpose=reply.purpose,
                failed_at=now,
                reason=reason,
            ),
        )
        for reply in lost
    ]
    await _finish(engine, relay, "failed", said, retry)


async def _finish(
    engine: AsyncEngine,
    relay: Relay,
    state: str,
    said: Sequence[tuple[Waiting, Payload]],
    retry: float,
) -> None:
    records = [
        topics.encode(_event(reply.reply_id, state, reply.case_number, payload, reply.traceparent))
        for reply, payload in said
    ]
    async with engine.connect() as connection:
        await postgres.at_once(connection)
        await connection.execute(
            _FINISH,
            outbox.parameters(records, retry=retry)
            | {
                "state": state,
                "replies": [reply.reply_id for reply, _ in said],
                "mail": said[0][0].reply_id,
                "day": once_a_day.DAY,
            },
        )
    relay.publish_soon(records)


_FINISH = text(
    f"""
    WITH finished AS (
        UPDATE replies SET state = :state, contact = NULL, content = NULL, address = NULL,
                           mail = nullif(CAST(:mail AS uuid), reply_id)
        WHERE reply_id = ANY(:replies)
    ), begun AS (
        UPDATE automatic_mails SET until = now() + make_interval(secs => :day)
        WHERE reply_id = ANY(:replies) AND until IS NULL AND :state = 'delivered'
    )
    {outbox.ADD}
    """  # noqa: S608 - fixed words
)
"""Of an automatic mail that the relay took the address's day begins."""
