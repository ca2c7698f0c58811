"""My day `/cases/day`: alerts first, then what waits for a decision, what is overdue and due soon, and one's own."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response

from case_router.approving import State
from case_router.pages.desk import Desk
from case_router.pages.one_case import alert_of, known_notice
from case_router.pages.words import Words
from speakup.staff import Staff


def add(routes: APIRouter, desk: Desk) -> None:
    """`/cases/day`, and deciding what others ask for."""
    worker = Depends(desk.worker)

    @routes.get("/cases/day")
    async def day(request: Request, done: str | None = None, staff: Staff = worker) -> Response:
        urgent, overdue, soon, mine, asked = await asyncio.gather(
            _cases(desk, request, urgent="true"),
            _cases(desk, request, due="overdue"),
            _cases(desk, request, due="due_soon"),
            _cases(desk, request, handler="me"),
            _asked(desk, request, staff),
        )
        alerts = await asyncio.gather(*(alert_of(desk, request, case) for case in urgent))
        words = desk.words(request)
        shown = {case["case_number"] for case in (*overdue, *soon)}
        return desk.show(
            request,
            "day.html",
            notice=known_notice(request, done),
            alarms=[case for case, alert in zip(urgent, alerts, strict=True) if alert],
            decidable=[one for one in asked if one["decidable"]],
            asked=[one for one in asked if not one["decidable"] and _still_matters(one, words)],
            overdue=overdue,
            soon=soon,
            mine=[case for case in mine if case["case_number"] not in shown],
        )

    @routes.post("/cases/approvals/{approval_id}")
    async def decide(request: Request, approval_id: UUID, _: Staff = worker) -> Response:
        async with request.form(max_files=0, max_fields=5) as form:
            approved = form.get("approved") == "true"
        path = f"/approvals/{approval_id}/decision"
        decided = (await desk.api.send(request, path, {"approved": approved})).body
        if decided.get("code"):
            return desk.show(request, "code.html", decided=decided)
        done = "approved" if approved else "refused"
        return RedirectResponse(f"/cases/day?done={done}", 303)


async def _cases(desk: Desk, request: Request, **query: str) -> list[dict[str, Any]]:
    page = (await desk.api.get(request, "/cases", query)).body
    found: list[dict[str, Any]] = page["items"]
    return [case for case in found if case["status"] != "closed"]


async def _asked(desk: Desk, request: Request, staff: Staff) -> list[dict[str, Any]]:
    if not staff.narratives:
        return []
    found: list[dict[str, Any]] = (await desk.api.get(request, "/approvals")).body["items"]
    return found


def _still_matters(one: dict[str, Any], words: Words) -> bool:
    """It waits, or what was approved holds."""
    until = one["expires_at"]
    return one["state"] in (State.open, State.one_more) or bool(until and not words.is_over(until))
