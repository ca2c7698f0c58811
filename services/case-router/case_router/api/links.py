"""Cases that belong together."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from functools import partial
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, StringConstraints

from case_router.api.answers import Answer, CaseChanged, problems
from case_router.api.change import Change, IdempotencyKey, IfMatch, make
from case_router.api.noted import noted
from case_router.api.one_case import Number
from case_router.api.parts import CASE_WORKERS, IN_THE_DOCS, PREFIX, Parts
from case_router.store import cases, history, links
from speakup.problems import Problem, not_found
from speakup.staff import Staff


class Relation(StrEnum):
    """What a case is to another."""

    repeat_of = "repeat_of"
    same_event = "same_event"


class LinkBody(BaseModel):
    """Another case that belongs to this one."""

    model_config = ConfigDict(
        hide_input_in_errors=True,
        extra="forbid",
        json_schema_extra={"examples": [{"other": "2481632047", "relation": "same_event"}]},
    )

    other: Annotated[str, StringConstraints(min_length=1, max_length=20)]
    relation: Relation


class LinkRead(Answer):
    """A link, and the case at its other end."""

    link_id: UUID
    other: str
    relation: Relation
    outgoing: bool
    made_at: datetime


class LinksRead(Answer):
    """Oldest first; only links to cases that the caller may see."""

    items: list[LinkRead]


class LinkTaken(CaseChanged):
    """The case, and the link's id."""

    link_id: UUID


def router(parts: Parts) -> APIRouter:
    """`/cases/{number}/links`."""
    routes = APIRouter(prefix=PREFIX, tags=["cases"], dependencies=[IN_THE_DOCS])
    caller = Depends(parts.caller(CASE_WORKERS))

    @routes.post(
        "/cases/{number}/links",
        summary="Link a case to another",
        status_code=201,
        response_model=LinkTaken,
        responses=problems(401, 404, 409, 410, 412, 422, 428),
    )
    async def link_case(
        request: Request,
        number: Number,
        body: LinkBody,
        if_match: IfMatch = None,
        idempotency_key: IdempotencyKey = None,
        staff: Staff = caller,
    ) -> Response:
        """To one that the caller may see, too. Who reported them stays apart."""
        return await make(parts, request, staff, number, body, partial(_link, body))

    @routes.get(
        "/cases/{number}/links", summary="Read a case's links", responses=problems(401, 404)
    )
    async def read_links(number: Number, staff: Staff = caller) -> LinksRead:
        """Nothing tells of a case that the caller may not see. The reading is noted in the audit log."""
        rows = await noted(
            parts, staff, number, "case.links_read", partial(links.of_case, staff=staff)
        )
        return LinksRead(items=[LinkRead.model_validate(row) for row in rows])

    @routes.delete(
        "/cases/{number}/links/{link_id}",
        summary="Take a link back",
        status_code=204,
        response_class=Response,
        responses=problems(401, 404, 422),
    )
    async def unlink(number: Number, link_id: UUID, staff: Staff = caller) -> None:
        """By whoever may see both cases."""
        async with parts.engine.begin() as connection:
            if await cases.lock(connection, staff, number) is None or not await links.remove(
                connection, staff, number, link_id
            ):
                raise not_found()
            await history.note(
                connection,
                "link.removed",
                [number],
                account_id=UUID(staff.account_id),
                subject=str(link_id),
            )

    return routes


async def _link(body: LinkBody, change: Change) -> dict[str, str]:
    other = await cases.get(change.connection, change.staff, body.other)
    if other is None or body.other == change.number or other.erased_at is not None:
        raise Problem(422, "There is no other case by that number that you may see.")
    link_id = await links.add(
        change.connection, change.number, body.other, body.relation, change.account_id
    )
    if link_id is None:
        raise Problem(409, "The two cases are linked so already.")
    await change.note("link.made", link_id)
    return {"link_id": str(link_id)}
