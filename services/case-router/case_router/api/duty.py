"""The duty roster: which officers triage, and when."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import AwareDatetime, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError
from sqlalchemy.ext.asyncio import AsyncConnection

from case_router.api.account import Body
from case_router.api.answers import Answer, problems
from case_router.api.parts import IN_THE_DOCS, PREFIX, Parts
from case_router.store import accounts, duty, history
from speakup.problems import Problem
from speakup.staff import Role, Staff

READERS = frozenset({Role.officer, Role.chair, Role.admin})
SETTERS = frozenset({Role.chair, Role.admin})
MOST = 1000


class DutyBody(Body):
    """One officer's turn."""

    officer: Annotated[str, StringConstraints(min_length=1, max_length=64)] = Field(
        description="The account's name.", examples=["officer"]
    )
    starts_at: AwareDatetime = Field(examples=["2026-11-23T09:00:00+05:00"])
    ends_at: AwareDatetime = Field(examples=["2026-11-30T09:00:00+05:00"])

    @model_validator(mode="after")
    def _has_length(self) -> DutyBody:
        if self.starts_at >= self.ends_at:
            raise PydanticCustomError("length", "A turn ends after it starts")
        return self


class RosterBody(Body):
    """All turns that aren't over."""

    items: list[DutyBody] = Field(max_length=MOST)


class Duty(Answer):
    """One officer's turn."""

    officer: str
    starts_at: datetime
    ends_at: datetime


class DutyRoster(Answer):
    """The turns that aren't over, the first one first. While nobody is down, every officer is on duty."""

    items: list[Duty]


def router(parts: Parts) -> APIRouter:
    """`GET` and `PUT /duty`."""
    routes = APIRouter(prefix=PREFIX, tags=["duty"], dependencies=[IN_THE_DOCS])
    reader = Depends(parts.caller(READERS))
    setter = Depends(parts.caller(SETTERS))

    @routes.get("/duty", summary="Read the duty roster", responses=problems(401, 404))
    async def read_duty(staff: Staff = reader) -> DutyRoster:
        """Turns that are over aren't shown."""
        async with parts.engine.connect() as connection:
            return await _roster(connection)

    @routes.put("/duty", summary="Set the duty roster", responses=problems(401, 404, 422))
    async def set_duty(body: RosterBody, staff: Staff = setter) -> DutyRoster:
        """In place of all turns that aren't over. Turns may overlap: then several officers triage."""
        async with parts.engine.begin() as connection:
            officers = {
                row.name: row.account_id
                for row in await accounts.with_role(connection, Role.officer)
            }
            turns = [_turn(item, officers) for item in body.items]
            await duty.replace(connection, turns, made_by=UUID(staff.account_id))
            by = UUID(staff.account_id)
            await history.note(connection, "duty.set", [None], account_id=by)
            return await _roster(connection)

    return routes


def _turn(item: DutyBody, officers: dict[str, UUID]) -> duty.Turn:
    if item.officer not in officers:
        raise Problem(
            422, "One of the names isn't an officer's; GET /api/v1/duty shows how it is now."
        )
    if item.ends_at <= datetime.now(UTC):
        raise Problem(422, "One of the turns is over already; leave it out.")
    return duty.Turn(officers[item.officer], item.starts_at, item.ends_at)


async def _roster(connection: AsyncConnection) -> DutyRoster:
    rows = await duty.current(connection)
    return DutyRoster(items=[Duty.model_validate(row) for row in rows])
