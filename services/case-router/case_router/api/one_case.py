"""One case: facts, narratives and replies, for those who may see it; every reading is audited."""

from __future__ import annotations

import asyncio
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Request
from fastapi.responses import Response

from case_router.api.answers import CaseRead, problems
from case_router.api.parts import IN_THE_DOCS, PREFIX, Parts
from case_router.api.reading import Rows, case_read
from case_router.api.version import etag, is_known
from case_router.store import amendments, cases, history, replies
from speakup.problems import not_found
from speakup.staff import Staff

Number = Annotated[str, Path(description="The case number.", examples=["2481632047"])]


def router(parts: Parts) -> APIRouter:
    """`GET /cases/{number}`."""
    routes = APIRouter(prefix=PREFIX, tags=["cases"], dependencies=[IN_THE_DOCS])
    reader = Depends(parts.reader())

    @routes.get(
        "/cases/{number}",
        summary="Read a case",
        response_model=CaseRead,
        responses=problems(401, 403, 404) | {304: {"description": "You have this version."}},
    )
    async def read_case(request: Request, number: Number, staff: Staff = reader) -> Response:
        """Answers with an `ETag`: send it as `If-None-Match` to read again only what has changed, and
        as `If-Match` with a change. Each reading is noted in the audit log.
        """
        async with parts.engine.begin() as connection:
            case = await cases.get(connection, staff, number)
            if case is None:
                raise not_found()
            headers = {"etag": etag(case)}
            if is_known(request, case):
                return Response(status_code=304, headers=headers)
            rows = Rows(
                case,
                await cases.submissions_of(connection, number),
                await amendments.of_case(connection, number),
                await replies.of_case(connection, number),
                await replies.way(connection, number),
            )
            await history.note(connection, "case.read", [number], account_id=UUID(staff.account_id))
        key = await parts.vault.key_of(number)
        # Opening many long narratives takes a while.
        read = await asyncio.to_thread(case_read, rows, key)
        return Response(read.model_dump_json(), headers=headers, media_type="application/json")

    return routes
