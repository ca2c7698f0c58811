"""The inbox `/cases`: urgent cases first, counted and narrowed by chips; what came since is marked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, NamedTuple
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import RedirectResponse, Response

from case_router.pages.desk import Desk
from case_router.store import timeline
from case_router.store.cases import is_number
from speakup.events import Channel, Kind, Language, Status
from speakup.i18n import language_of, texts
from speakup.staff import Role, Staff

FILTERS: Mapping[str, Sequence[str]] = {
    "due": ("overdue", "due_soon"),
    "kind": tuple(Kind),
    "status": tuple(Status),
    "channel": tuple(Channel),
    "language": tuple(Language),
}
"""As the API names them, with the values that have chips."""
TABS: Mapping[str, dict[str, str]] = {
    "all": {},
    "untriaged": {"triaged": "false"},
    "due": {"sort": "due"},
    "out_of_scope": {"kind": Kind.out_of_scope.value},
    "closed": {"status": Status.closed.value},
}
"""Views that everybody needs."""
MARKS = ("needs_triage", "urgent")


@dataclass(frozen=True, slots=True)
class Chip:
    """A filter that is on or a click away."""

    text: str
    link: str
    on: bool
    count: int | None


class Group(NamedTuple):
    """Chips of one filter."""

    name: str
    chips: Sequence[Chip]


def add(routes: APIRouter, desk: Desk) -> None:
    """`/cases` and `/cases/news`."""
    worker = Depends(desk.worker)

    @routes.get("/cases")
    async def inbox(request: Request, staff: Staff = worker) -> Response:
        query = {name: value for name, value in request.query_params.items() if name != "lang"}
        number = query.pop("q", "")
        if is_number(number.replace(" ", "")):
            return RedirectResponse(f"/cases/{number.replace(' ', '')}", 303)
        now = datetime.now(UTC).isoformat()
        if number:
            query["note"] = number
        page = (await desk.api.get(request, "/cases", query)).body
        chosen = {n: v for n, v in query.items() if n not in ("cursor", "limit")}
        asked = {n: v for n, v in chosen.items() if n != "sort"}
        counts = (await desk.api.get(request, "/cases/counts", asked)).body
        return desk.show(
            request,
            "inbox.html",
            items=page["items"],
            following=_link(chosen | {"cursor": page["next"]}) if page["next"] else None,
            since=now,
            searched=number,
            chosen=chosen,
            groups=_groups(request, chosen, staff, counts),
            tabs=_tabs(request, chosen),
        )

    @routes.get("/cases/news")
    async def news(
        request: Request, since: Annotated[datetime, Query()], staff: Staff = worker
    ) -> Response:
        """How many cases came since the page was opened; 204 for none."""
        async with desk.parts.engine.connect() as connection:
            count = await timeline.opened_since(connection, staff, since)
        if not count:
            return Response(status_code=204)
        return desk.show(request, "news.html", count=count)


def _link(query: Mapping[str, str]) -> str:
    return "/cases?" + urlencode(query) if query else "/cases"


def _tabs(request: Request, chosen: Mapping[str, str]) -> list[Chip]:
    known = texts().names(language_of(request))
    return [
        Chip(known[f"cases.tab.{name}"], _link(query), dict(chosen) == query, None)
        for name, query in TABS.items()
    ]


def _groups(
    request: Request,
    chosen: Mapping[str, str],
    staff: Staff,
    counts: Mapping[str, Mapping[str, int]],
) -> list[Group]:
    known = texts().names(language_of(request))

    def chip(name: str, value: str, text: str) -> Chip:
        on = chosen.get(name) == value
        others = {n: v for n, v in chosen.items() if n != name}
        count = counts[name].get(value, 0) if name in counts else None
        return Chip(text, _link(others if on else others | {name: value}), on, count)

    groups = [
        Group(
            known[f"cases.{name}"],
            [chip(name, value, known[f"cases.{name}.{value}"]) for value in values],
        )
        for name, values in FILTERS.items()
    ]
    marks = [chip(name, "true", known[f"cases.{name}"]) for name in MARKS]
    if staff.role is not Role.handler:
        marks.append(chip("handler", "me", known["cases.mine"]))
    marks.append(chip("letter", "waiting", known["cases.letter_waits"]))
    return [*groups, Group(known["cases.marks"], marks)]
