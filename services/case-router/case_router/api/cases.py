"""The list of cases: facts only, urgent ones first, then the newest."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query
from fastapi.responses import Response

from case_router.api import cursor as cursors
from case_router.api.answers import CaseFacts, CasePage, problems
from case_router.api.parts import CASE_WORKERS, IN_THE_DOCS, PREFIX, Parts
from case_router.store import cases
from case_router.store.clocks import Due
from speakup import postgres
from speakup.events import Channel, Kind, Language, Status
from speakup.staff import Staff

Limit = Annotated[int, Query(ge=1, le=200, description="Cases a page.")]
Cursor = Annotated[
    str | None, Query(max_length=200, description="`next` of the page before; opaque.")
]


def router(parts: Parts) -> APIRouter:
    """`GET /cases`."""
    routes = APIRouter(prefix=PREFIX, tags=["cases"], dependencies=[IN_THE_DOCS])
    caller = Depends(parts.caller(CASE_WORKERS))

    @routes.get(
        "/cases",
        summary="List cases, urgent ones first, then the newest",
        response_model=CasePage,
        responses=problems(401, 404, 422),
    )
    async def list_cases(
        kind: Kind | None = None,
        status: Status | None = None,
        channel: Channel | None = None,
        language: Language | None = None,
        needs_triage: bool | None = None,
        urgent: bool | None = None,
        handler: Annotated[
            Literal["me"] | None, Query(description="`me`: only cases assigned to the caller.")
        ] = None,
        letter: Annotated[
            Literal["waiting"] | None,
            Query(description="`waiting`: only cases with a letter to be printed and posted."),
        ] = None,
        due: Annotated[
            Due | None,
            Query(description="What is owed next is `overdue`, or will be within some days."),
        ] = None,
        limit: Limit = 50,
        cursor: Cursor = None,
        staff: Staff = caller,
    ) -> Response:
        """Handlers see what is assigned to them, officers all but restricted cases, the chair the
        restricted ones. Not a word of what reporters wrote is in a list.
        """
        before = cursors.case_place(cursor)
        async with parts.engine.connect() as connection:
            await postgres.at_once(connection)
            filters = cases.Filters(
                kind,
                status,
                channel,
                language,
                needs_triage,
                urgent,
                mine=handler == "me",
                letter_waits=letter == "waiting",
                due=await parts.clocks.window(connection, due, datetime.now(UTC)) if due else None,
            )
            rows = await cases.newest(connection, staff, filters, before=before, limit=limit + 1)
        shown = [CaseFacts.model_validate(row) for row in rows[:limit]]
        more = len(rows) > limit
        last = shown[-1] if more else None
        following = (
            cursors.case_word(last.urgent, last.opened_at, last.case_number) if last else None
        )
        page = CasePage(items=shown, next=following)
        return Response(page.model_dump_json(), media_type="application/json")

    return routes
