"""Whom cases are about, as rows; each change of them works out the exclusions anew."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from uuid import UUID, uuid4

from sqlalchemy import delete, exists, func, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from case_router.store import exclusions
from case_router.store.rows import AnyRow
from case_router.tables import accounts, cases
from case_router.work_tables import concerned, people, units
from speakup.staff import Role

WATCHED = (Role.handler, Role.officer, Role.chair, Role.auditor, Role.admin)
"""Whose naming makes a case the chair's. The mailroom never sees a case."""

# And whoever is above them: a case about a manager isn't for those who report to them.
_WATCHED_PEOPLE = """
    WITH RECURSIVE watched (person_id, manager) AS (
        SELECT person_id, manager FROM people JOIN accounts USING (account_id) WHERE role = ANY(:roles)
        UNION
        SELECT p.person_id, p.manager FROM people p JOIN watched w ON p.person_id = w.manager
    )
"""


async def watched(connection: AsyncConnection) -> Mapping[UUID, str]:
    """Names of the staff who work cases, and of everybody above them."""
    rows = await connection.execute(
        text(
            f"{_WATCHED_PEOPLE} SELECT person_id, name FROM people JOIN watched USING (person_id) "  # noqa: S608
            "ORDER BY person_id"
        ),
        {"roles": list(WATCHED)},
    )
    return {row.person_id: row.name for row in rows}


async def names(connection: AsyncConnection) -> Sequence[str]:
    """Of all people."""
    return list(await connection.scalars(select(people.c.name)))


async def suggest(connection: AsyncConnection, found: Mapping[str, Collection[UUID]]) -> None:
    """Staff may be named in these cases: they, and who is below them, are kept out at once, and the cases are the
    chair's. Whom a person has confirmed or dismissed stays so.
    """
    pairs = [(number, person) for number, ones in found.items() for person in sorted(ones)]
    if not pairs:
        return
    numbers = sorted(found)
    new = await connection.execute(
        text(
            """
            INSERT INTO concerned (concerned_id, case_number, person_id, state)
            SELECT id, number, person, 'suggested'
            FROM unnest(CAST(:ids AS uuid[]), CAST(:numbers AS text[]), CAST(:people AS uuid[]))
                 AS found (id, number, person)
            WHERE NOT EXISTS (SELECT FROM concerned WHERE case_number = number AND person_id = person)
            RETURNING case_number
            """
        ),
        {
            "ids": [uuid4() for _ in pairs],
            "numbers": [number for number, _ in pairs],
            "people": [person for _, person in pairs],
        },
    )
    suggested = set(new.scalars())
    if not suggested:
        return
    await connection.execute(
        update(cases)
        .where(cases.c.case_number.in_(suggested), cases.c.restricted.is_(False))
        .values(restricted=True, handler=None)
    )
    await exclusions.recompute(connection, [one for one in numbers if one in suggested])


async def restrict_if_watched(connection: AsyncConnection, number: str) -> None:
    """A case that somebody says is about staff who work cases is the chair's."""
    if await about_watched(connection, number):
        await connection.execute(
            update(cases)
            .where(cases.c.case_number == number, cases.c.restricted.is_(False))
            .values(restricted=True, handler=None)
        )


async def about_watched(connection: AsyncConnection, number: str) -> bool:
    """Whether it is (perhaps) about somebody who works cases or is above them, or about their unit."""
    query = f"""
        {_WATCHED_PEOPLE}
        SELECT EXISTS (
            SELECT FROM concerned JOIN watched USING (person_id)
            WHERE case_number = :number AND state <> 'dismissed'
        ) OR EXISTS (
            SELECT FROM exclusions JOIN accounts USING (account_id)
            WHERE case_number = :number AND role = ANY(:roles)
                  AND EXISTS (SELECT FROM concerned c WHERE c.case_number = :number
                              AND c.unit IS NOT NULL AND c.state <> 'dismissed')
        )
    """  # noqa: S608 - fixed words
    found = await connection.scalar(text(query), {"number": number, "roles": list(WATCHED)})
    return bool(found)


