"""The rows of calls, of what was accepted in them, and of their recordings."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from intake_phone.memory import Memory
from speakup.topics import Record


@dataclass
class CallRow:
    """A call, locked for its transaction."""

    call_sid: str
    turn: int
    """The next one that is expected."""
    submissions: int
    """How many messages were left in it."""
    language: str | None
    forgotten: bool
    memory: Memory
    records: list[Record] = field(default_factory=list)
    """To be published after the commit."""


_FIND = text(
    "SELECT turn, submissions, language, forgotten, memory FROM calls WHERE call_sid = :sid FOR UPDATE"
)
_ADD = text("INSERT INTO calls (call_sid) VALUES (:sid) ON CONFLICT DO NOTHING")


async def find(connection: AsyncConnection, call_sid: str) -> tuple[Any, bool]:
    """The call's row, locked; and whether it is new."""
    row = (await connection.execute(_FIND, {"sid": call_sid})).one_or_none()
    if row is not None:
        return row, False
    added = await connection.execute(_ADD, {"sid": call_sid})
    row = (await connection.execute(_FIND, {"sid": call_sid})).one()
    return row, added.rowcount == 1


async def memory_of(connection: AsyncConnection, call_sid: str) -> bytes | None:
    """What is remembered of the call, locked."""
    locked: bytes | None = await connection.scalar(
        text("SELECT memory FROM calls WHERE call_sid = :sid"), {"sid": call_sid}
    )
    return locked


_SAVE = text(
    """
    UPDATE calls SET turn = :turn, submissions = :submissions, language = :language, memory = :memory,
           seen_at = now(), ended_at = coalesce(ended_at, CASE WHEN :ended THEN now() END)
    WHERE call_sid = :sid
    """
)


async def save(
    connection: AsyncConnection, row: CallRow, memory: bytes | None, *, ended: bool
) -> None:
    """Write what has become of the call."""
    await connection.execute(
        _SAVE,
        {
            "sid": row.call_sid,
            "turn": row.turn,
            "submissions": row.submissions,
            "language": row.language,
            "memory": memory,
            "ended": ended,
        },
    )


_LOAD = text(
    """
    SELECT count(*) FILTER (WHERE ended_at IS NULL AND seen_at > now() - interval '15 minutes') AS now_on,
           coalesce(sum(coalesce(seconds, extract(epoch FROM coalesce(ended_at, seen_at) - began_at))), 0)
               AS seconds
    FROM calls WHERE began_at >= date_trunc('day', now()) - interval '1 hour'
    """
)


async def load(connection: AsyncConnection) -> tuple[int, float]:
    """How many calls go on, and the minutes of all of the day (UTC)."""
    row = (await connection.execute(_LOAD)).one()
    return row.now_on, float(row.seconds) / 60


_ENDED = text(
    """
    INSERT INTO calls (call_sid, ended_at, seconds) VALUES (:sid, now(), :seconds)
    ON CONFLICT (call_sid) DO UPDATE
    SET ended_at = coalesce(calls.ended_at, now()), seconds = coalesce(calls.seconds, :seconds)
    """
)


async def ended(connection: AsyncConnection, call_sid: str, seconds: int | None) -> None:
    """The telephone company says that the call is over."""
    await connection.execute(_ENDED, {"sid": call_sid, "seconds": seconds})


_FORGET = text(
    """
    UPDATE calls SET forgotten = true, memory = NULL, ended_at = coalesce(ended_at, seen_at),
           seconds = coalesce(seconds, extract(epoch FROM coalesce(ended_at, seen_at) - began_at)::int)
    WHERE call_sid = :sid RETURNING ended_at, seconds
    """
)


class Over(NamedTuple):
    """When a call ended and how long it took."""

    ended_at: datetime
    seconds: int


async def forget(connection: AsyncConnection, call_sid: str) -> Over:
    """Nothing of the call's course is left."""
    row = (await connection.execute(_FORGET, {"sid": call_sid})).one()
    return Over(row.ended_at, max(0, row.seconds))


_TO_FORGET = text(
    """
    SELECT call_sid FROM calls
    WHERE NOT forgotten AND (ended_at < now() - make_interval(secs => :after)
                             OR turn = 0 AND seen_at < now() - make_interval(secs => :after)
                             OR seen_at < now() - make_interval(secs => :stale))
    ORDER BY seen_at LIMIT 100
    """
)


async def to_forget(connection: AsyncConnection, *, after: float, stale: float) -> list[str]:
    """Calls that ended so many seconds ago, or of which nothing was heard for so long."""
    return list(await connection.scalars(_TO_FORGET, {"after": after, "stale": stale}))


