"""The API of reporting's dead letters: what couldn't be taken, and another try."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query

from speakup.consume import Consumer, LaterError
from speakup.dead_letters import DeadLetter, DeadLetters
from speakup.logs import get_logger
from speakup.postgres import is_unavailable
from speakup.problems import Problem, not_found
from speakup.staff import Role, Verifier, require

KEEPERS = frozenset({Role.admin, Role.officer})

log = get_logger("reporting")


def router(letters: DeadLetters, consumer: Consumer, verifier: Verifier) -> APIRouter:
    """Routes under `/api/v1/reports/dead-letters`."""
    routes = APIRouter(
        prefix="/api/v1/reports/dead-letters",
        tags=["reports"],
        dependencies=[Depends(require(verifier, KEEPERS))],
    )

    @routes.get("")
    async def newest(
        before: Annotated[int | None, Query(ge=1, lt=2**63)] = None,
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
    ) -> dict[str, Any]:
        """Newest first; `next` is the `before` of the next page, or null."""
        found = await letters.newest(before=before, limit=limit + 1)
        items = found[:limit]
        return {
            "items": [_shown(letter) for letter in items],
            "next": items[-1].id if len(found) > limit else None,
        }

    @routes.post("/{letter_id}/replay")
    async def replay(letter_id: Annotated[int, Path(ge=1, lt=2**63)]) -> dict[str, Any]:
        """Take the message again. 409 where it still can't be taken; then it stays."""
        letter = await letters.get(letter_id)
        if letter is None:
            raise not_found()
        try:
            await consumer.replay(letter.message)
        except Exception as error:
            log.warning("replay_failed", id=letter_id, exc_info=error)
            if isinstance(error, LaterError) or is_unavailable(error):
                raise Problem(503, "A part of the system is away. Try again in a minute.") from None
            raise Problem(
                409,
                "The message still can't be taken; it stays here. A newer version may be able to.",
                reason=type(error).__name__,
            ) from None
        await letters.mark_replayed(letter_id)
        again = await letters.get(letter_id)
        return _shown(again or letter)

    return routes


def _shown(letter: DeadLetter) -> dict[str, Any]:
    """Where it came from and why it lies here; never what is in it."""
    return {
        "id": letter.id,
        "topic": letter.message.topic,
        "partition": letter.message.partition,
        "offset": letter.message.offset,
        "event_type": letter.event_type,
        "reason": letter.reason,
        "times": letter.times,
        "put_aside_at": letter.put_aside_at,
        "replayed_at": letter.replayed_at,
    }
