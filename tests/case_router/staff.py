"""People of a company in the router's tables, some of them with accounts."""

from __future__ import annotations

from uuid import UUID, uuid4

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from case_router.work_tables import people, units


async def add_unit(engine: AsyncEngine, unit: str, parent: str | None = None) -> str:
    async with engine.begin() as connection:
        await connection.execute(insert(units).values(unit=unit, name=unit, parent=parent))
    return unit


async def add_person(
    engine: AsyncEngine,
    name: str,
    *,
    account: UUID | None = None,
    manager: UUID | None = None,
    unit: str | None = None,
    number: str | None = None,
) -> UUID:
    person_id = uuid4()
    async with engine.begin() as connection:
        await connection.execute(
            insert(people).values(
                person_id=person_id,
                personnel_number=number or str(person_id),
                name=name,
                account_id=account,
                manager=manager,
                unit=unit,
            )
        )
    return person_id
