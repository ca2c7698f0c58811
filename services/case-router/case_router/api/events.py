"""What changed, as it changes: server-sent events (WHATWG HTML, 9.2)."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import ExitStack
from typing import Annotated

from fastapi import APIRouter, Depends, Header
from fastapi.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from case_router.api.answers import problems
from case_router.api.parts import CASE_WORKERS, IN_THE_DOCS, PREFIX, Parts
from case_router.live import TooManyError
from speakup.problems import Problem
from speakup.staff import Staff

_EXAMPLE = (
    'id: 4711\nevent: case\ndata: {"case_number": "2481632047", "change": "case.triaged"}\n\n'
)
LastEventId = Annotated[
    int | None,
    Header(
        ge=0, lt=2**63, description="The `id` that was read last: what came since then comes first."
    ),
]


def router(parts: Parts) -> APIRouter:
    """`GET /events`."""
    routes = APIRouter(prefix=PREFIX, tags=["cases"], dependencies=[IN_THE_DOCS])
    caller = Depends(parts.caller(CASE_WORKERS))

    @routes.get(
        "/events",
        summary="Follow what changes",
        response_class=StreamingResponse,
        responses=problems(401, 404, 422, 429)
        | {200: {"content": {"text/event-stream": {"example": _EXAMPLE}}}},
    )
    async def follow(last_event_id: LastEventId = None, staff: Staff = caller) -> StreamingResponse:
        """An event `case` for each change of a case that the caller may see, some two seconds after it: its number
        and what happened, a word. `reset`: more was missed than is told; load the lists anew. The stream ends
        after two minutes; come again with the last `id`, as browsers do by themselves.
        """
        with ExitStack() as stack:
            try:
                stack.enter_context(parts.live.place(staff))
            except TooManyError:
                raise Problem(
                    429, "Too many streams are open. Close some.", headers={"Retry-After": "30"}
                ) from None
            return _Stream(_written(parts, staff, last_event_id), stack.pop_all())

    return routes


class _Stream(StreamingResponse):
    """Gives its place back whenever it ends, also where it never begins to be read."""

    def __init__(self, words: AsyncIterator[str], held: ExitStack) -> None:
        # Proxies that gather answers would keep the news.
        headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
        super().__init__(words, media_type="text/event-stream", headers=headers)
        self._held = held

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self._held:
            await super().__call__(scope, receive, send)


async def _written(parts: Parts, staff: Staff, after: int | None) -> AsyncIterator[str]:
    yield "retry: 2000\n\n"
    async for position, changes in parts.live.follow(staff, after):
        if changes is None:
            yield f"id: {position}\nevent: reset\ndata: {{}}\n\n"
            continue
        told = [
            f"id: {one.position}\nevent: case\n"
            f"data: {json.dumps({'case_number': one.case_number, 'change': one.action})}\n\n"
            for one in changes
        ]
        # An id alone is no event, but is remembered.
        yield "".join(told) + f"id: {position}\n\n"
