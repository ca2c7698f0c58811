"""One case: what was sent, what is to be done next, the dialogue, the facts and the timeline."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, NamedTuple
from uuid import uuid4

from fastapi import APIRouter, Depends, Path, Request
from fastapi.responses import Response

from case_router.api.assignment import ASSIGNERS
from case_router.api.triage import TRIAGERS
from case_router.pages.desk import Desk
from case_router.pages.next_step import next_step
from case_router.preview import TYPES
from case_router.store import timeline
from case_router.store.rows import AnyRow
from case_router.triage import Category
from speakup.events import Status
from speakup.i18n import language_of, texts
from speakup.problems import Problem
from speakup.staff import Staff

Number = Annotated[str, Path(pattern=r"^[1-4]\d{9}$")]

CATEGORIES = tuple(one.value for one in Category if one is not Category.none)
"""What is out of scope has none."""


class Entry(NamedTuple):
    """A line of the timeline."""

    at: str
    what: str
    who: str | None


def add(routes: APIRouter, desk: Desk) -> None:
    """`/cases/{number}` and what tells an open page that the case has changed."""
    worker = Depends(desk.worker)

    @routes.get("/cases/{number}")
    async def case(
        request: Request, number: Number, done: str | None = None, staff: Staff = worker
    ) -> Response:
        return await show(desk, request, number, staff, done)

    @routes.get("/cases/{number}/contact")
    async def contact(request: Request, number: Number, _: Staff = worker) -> Response:
        """Who the reporter is, for the hour that an unsealing lasts."""
        contacts = (await desk.api.get(request, f"/cases/{number}/contact")).body["items"]
        return desk.show(request, "contact.html", number_of=number, contacts=contacts)

    @routes.get("/cases/{number}/newer")
    async def newer(request: Request, number: Number, etag: str, _: Staff = worker) -> Response:
        """204 while nothing has happened: reading that isn't reading anew, so it isn't noted either."""
        answer = await desk.api.get(request, f"/cases/{number}", if_none_match=etag)
        if answer.status == 304:
            return Response(status_code=204)
        return desk.show(request, "newer.html", number_of=number)


async def show(
    desk: Desk, request: Request, number: str, staff: Staff, done: str | None
) -> Response:
    """The page of a case; its reading is noted."""
    answer = await desk.api.get(request, f"/cases/{number}")
    case: dict[str, Any] = answer.body
    assigns = staff.role in ASSIGNERS
    triages = staff.role in TRIAGERS
    (handlers, units, files), (notes, tasks, alert, happened) = await asyncio.gather(
        asyncio.gather(
            _items(desk, request, "/handlers", assigns, case=number),
            _items(desk, request, "/units", triages),
            _items(desk, request, f"/cases/{number}/files", True),
        ),
        asyncio.gather(
            _items(desk, request, f"/cases/{number}/notes", True),
            _items(desk, request, f"/cases/{number}/tasks", True),
            alert_of(desk, request, case),
            _timeline(desk, number),
        ),
    )
    return desk.show(
        request,
        "case.html",
        case=case,
        etag=answer.headers["etag"],
        notice=known_notice(request, done),
        once=lambda: str(uuid4()),
        next=next_step(case, assigns=assigns, triages=triages),
        alert=alert,
        notes=notes,
        tasks=tasks,
        files=files,
        handlers=handlers,
        timeline_of=_entries(request, happened),
        can_preview=_can_preview,
        categories=CATEGORIES,
        units=units,
        reasons=case.get("reasons") or [],
    )


def known_notice(request: Request, done: str | None) -> str | None:
    """A notice is one of ours, whatever the address says."""
    known = texts().names(language_of(request))
    return done if done and f"cases.done.{done}" in known else None


def _can_preview(file: Mapping[str, Any]) -> bool:
    return file["content_type"] in TYPES


async def _items(
    desk: Desk, request: Request, path: str, wanted: bool, **query: str
) -> list[dict[str, Any]]:
    if not wanted:
        return []
    found: list[dict[str, Any]] = (await desk.api.get(request, path, query)).body["items"]
    return found


async def alert_of(desk: Desk, request: Request, case: Mapping[str, Any]) -> dict[str, Any] | None:
    """An urgent case's alert that nobody has taken yet."""
    if not case["urgent"] or case["status"] == Status.closed:
        return None
    try:
        found: dict[str, Any] = (
            await desk.api.get(request, f"/cases/{case['case_number']}/alert")
        ).body
    except Problem as error:
        if error.status_code != 404:
            raise
        return None
    return found if found["acknowledged_at"] is None else None


async def _timeline(desk: Desk, number: str) -> Sequence[AnyRow]:
    async with desk.parts.engine.connect() as connection:
        return await timeline.of_case(connection, number)


def _entries(request: Request, rows: Sequence[AnyRow]) -> list[Entry]:
    known = texts().names(language_of(request))
    entries = []
    for row in rows:
        what = known.get(f"cases.happened.{row.action}", known["cases.happened.other"])
        if row.action == "case.status_changed":
            what = f"{what}: {known.get(f'cases.status.{row.object}', row.object)}"
        entries.append(Entry(row.at.isoformat(), what, row.by))
    return entries
