"""The rules by which a case gets its handler at triage."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from sqlalchemy.ext.asyncio import AsyncConnection

from case_router.api.answers import problems
from case_router.api.parts import IN_THE_DOCS, PREFIX, Parts
from case_router.store import assigning, history, triages
from case_router.triage import Category
from speakup.events import Kind, Language
from speakup.problems import Problem
from speakup.staff import Role, Staff

RULERS = frozenset({Role.admin, Role.officer})

Name = Annotated[str, StringConstraints(min_length=1, max_length=64)]


class Rule(BaseModel):
    """A case that is all of this goes to one of these handlers. What is null, fits any case."""

    model_config = ConfigDict(hide_input_in_errors=True, extra="forbid")

    kind: Kind | None = None
    category: Category | None = None
    unit: Annotated[str, StringConstraints(max_length=100)] | None = Field(
        default=None, description="A code of the units that were imported."
    )
    language: Language | None = None
    handlers: Annotated[list[Name], Field(min_length=1, max_length=100)] = Field(
        description="Names of their accounts: the one with the fewest open cases gets it.",
        examples=[["handler"]],
    )


class Rules(BaseModel):
    """In the order they are tried in: the first that fits and has somebody eligible decides."""

    model_config = ConfigDict(
        hide_input_in_errors=True,
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "items": [
                        {"category": "procurement_collusion", "handlers": ["handler"]},
                        {"language": "kk", "handlers": ["handler"]},
                    ]
                }
            ]
        },
    )

    items: Annotated[list[Rule], Field(max_length=200)]


def router(parts: Parts) -> APIRouter:
    """`GET` and `PUT /assignment-rules`."""
    routes = APIRouter(prefix=PREFIX, tags=["assignment rules"], dependencies=[IN_THE_DOCS])
    ruler = Depends(parts.caller(RULERS))

    @routes.get(
        "/assignment-rules", summary="Read the assignment rules", responses=problems(401, 404)
    )
    async def read_rules(staff: Staff = ruler) -> Rules:
        """Without any, officers give cases to handlers by hand."""
        async with parts.engine.connect() as connection:
            return await _read(connection)

    @routes.put(
        "/assignment-rules", summary="Set the assignment rules", responses=problems(401, 404, 422)
    )
    async def set_rules(rules: Rules, staff: Staff = ruler) -> Rules:
        """All of them at once; they hold for cases that are triaged from now on. A case that no rule gives to
        anybody who may have it goes to the committee's chair.
        """
        account_id = UUID(staff.account_id)
        async with parts.engine.begin() as connection:
            there = {row.name: row.account_id for row in await assigning.eligible(connection, None)}
            wanted = [await _wanted(connection, rule, there) for rule in rules.items]
            await assigning.set_rules(connection, wanted)
            await history.note(
                connection, "assignment_rules.changed", [None], account_id=account_id
            )
            return await _read(connection)

    return routes


async def _wanted(
    connection: AsyncConnection, rule: Rule, there: Mapping[str, UUID]
) -> dict[str, Any]:
    if not set(rule.handlers) <= there.keys():
        raise Problem(422, "A rule names somebody who is no handler. Name handlers' accounts only.")
    if rule.unit is not None and not await triages.is_unit(connection, rule.unit):
        raise Problem(422, "A rule names a unit that isn't there; GET /api/v1/units lists them.")
    return rule.model_dump() | {"handlers": sorted({there[name] for name in rule.handlers})}


async def _read(connection: AsyncConnection) -> Rules:
    """Without handlers who are none any more."""
    names = {row.account_id: row.name for row in await assigning.eligible(connection, None)}
    items = []
    for row in await assigning.rules(connection):
        handlers = sorted(names[one] for one in row.handlers if one in names)
        conditions = {name: getattr(row, name) for name in assigning.CONDITIONS}
        # A rule that has nobody left decides nothing, and can't be set so.
        if handlers:
            items.append(Rule(**conditions, handlers=handlers))
    return Rules(items=items)
