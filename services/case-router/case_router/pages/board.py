"""The board `/cases/board`: a column for each status, the most pressing cases of each."""

from __future__ import annotations

import asyncio
from typing import Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from case_router.pages.desk import Desk
from speakup.events import Status
from speakup.staff import Staff

COLUMNS = (
    Status.new,
    Status.in_review,
    Status.in_progress,
    Status.reopened,
    Status.answered,
    Status.closed,
)
A_COLUMN = 20
"""Cases shown of a status; the inbox has the rest."""


def add(routes: APIRouter, desk: Desk) -> None:
    """`/cases/board`."""
    worker = Depends(desk.worker)

    @routes.get("/cases/board")
    async def board(request: Request, _: Staff = worker) -> Response:
        columns = await asyncio.gather(*(_column(desk, request, status) for status in COLUMNS))
        return desk.show(request, "board.html", columns=columns)


async def _column(desk: Desk, request: Request, status: Status) -> dict[str, Any]:
    query = {"status": status.value, "limit": str(A_COLUMN)}
    page = (await desk.api.get(request, "/cases", query)).body
    return {"status": status.value, "cases": page["items"], "more": page["next"] is not None}
