"""My day `/cases/day`: what is due and overdue first."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from case_router.pages.desk import Desk
from speakup.staff import Staff


def add(routes: APIRouter, desk: Desk) -> None:
    """`/cases/day`."""
    worker = Depends(desk.worker)

    @routes.get("/cases/day")
    async def day(request: Request, staff: Staff = worker) -> Response:
        mine = await _cases(desk, request, handler="me")
        return desk.show(request, "day.html", mine=mine)


async def _cases(desk: Desk, request: Request, **query: str) -> list[dict[str, Any]]:
    page = (await desk.api.get(request, "/cases", query)).body
    found: list[dict[str, Any]] = page["items"]
    return [case for case in found if case["status"] != "closed"]
