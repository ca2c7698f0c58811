"""Dead letters: what couldn't be understood, its outside only, and trying it again."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Path
from pydantic import Field

from case_router.api import cursor as cursors
from case_router.api.answers import Answer, problems
from case_router.api.cases import Cursor, Limit
from case_router.api.parts import IN_THE_DOCS, PREFIX, Parts
from case_router.store import history
from speakup.consume import LaterError
from speakup.dead_letters import DeadLetter
from speakup.logs import get_logger
from speakup.postgres import is_unavailable
from speakup.problems import Problem, not_found
from speakup.staff import Role, Staff
from speakup.topics import UnreadableRecordError

CALLERS = frozenset({Role.admin, Role.officer})

LetterId = Annotated[int, Path(ge=1, lt=2**63)]

log = get_logger("case-router")


class DeadLetterRead(Answer):
    """A message that was put aside: where it lay and why, nothing of its content."""

    id: int
    topic: str
    partition: int
    offset: int
    event_type: str | None = Field(examples=["kz.speakup.submission.received.v1"])
    reason: str = Field(description="A word.", examples=["unknown_type", "CannotOpenError"])
    times: int = Field(description="How often it was put aside.")
    put_aside_at: datetime
    replayed_at: datetime | None


class DeadLetterPage(Answer):
    """Some dead letters, newest first."""

    items: list[DeadLetterRead]
    next: str | None = Field(description="Send it as `cursor` for the next page; null at the end.")


def router(parts: Parts) -> APIRouter:
    """`/dead-letters`."""
    routes = APIRouter(prefix=PREFIX, tags=["dead letters"], dependencies=[IN_THE_DOCS])
    caller = Depends(parts.caller(CALLERS))

    @routes.get(
        "/dead-letters",
        summary="List dead letters, newest first",
        responses=problems(401, 404, 422),
    )
    async def list_letters(
        limit: Limit = 50, cursor: Cursor = None, staff: Staff = caller
    ) -> DeadLetterPage:
        """Messages that couldn't be understood, kept whole until somebody looks."""
        letters = await parts.dead_letters.newest(
            before=cursors.letter_place(cursor), limit=limit + 1
        )
        following = cursors.encode(letters[limit - 1].id) if len(letters) > limit else None
        return DeadLetterPage(items=[_read(letter) for letter in letters[:limit]], next=following)

    @routes.get(
        "/dead-letters/{letter_id}", summary="Look at a dead letter", responses=problems(401, 404)
    )
    async def look(letter_id: LetterId, staff: Staff = caller) -> DeadLetterRead:
        """Where it lay and why it was put aside."""
        return _read(await _get(parts, letter_id))

    @routes.post(
        "/dead-letters/{letter_id}/replay",
        summary="Try a dead letter again",
        responses=problems(401, 404, 409, 503),
    )
    async def replay(letter_id: LetterId, staff: Staff = caller) -> DeadLetterRead:
        """What was handled before is recognised and not done twice. 409 where it fails again."""
        letter = await _get(parts, letter_id)
        await _replay(parts, letter)
        await parts.dead_letters.mark_replayed(letter_id)
        async with parts.engine.begin() as connection:
            await history.note(
                connection,
                "dead_letter.replayed",
                [None],
                account_id=UUID(staff.account_id),
                subject=str(letter_id),
            )
        return _read(await _get(parts, letter_id))

    return routes


async def _get(parts: Parts, letter_id: int) -> DeadLetter:
    letter = await parts.dead_letters.get(letter_id)
    if letter is None:
        raise not_found()
    return letter


async def _replay(parts: Parts, letter: DeadLetter) -> None:
    try:
        await parts.replay(letter.message)
    except UnreadableRecordError as error:
        reason = str(error)
    except Exception as error:
        if isinstance(error, LaterError) or is_unavailable(error):
            raise Problem(503, "A part of the system is away. Try again in a minute.") from None
        # Any failure of the handler: its type is the reason, its text may quote a reporter.
        log.warning("replay_failed", id=letter.id, exc_info=error)
        reason = type(error).__name__
    else:
        return
    raise Problem(
        409, f"The message still can't be handled: {reason}. It stays where it is.", reason=reason
    )


def _read(letter: DeadLetter) -> DeadLetterRead:
    return DeadLetterRead(
        id=letter.id,
        topic=letter.message.topic,
        partition=letter.message.partition,
        offset=letter.message.offset,
        event_type=letter.event_type,
        reason=letter.reason,
        times=letter.times,
        put_aside_at=letter.put_aside_at,
        replayed_at=letter.replayed_at,
    )
