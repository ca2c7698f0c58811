"""Whom a case is about: the rules that keep people out of it, made, decided on, read and taken away."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Annotated, Literal
from uuid import UUID, uuid4

from fastapi import APIRouter, Depends, Path, Request
from fastapi.responses import Response
from pydantic import Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from case_router.api.account import Body
from case_router.api.answers import Answer, CaseChanged, problems
from case_router.api.change import Change, IdempotencyKey, IfMatch, make
from case_router.api.one_case import Number
from case_router.api.parts import IN_THE_DOCS, PREFIX, Parts
from case_router.store import cases, changes, concerned, exclusions, history
from case_router.store.access import may_read_exclusions
from case_router.store.narratives import lock_name, open_name
from speakup.problems import Problem, not_found
from speakup.staff import Role, Staff

RULERS = frozenset({Role.officer, Role.chair})

ConcernedId = Annotated[UUID, Path(description="From the list of whom the case is about.")]
Word = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


class ConcernedBody(Body):
    """One of the three."""

    person: Word | None = Field(
        default=None, description="A personnel number from `/people`.", examples=["004217"]
    )
    unit: Word | None = Field(default=None, description="A unit's code: all of it is kept out.")
    name: Word | None = Field(
        default=None, description="Of somebody who isn't in the list of people; kept sealed."
    )

    @model_validator(mode="after")
    def _is_one(self) -> ConcernedBody:
        if sum(value is not None for value in (self.person, self.unit, self.name)) != 1:
            raise PydanticCustomError("one", "Give one of `person`, `unit` and `name`")
        return self


class DecisionBody(Body):
    """Whether the case is about them."""

    state: Literal["confirmed", "dismissed"]


class RestrictionBody(Body):
    """Whether the case is the chair's alone."""

    restricted: bool


class NoBody(Body):
    """Of a request without one."""


class ConcernedAdded(CaseChanged):
    """A rule holds from now on."""

    concerned_id: UUID


class ConcernedRead(Answer):
    """Somebody, or a unit, that the case is about."""

    concerned_id: UUID
    state: str = Field(examples=["suggested", "confirmed", "dismissed"])
    made_at: datetime
    by: str | None = Field(description="The account; null for what was found in the text.")
    personnel_number: str | None
    person: str | None = Field(description="The name in the list of people.")
    unit: str | None
    unit_name: str | None
    name: str | None = Field(description="As it was typed.")


class ExclusionsRead(Answer):
    """Whom a case is about, and who never gets it for that."""

    items: list[ConcernedRead]
    accounts: list[str] = Field(description="Who is kept out.", examples=[["handler"]])


def router(parts: Parts) -> APIRouter:
    """`/cases/{number}/concerned` and `/cases/{number}/restriction`."""
    routes = APIRouter(prefix=PREFIX, tags=["exclusions"], dependencies=[IN_THE_DOCS])
    ruler = Depends(parts.caller(RULERS))

    @routes.get(
        "/cases/{number}/concerned",
        summary="Read whom a case is about and who is kept out of it",
        responses=problems(401, 403, 404),
    )
    async def read(number: Number, staff: Staff = ruler) -> ExclusionsRead:
        """By the chair, or by an officer whose reading was approved (`read_exclusions`). It is audited."""
        async with parts.engine.begin() as connection:
            if await cases.get(connection, staff, number) is None:
                raise not_found()
            if not await may_read_exclusions(connection, staff, number):
                raise _not_yours()
            rows = await concerned.of_case(connection, number)
            accounts = await concerned.kept_out(connection, number)
            by = UUID(staff.account_id)
            await history.note(connection, "exclusions.read", [number], account_id=by)
        key = await parts.vault.key_of(number)
        items = [
            ConcernedRead.model_validate(row._asdict() | {"name": open_name(key, row)})
            for row in rows
        ]
        return ExclusionsRead(items=items, accounts=list(accounts))

    @routes.post(
        "/cases/{number}/concerned",
        summary="Say whom a case is about, which keeps them out",
        status_code=201,
        response_model=ConcernedAdded,
        responses=problems(401, 404, 409, 412, 422, 428),
    )
    async def add(
        request: Request,
        number: Number,
        body: ConcernedBody,
        if_match: IfMatch = None,
        idempotency_key: IdempotencyKey = None,
        staff: Staff = ruler,
    ) -> Response:
        """They never get the case from then on, nor does anybody below them. Where that is somebody who
        works cases, or is above one who does, the case becomes the chair's.
        """
        return await make(parts, request, staff, number, body, partial(_add, body))

    @routes.post(
        "/cases/{number}/concerned/{concerned_id}",
        summary="Confirm or dismiss whom a case is about",
        response_model=CaseChanged,
        responses=problems(401, 403, 404, 412, 422, 428),
    )
    async def decide(
        request: Request,
        number: Number,
        concerned_id: ConcernedId,
        body: DecisionBody,
        if_match: IfMatch = None,
        idempotency_key: IdempotencyKey = None,
        staff: Staff = ruler,
    ) -> Response:
        """By whoever may read the list. A dismissed one isn't suggested again, and keeps nobody out. The
        case stays the chair's until they release it (`/restriction`).
        """
        act = partial(_decide, body, concerned_id)
        return await make(parts, request, staff, number, body, act)

    @routes.delete(
        "/cases/{number}/concerned/{concerned_id}",
        summary="Take away a rule",
        response_model=CaseChanged,
        responses=problems(401, 403, 404, 412, 422, 428),
    )
    async def remove(
        request: Request,
        number: Number,
        concerned_id: ConcernedId,
        if_match: IfMatch = None,
        idempotency_key: IdempotencyKey = None,
        staff: Staff = ruler,
    ) -> Response:
        """By whoever may read the list; the audit log keeps that it was there."""
        act = partial(_remove, concerned_id)
        return await make(parts, request, staff, number, NoBody(), act)

    @routes.post(
        "/cases/{number}/restriction",
        summary="Give a case to the chair alone, or release it",
        response_model=CaseChanged,
        responses=problems(401, 404, 409, 412, 422, 428),
    )
    async def restrict(
        request: Request,
        number: Number,
        body: RestrictionBody,
        if_match: IfMatch = None,
        idempotency_key: IdempotencyKey = None,
        staff: Staff = ruler,
    ) -> Response:
        """A case that is about somebody who works cases can't be released: dismiss them first."""
        return await make(parts, request, staff, number, body, partial(_restrict, body))

    return routes