async def add(
    connection: AsyncConnection,
    number: str,
    account_id: UUID,
    *,
    person_id: UUID | None = None,
    unit: str | None = None,
) -> UUID | None:
    """A rule by a person; what was suggested before is confirmed by it. None where there is one already."""
    same = (
        concerned.c.case_number == number,
        concerned.c.person_id == person_id if person_id else concerned.c.unit == unit,
    )
    confirmed = await connection.scalar(
        update(concerned)
        .where(*same, concerned.c.state != "confirmed")
        .values(state="confirmed", made_by=account_id)
        .returning(concerned.c.concerned_id)
    )
    if confirmed is not None:
        return UUID(str(confirmed))
    if await connection.scalar(select(exists().where(*same))):
        return None
    concerned_id = uuid4()
    await connection.execute(
        insert(concerned).values(
            concerned_id=concerned_id,
            case_number=number,
            person_id=person_id,
            unit=unit,
            state="confirmed",
            made_by=account_id,
        )
    )
    return concerned_id


async def add_name(
    connection: AsyncConnection, number: str, account_id: UUID, concerned_id: UUID, locked: bytes
) -> None:
    """A name as somebody typed it, under the case's key."""
    await connection.execute(
        insert(concerned).values(
            concerned_id=concerned_id,
            case_number=number,
            name_locked=locked,
            state="confirmed",
            made_by=account_id,
        )
    )


async def decide(
    connection: AsyncConnection, number: str, concerned_id: UUID, state: str, account_id: UUID
) -> bool:
    """Confirm or dismiss one; False where there is none."""
    done = await connection.execute(
        update(concerned)
        .where(concerned.c.case_number == number, concerned.c.concerned_id == concerned_id)
        .values(state=state, made_by=account_id)
        .returning(concerned.c.concerned_id)
    )
    return done.one_or_none() is not None


async def remove(connection: AsyncConnection, number: str, concerned_id: UUID) -> bool:
    """Take one away; False where there is none."""
    done = await connection.execute(
        delete(concerned)
        .where(concerned.c.case_number == number, concerned.c.concerned_id == concerned_id)
        .returning(concerned.c.concerned_id)
    )
    return done.one_or_none() is not None


async def of_case(connection: AsyncConnection, number: str) -> Sequence[AnyRow]:
    """All rows of a case, oldest first, with the person's and the unit's name, and who made them."""
    joined = (
        concerned.outerjoin(people, people.c.person_id == concerned.c.person_id)
        .outerjoin(units, units.c.unit == concerned.c.unit)
        .outerjoin(accounts, accounts.c.account_id == concerned.c.made_by)
    )
    query = (
        select(
            concerned.c.concerned_id,
            concerned.c.case_number,
            concerned.c.state,
            concerned.c.made_at,
            concerned.c.name_locked,
            people.c.personnel_number,
            people.c.name.label("person"),
            concerned.c.unit,
            units.c.name.label("unit_name"),
            accounts.c.name.label("by"),
        )
        .select_from(joined)
        .where(concerned.c.case_number == number)
        .order_by(concerned.c.made_at, concerned.c.concerned_id)
    )
    return (await connection.execute(query)).all()


async def kept_out(connection: AsyncConnection, number: str) -> Sequence[str]:
    """Names of the accounts that never get this case."""
    query = text(
        "SELECT name FROM exclusions JOIN accounts USING (account_id) "
        "WHERE case_number = :number ORDER BY name"
    )
    return list(await connection.scalars(query, {"number": number}))


async def person_with(connection: AsyncConnection, personnel_number: str) -> UUID | None:
    """The person's id; None where there is nobody by that number."""
    query = select(people.c.person_id).where(people.c.personnel_number == personnel_number)
    return await connection.scalar(query)


async def has_unit(connection: AsyncConnection, unit: str) -> bool:
    """Whether there is such a unit."""
    return bool(await connection.scalar(select(func.count()).where(units.c.unit == unit)))
