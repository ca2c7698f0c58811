"""A caller's number and PIN go to the router, sealed; what it says comes back, sealed to a key of this request alone."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID, uuid4

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from intake_phone.call import AskAccess, Asked
from intake_phone.store import AskedRow
from speakup import outbox, seal
from speakup.consume import Handler
from speakup.events import AccessAnswered, AccessRequested, Channel, Event
from speakup.submission import Credentials, View


def request(
    asks: AskAccess, intake: seal.PublicKey, call_key: bytes
) -> tuple[AccessRequested, bytes]:
    """The request, and its session's private key, locked."""
    request_id = uuid4()
    session = seal.PrivateKey.generate("session")
    credentials = Credentials(case_number=asks.case_number, pin=asks.pin)
    payload = AccessRequested(
        request_id=request_id,
        channel=Channel.phone,
        requested_at=datetime.now(UTC),
        credentials=intake.seal(
            credentials.model_dump_json().encode(), seal.access_info(request_id)
        ),
        session_key=session.public_raw(),
    )
    return payload, seal.lock(call_key, session.raw, _context(request_id))


def word_on(asked: AskedRow | None, call_key: bytes) -> Asked:
    """What the router has said by now. Raises CannotOpenError."""
    if asked is None:
        return Asked(too_late=True)
    if not asked.answered:
        return Asked(still_waiting=True)
    if asked.view is None:
        return Asked(wait_seconds=asked.wait_seconds)
    raw = seal.unlock(call_key, asked.key, _context(asked.request_id))
    session = seal.PrivateKey.from_raw("session", raw)
    view = session.open(seal.unpack(asked.view), seal.view_info(asked.request_id))
    return Asked(view=View.model_validate_json(view))


def _context(request_id: UUID) -> str:
    return f"speakup/session/{request_id}"


_TAKE = text(
    """
    UPDATE asked SET answered_at = now(), view = :view, wait_seconds = :wait
    WHERE request_id = :id AND answered_at IS NULL
    """
)


def taking(engine: AsyncEngine) -> Handler:
    """A handler for `speakup.access`: keeps the answers that a call waits for."""

    async def handle(batch: Sequence[Event]) -> None:
        answers = [e.payload for e in batch if isinstance(e.payload, AccessAnswered)]
        if not answers:
            return
        async with engine.begin() as connection:
            for answer in answers:
                await connection.execute(
                    _TAKE,
                    {
                        "id": answer.request_id,
                        "view": seal.pack(answer.view) if answer.view else None,
                        "wait": answer.wait_seconds,
                    },
                )
            await outbox.settle(connection, [answer.request_id for answer in answers])

    return handle
