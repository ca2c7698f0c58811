"""People, their managers and units, put in from a list as a whole."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID, uuid4

from sqlalchemy import func, or_, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from case_router.staff_list import Fault, FaultyListError, StaffList
from case_router.store import exclusions, history
from case_router.store.rows import AnyRow
from case_router.tables import accounts
from case_router.work_tables import people, units

SHOWN = 50

# Parents before children would need an order; the constraint is asked at the end of the statement.
_UNITS = text(
    """
    INSERT INTO units (unit, name, parent)
    SELECT unit, coalesce(nullif(name, ''), unit), nullif(parent, '')
    FROM unnest(CAST(:units AS text[]), CAST(:names AS text[]), CAST(:parents AS text[]))
         AS listed (unit, name, parent)
    ON CONFLICT (unit) DO UPDATE SET
        name = coalesce(nullif(excluded.name, excluded.unit), units.name), parent = excluded.parent
    """
)
_PEOPLE = text(
    """
    INSERT INTO people (person_id, personnel_number, name, unit)
    SELECT id, number, name, nullif(unit, '')
    FROM unnest(CAST(:ids AS uuid[]), CAST(:numbers AS text[]), CAST(:names AS text[]),
                CAST(:units AS text[])) AS listed (id, number, name, unit)
    ON CONFLICT (personnel_number) DO UPDATE SET
        name = excluded.name, unit = excluded.unit, left_at = NULL
    """
)
_MANAGERS = text(
    """
    UPDATE people p SET manager = m.person_id
    FROM unnest(CAST(:numbers AS text[]), CAST(:managers AS text[])) AS listed (number, manager)
         LEFT JOIN people m ON m.personnel_number = listed.manager
    WHERE p.personnel_number = listed.number AND p.manager IS DISTINCT FROM m.person_id
    """
)
_LEFT = text(
    """
    UPDATE people SET left_at = now()
    WHERE left_at IS NULL AND personnel_number <> ALL(CAST(:numbers AS text[]))
    """
)
# Somebody who has left keeps their account's tie, lest they be let in where they were kept out.
_UNTIE = text(
    """
    UPDATE people SET account_id = NULL
    WHERE account_id IS NOT NULL AND (
        personnel_number = ANY(CAST(:numbers AS text[]))
        OR account_id IN (SELECT account_id FROM accounts WHERE name = ANY(CAST(:accounts AS text[])))
    )
    """
)
_TIE = text(
    """
    UPDATE people p SET account_id = a.account_id
    FROM unnest(CAST(:numbers AS text[]), CAST(:accounts AS text[])) AS listed (number, account)
         JOIN accounts a ON a.name = listed.account
    WHERE p.personnel_number = listed.number
    """
)


class Imported(NamedTuple):
    """What there is after an import."""

    people: int
    """That are there."""
    left: int
    """That were in an earlier list: kept, since cases may be about them."""
    units: int
    tied: int
    """Accounts that are somebody's."""


async def replace(connection: AsyncConnection, listed: StaffList, *, by: UUID | None) -> Imported:
    """The staff is this from now on. Who isn't in the list has left; exclusions follow.

    Raises FaultyListError where the list names accounts that aren't there.
    """
    await exclusions.alone_with_people(connection)
    await _check_accounts(connection, listed)
    await connection.execute(
        _UNITS,
        {
            "units": [unit.unit for unit in listed.units],
            "names": [unit.name for unit in listed.units],
            "parents": [unit.parent for unit in listed.units],
        },
    )
    numbers = [person.personnel_number for person in listed.people]
    await connection.execute(
        _PEOPLE,
        {
            "ids": [uuid4() for _ in numbers],
            "numbers": numbers,
            "names": [person.name for person in listed.people],
            "units": [person.unit for person in listed.people],
        },
    )
    managers = [person.manager for person in listed.people]
    await connection.execute(_MANAGERS, {"numbers": numbers, "managers": managers})
    await connection.execute(_LEFT, {"numbers": numbers})
    if listed.ties:
        tied = {"numbers": numbers, "accounts": [person.account for person in listed.people]}
        await connection.execute(_UNTIE, tied)
        await connection.execute(_TIE, tied)
    await exclusions.recompute(connection)
    await history.note(connection, "people.imported", [None], account_id=by)
    return await _counted(connection)


async def _check_accounts(connection: AsyncConnection, listed: StaffList) -> None:
    wanted = {person.account for person in listed.people if person.account}
    there = set(
        await connection.scalars(select(accounts.c.name).where(accounts.c.name.in_(wanted)))
    )
    faults = [
        Fault(person.line, "There is no account by this name.")
        for person in listed.people
        if person.account and person.account not in there
    ]
    if faults:
        raise FaultyListError(faults)


async def _counted(connection: AsyncConnection) -> Imported:
    query = select(
        func.count().filter(people.c.left_at.is_(None)),
        func.count().filter(people.c.left_at.is_not(None)),
        select(func.count()).select_from(units).scalar_subquery(),
        func.count(people.c.account_id),
    ).select_from(people)
    return Imported(*(await connection.execute(query)).one())


async def found(connection: AsyncConnection, words: str) -> Sequence[AnyRow]:
    """People whose name or personnel number has these letters, by name; at most SHOWN."""
    query = (
        select(
            people.c.personnel_number,
            people.c.name,
            people.c.unit,
            people.c.left_at,
            accounts.c.name.label("account"),
        )
        .outerjoin(accounts, accounts.c.account_id == people.c.account_id)
        .where(
            or_(
                people.c.name.icontains(words, autoescape=True),
                people.c.personnel_number == words,
            )
        )
        .order_by(people.c.name, people.c.personnel_number)
        .limit(SHOWN)
    )
    return (await connection.execute(query)).all()


async def all_units(connection: AsyncConnection) -> Sequence[AnyRow]:
    """`unit`, `name` and `parent`, by code."""
    return (await connection.execute(select(units).order_by(units.c.unit))).all()