async def _add(body: ConcernedBody, change: Change) -> dict[str, str]:
    if body.name is not None:
        added = await _add_name(change, body.name)
    else:
        added = await _add_rule(change, body)
    await _follow(change)
    await change.note("concerned.added", added)
    return {"concerned_id": str(added)}


async def _add_rule(change: Change, body: ConcernedBody) -> UUID:
    connection = change.connection
    person_id = await concerned.person_with(connection, body.person) if body.person else None
    if body.person and person_id is None:
        raise Problem(
            422, "There is nobody with that personnel number; GET /api/v1/people finds them."
        )
    if body.unit and not await concerned.has_unit(connection, body.unit):
        raise Problem(422, "There is no such unit; GET /api/v1/units lists them.")
    added = await concerned.add(
        connection, change.number, change.account_id, person_id=person_id, unit=body.unit
    )
    if added is None:
        raise Problem(409, "The case has this rule already.")
    return added


async def _add_name(change: Change, name: str) -> UUID:
    key = await change.parts.vault.key_of(change.number)
    if key is None:
        raise Problem(409, "The case has been erased.")
    concerned_id = uuid4()
    locked = lock_name(key, change.number, concerned_id, name)
    await concerned.add_name(
        change.connection, change.number, change.account_id, concerned_id, locked
    )
    # Typed rather than chosen, it may still be one of ours.
    await change.parts.lookout.look(change.connection, {change.number: name})
    return concerned_id


async def _decide(body: DecisionBody, concerned_id: UUID, change: Change) -> dict[str, str]:
    await _check_reader(change)
    decided = await concerned.decide(
        change.connection, change.number, concerned_id, body.state, change.account_id
    )
    if not decided:
        raise not_found()
    await _follow(change)
    await change.note(f"concerned.{body.state}", concerned_id)
    return {}


async def _remove(concerned_id: UUID, change: Change) -> dict[str, str]:
    await _check_reader(change)
    if not await concerned.remove(change.connection, change.number, concerned_id):
        raise not_found()
    await _follow(change)
    await change.note("concerned.removed", concerned_id)
    return {}


async def _restrict(body: RestrictionBody, change: Change) -> dict[str, str]:
    if not body.restricted and await concerned.about_watched(change.connection, change.number):
        raise Problem(
            409,
            "The case is about somebody who works cases, or is above one who does: dismiss that first.",
        )
    facts: dict[str, object] = {"restricted": body.restricted}
    if body.restricted and not change.case.restricted:
        facts["handler"] = None
    await changes.set_facts(change.connection, change.number, **facts)
    await change.note("case.restricted" if body.restricted else "case.released")
    return {}


async def _follow(change: Change) -> None:
    """Who is kept out by the rules as they are now."""
    await exclusions.with_people_as_they_are(change.connection)
    await exclusions.recompute(change.connection, [change.number])
    await concerned.restrict_if_watched(change.connection, change.number)


async def _check_reader(change: Change) -> None:
    if not await may_read_exclusions(change.connection, change.staff, change.number):
        raise _not_yours()


def _not_yours() -> Problem:
    return Problem(
        403,
        "Whom a case is about is read by the chair. An officer asks for it first: an approval with the "
        "action `read_exclusions` and a reason.",
    )
