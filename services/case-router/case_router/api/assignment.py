"""Giving a case to a handler."""

from __future__ import annotations

from functools import partial
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.ext.asyncio import AsyncConnection

from case_router.api.answers import Answer, CaseChanged, problems
from case_router.api.change import Change, IdempotencyKey, IfMatch, make
from case_router.api.one_case import Number
from case_router.api.parts import IN_THE_DOCS, PREFIX, Parts
from case_router.store import assigning, cases, changes
from speakup.events import CaseAssigned, Kind
from speakup.problems import Problem, not_found
from speakup.staff import Role, Staff

ASSIGNERS = frozenset({Role.officer, Role.chair})


class AssignmentBody(BaseModel):
    """Who is to work on the case."""

    model_config = ConfigDict(hide_input_in_errors=True, extra="forbid")

    handler: str = Field(
        max_length=64, description="A name from `/handlers`.", examples=["handler"]
    )


class Handler(Answer):
    """Somebody a case can be given to."""

    name: str


class Handlers(Answer):
    """All of them, by name."""

    items: list[Handler]


def router(parts: Parts) -> APIRouter:
    """`POST /cases/{number}/assignment` and `GET /handlers`."""
    routes = APIRouter(prefix=PREFIX, tags=["cases"], dependencies=[IN_THE_DOCS])
    assigner = Depends(parts.caller(ASSIGNERS))

    @routes.post(
        "/cases/{number}/assignment",
        summary="Give a case to a handler",
        response_model=CaseChanged,
        responses=problems(401, 404, 409, 412, 422, 428),
    )
    async def assign(
        request: Request,
        number: Number,
        body: AssignmentBody,
        if_match: IfMatch = None,
        idempotency_key: IdempotencyKey = None,
        staff: Staff = assigner,
    ) -> Response:
        """By an officer; of a restricted case, by the chair. The handler sees it from then on, instead of the one
        before.
        """
        return await make(parts, request, staff, number, body, partial(_assign, body))

    @routes.get("/handlers", summary="List handlers", responses=problems(401, 404, 422))
    async def list_handlers(
        case: Annotated[
            str | None,
            Query(max_length=10, description="Its number: only those who may have this case."),
        ] = None,
        staff: Staff = assigner,
    ) -> Handlers:
        """Whom cases can be given to."""
        async with parts.engine.connect() as connection:
            if case is not None and await cases.get(connection, staff, case) is None:
                raise not_found()
            rows = await assigning.eligible(connection, case)
        named = sorted(rows, key=lambda row: str(row.name))
        return Handlers(items=[Handler.model_validate(row) for row in named])

    return routes


async def _assign(body: AssignmentBody, change: Change) -> dict[str, str]:
    if change.case.triaged_at is None:
        raise Problem(
            409, "Say first what the case is (triage); then it can be given to a handler."
        )
    handler = await _handler(change.connection, change.number, body.handler)
    if change.case.handler != body.handler:
        await changes.set_facts(change.connection, change.number, handler=handler, for_chair=False)
        await change.tell(CaseAssigned)
        await change.note("case.assigned", handler)
    return {}


async def _handler(connection: AsyncConnection, number: str, name: str) -> UUID:
    for row in await assigning.eligible(connection, number):
        if row.name == name:
            found: UUID = row.account_id
            return found
    raise Problem(
        422,
        "The case can't be given to a handler by that name; GET /api/v1/handlers?case=… lists them.",
    )


async def assign_by_rules(change: Change) -> None:
    """Of a case that was triaged in this change and has no handler: give it to one, or to the chair."""
    case = await cases.unguarded(change.connection, change.number)
    if case.handler is not None or case.restricted:
        return
    if case.kind == Kind.out_of_scope:
        await changes.set_facts(change.connection, change.number, for_chair=False)
        return
    handler = await assigning.by_rule(change.connection, case)
    chairs = handler is None and await assigning.nobody_can(change.connection, change.number)
    facts = {"handler": handler, "for_chair": chairs}
    await changes.set_facts(change.connection, change.number, **facts)
    if handler is not None:
        await change.tell(CaseAssigned)
        await change.note("case.assigned_by_rule", handler)
    elif chairs and not case.for_chair:
        await change.note("case.offered_to_chair")
