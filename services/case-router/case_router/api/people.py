"""The company's staff: imported by an admin, looked up by whoever says whom a case is about."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from pydantic import Field

from case_router.api.answers import Answer, problems
from case_router.api.parts import IN_THE_DOCS, PREFIX, Parts
from case_router.staff_list import FaultyListError, read_csv
from case_router.store import people
from speakup.problems import Problem
from speakup.staff import Role, Staff

PATH = f"{PREFIX}/people/import"
BODY_BYTES = 32 * 1024 * 1024
"""Some 300,000 people."""

READERS = frozenset({Role.officer, Role.chair, Role.admin})

_CSV = {
    "requestBody": {
        "required": True,
        "content": {
            "text/csv": {
                "schema": {"type": "string"},
                "example": "personnel_number,name,manager,unit,unit_name,parent_unit,account\n"
                ",,,works,Works,,\n"
                "1,Омаров Болат Ерланұлы,,works,,,\n"
                "2,Ахметов Серік Маратұлы,1,works,,,officer\n",
            }
        },
    }
}


class PeopleImported(Answer):
    """What there is after an import."""

    people: int = Field(description="That are there.")
    left: int = Field(description="That were in an earlier list; they are kept.")
    units: int
    tied: int = Field(description="Staff accounts that are somebody's.")


class PersonFacts(Answer):
    """One of the staff."""

    personnel_number: str
    name: str
    unit: str | None
    account: str | None
    left_at: datetime | None


class People(Answer):
    """Those found, by name."""

    items: list[PersonFacts]


class UnitFacts(Answer):
    """A part of the company."""

    unit: str
    name: str
    parent: str | None


class Units(Answer):
    """All of them, by code."""

    items: list[UnitFacts]


def router(parts: Parts) -> APIRouter:
    """`POST /people/import`, `GET /people` and `GET /units`."""
    routes = APIRouter(prefix=PREFIX, tags=["people"], dependencies=[IN_THE_DOCS])
    admin = Depends(parts.caller({Role.admin}))
    reader = Depends(parts.caller(READERS))

    @routes.post(
        "/people/import",
        summary="Replace the list of staff",
        responses=problems(401, 404, 413, 415, 422),
        openapi_extra=_CSV,
    )
    async def import_people(request: Request, staff: Staff = admin) -> PeopleImported:
        """CSV in UTF-8, all people and units in one file. A line without personnel number and name tells of
        a unit. Who isn't in the file has left and is kept. Without the column `account` ties to accounts stay.
        Where a line is wrong nothing is changed, and `errors` tells the lines. Sent twice, it changes nothing.
        """
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "text/csv":
            raise Problem(415, "Send the file as `text/csv`.")
        content = await request.body()
        try:
            # A hundred thousand lines take a second.
            listed = await asyncio.to_thread(read_csv, content)
            async with parts.engine.begin() as connection:
                done = await people.replace(connection, listed, by=UUID(staff.account_id))
        except FaultyListError as error:
            raise Problem(
                422,
                "Nothing was imported: some lines are wrong; see `errors`.",
                errors=[{"line": fault.line, "what": fault.what} for fault in error.faults],
            ) from None
        return PeopleImported.model_validate(done)

    @routes.get("/people", summary="Find people", responses=problems(401, 404, 422))
    async def find_people(
        name: Annotated[
            str, Query(min_length=1, max_length=100, description="Part of a name, or a number.")
        ],
        staff: Staff = reader,
    ) -> People:
        """By part of their name, or by personnel number; the first fifty. Those who left are among them."""
        async with parts.engine.connect() as connection:
            rows = await people.found(connection, name.replace("\x00", ""))
        return People(items=[PersonFacts.model_validate(row) for row in rows])

    @routes.get("/units", summary="List units", responses=problems(401, 404))
    async def list_units(staff: Staff = reader) -> Units:
        """The parts of the company."""
        async with parts.engine.connect() as connection:
            rows = await people.all_units(connection)
        return Units(items=[UnitFacts.model_validate(row) for row in rows])

    return routes