_ACCEPT = text(
    """
    INSERT INTO accepted (submission_id, call_sid, case_number, follow_up)
    VALUES (:id, :sid, :number, :follow_up) ON CONFLICT DO NOTHING
    """
)


async def accept(
    connection: AsyncConnection,
    submission_id: UUID,
    call_sid: str,
    case_number: str,
    *,
    follow_up: bool,
) -> bool:
    """False where the number is another case's."""
    result = await connection.execute(
        _ACCEPT,
        {"id": submission_id, "sid": call_sid, "number": case_number, "follow_up": follow_up},
    )
    return result.rowcount == 1


async def number_of(connection: AsyncConnection, submission_id: UUID) -> str | None:
    """The case number that a message was accepted under."""
    number: str | None = await connection.scalar(
        text("SELECT case_number FROM accepted WHERE submission_id = :id"), {"id": submission_id}
    )
    return number


_ADD_RECORDING = text(
    """
    INSERT INTO recordings (recording_sid, call_sid, submission_id, case_number, recording_id, language,
                            seconds, supersedes, amendment)
    VALUES (:sid, :call_sid, :submission_id, :case_number, :recording_id, :language,
            :seconds, :supersedes, :amendment)
    ON CONFLICT DO NOTHING
    """
)


async def add_recording(
    connection: AsyncConnection,
    *,
    sid: str,
    call_sid: str,
    submission_id: UUID,
    case_number: str,
    recording_id: UUID,
    language: str | None,
    seconds: int,
    supersedes: UUID | None,
    amendment: str,
) -> None:
    """It is to be fetched. One that is known stays as it is."""
    await connection.execute(
        _ADD_RECORDING,
        {
            "sid": sid,
            "call_sid": call_sid,
            "submission_id": submission_id,
            "case_number": case_number,
            "recording_id": recording_id,
            "language": language,
            "seconds": seconds,
            "supersedes": supersedes,
            "amendment": amendment,
        },
    )


async def knows_recording(connection: AsyncConnection, recording_sid: str) -> bool:
    """Whether it belongs to a message already."""
    found = await connection.scalar(
        text("SELECT 1 FROM recordings WHERE recording_sid = :sid"), {"sid": recording_sid}
    )
    return found is not None


_TOLD_OF = text(
    """
    UPDATE recordings SET state = CASE WHEN :absent THEN 'absent' ELSE state END, next_try_at = now()
    WHERE recording_sid = :sid AND state = 'wanted'
    """
)


async def told_of_recording(
    connection: AsyncConnection, recording_sid: str, *, absent: bool
) -> bool:
    """The telephone company says that it can be fetched, or that there is none. False: not awaited (any more)."""
    result = await connection.execute(_TOLD_OF, {"sid": recording_sid, "absent": absent})
    return result.rowcount == 1


@dataclass(frozen=True, slots=True)
class AskedRow:
    """A number and a PIN that the router was asked about."""

    request_id: UUID
    key: bytes
    """The session's private key, locked."""
    asked_at: datetime
    answered: bool
    view: bytes | None
    wait_seconds: int | None


async def asked_in(connection: AsyncConnection, call_sid: str) -> AskedRow | None:
    """What was asked last in this call."""
    row = (
        await connection.execute(
            text(
                "SELECT request_id, key, asked_at, answered_at IS NOT NULL AS answered, view, wait_seconds "
                "FROM asked WHERE call_sid = :sid ORDER BY asked_at DESC LIMIT 1"
            ),
            {"sid": call_sid},
        )
    ).one_or_none()
    return AskedRow(*row) if row is not None else None


async def ask(
    connection: AsyncConnection, request_id: UUID, call_sid: str, locked_key: bytes
) -> None:
    """Remember what is asked; an earlier question of this call isn't waited for any more."""
    await forget_asked(connection, call_sid)
    await connection.execute(
        text("INSERT INTO asked (request_id, call_sid, key) VALUES (:id, :sid, :key)"),
        {"id": request_id, "sid": call_sid, "key": locked_key},
    )


async def forget_asked(connection: AsyncConnection, call_sid: str) -> None:
    """The word was heard, or nobody waits for it any more: not even its publication."""
    await connection.execute(
        text(
            "WITH done AS (DELETE FROM asked WHERE call_sid = :sid RETURNING request_id) "
            "DELETE FROM outbox WHERE event_id IN (SELECT request_id FROM done)"
        ),
        {"sid": call_sid},
    )
