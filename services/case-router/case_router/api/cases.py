"""The list of cases: facts only, filtered, in an order, page by page; and how many there are."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated, Literal, get_args

from fastapi import APIRouter, Depends, Query
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.ext.asyncio import AsyncConnection

from case_router.api import cursor as cursors
from case_router.api.answers import Answer, CaseFacts, CasePage, problems
from case_router.api.parts import CASE_WORKERS, IN_THE_DOCS, PREFIX, Parts
from case_router.note_words import hashed
from case_router.sign_in import ACCOUNTS_KEY
from case_router.store import cases
from case_router.store.clocks import Due
from case_router.store.ordering import Sort, place_of
from case_router.triage import Category, Priority
from speakup import postgres
from speakup.events import Channel, Kind, Language, Status
from speakup.staff import Staff

Limit = Annotated[int, Field(ge=1, le=200, description="Cases a page.")]
Cursor = Annotated[
    str | None, Field(max_length=200, description="`next` of the page before; opaque.")
]


DUES: tuple[Due, ...] = get_args(Due)


class ListQuery(BaseModel):
    """What is asked for; nothing is any."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    kind: Kind | None = None
    status: Status | None = None
    channel: Channel | None = None
    language: Language | None = None
    category: Category | None = None
    unit: Annotated[str | None, Field(max_length=100)] = None
    priority: Priority | None = None
    needs_triage: bool | None = None
    urgent: bool | None = None
    triaged: bool | None = None
    handler: Annotated[
        str | None, Field(max_length=64, description="A name; `me`: assigned to the caller.")
    ] = None
    note: Annotated[
        str | None,
        Field(max_length=200, description="Whole words of one of the caller's own notes."),
    ] = None
    letter: Annotated[
        Literal["waiting"] | None,
        Field(description="`waiting`: with a letter to be printed and posted."),
    ] = None
    due: Annotated[
        Due | None,
        Field(description="What is owed next is `overdue`, or will be within some days."),
    ] = None


class PageQuery(ListQuery):
    """One page of the list."""

    sort: Sort = Sort.newest
    limit: Limit = 50
    cursor: Cursor = None


class CaseCounts(Answer):
    """How many cases there are, of the first 10,000 that fit."""

    kind: dict[str, int]
    channel: dict[str, int]
    status: dict[str, int]
    due: dict[Due, int]


def router(parts: Parts) -> APIRouter:
    """`GET /cases` and `GET /cases/counts`."""
    routes = APIRouter(prefix=PREFIX, tags=["cases"], dependencies=[IN_THE_DOCS])
    caller = Depends(parts.caller(CASE_WORKERS))

    @routes.get(
        "/cases",
        summary="List cases",
        response_model=CasePage,
        responses=problems(401, 404, 422),
    )
    async def list_cases(query: Annotated[PageQuery, Query()], staff: Staff = caller) -> Response:
        """Handlers see what is assigned to them, officers all but restricted cases, the chair the
        restricted ones. Not a word of what reporters wrote is in a list.
        """
        after = cursors.case_place(query.sort, query.cursor)
        async with parts.engine.connect() as connection:
            await postgres.at_once(connection)
            filters = await _filters(parts, connection, query)
            rows = await cases.page(
                connection, staff, filters, sort=query.sort, after=after, limit=query.limit + 1
            )
        # Dicts are read twice as fast as rows by their attributes.
        names = rows[0]._fields if rows else ()
        shown = [
            CaseFacts.model_validate(dict(zip(names, row, strict=True)))
            for row in rows[: query.limit]
        ]
        following = None
        if len(rows) > query.limit:
            last = place_of(rows[query.limit - 1], query.sort)
            following = cursors.case_word(query.sort, last)
        page = CasePage(items=shown, next=following)
        return Response(page.model_dump_json(), media_type="application/json")

    @routes.get("/cases/counts", summary="Count cases", responses=problems(401, 404, 422))
    async def count_cases(
        query: Annotated[ListQuery, Query()], staff: Staff = caller
    ) -> CaseCounts:
        """By kind, channel, status and what is due, of those that the caller may see."""
        async with parts.engine.connect() as connection:
            await postgres.at_once(connection)
            filters = await _filters(parts, connection, query)
            found = await cases.counts(connection, staff, filters)
            due = {
                one: await cases.count(
                    connection,
                    staff,
                    replace(filters, due=await _window(parts, connection, one)),
                )
                for one in DUES
            }
        named = {
            name: {value or "none": count for value, count in by.items()}
            for name, by in found.items()
        }
        return CaseCounts(**named, due=due)

    return routes


async def _filters(parts: Parts, connection: AsyncConnection, query: ListQuery) -> cases.Filters:
    mine = query.handler == "me"
    plain = query.model_dump(
        exclude={"sort", "limit", "cursor", "handler", "note", "letter", "due"}
    )
    return cases.Filters(
        **plain,
        mine=mine,
        handler=None if mine else query.handler,
        note_words=tuple(hashed(parts.keys.secret(ACCOUNTS_KEY), query.note))
        if query.note
        else None,
        letter_waits=query.letter == "waiting",
        due=await _window(parts, connection, query.due) if query.due else None,
    )


async def _window(
    parts: Parts, connection: AsyncConnection, due: Due
) -> tuple[datetime | None, datetime]:
    return await parts.clocks.window(connection, due, datetime.now(UTC))
