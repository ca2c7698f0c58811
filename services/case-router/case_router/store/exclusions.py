"""Who is kept out of which case, worked out of `concerned` and `people`, in the transaction that changes either.

Kept out are the people a case is about (suggested or confirmed, not dismissed), everybody below them at any
depth, and all of a unit that it is about, with its sub-units. People who have left count like those who are there.
"""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

_ONE = 7325877

_WANTED = """
    WITH RECURSIVE rules AS (
        SELECT case_number, person_id, unit FROM concerned
        WHERE state <> 'dismissed' AND (:everywhere OR case_number = ANY(:numbers))
    ), below (root, person_id) AS (
        SELECT DISTINCT person_id, person_id FROM rules WHERE person_id IS NOT NULL
        UNION
        SELECT root, p.person_id FROM below JOIN people p ON p.manager = below.person_id
    ), part (root, unit) AS (
        SELECT DISTINCT unit, unit FROM rules WHERE unit IS NOT NULL
        UNION
        SELECT root, u.unit FROM part JOIN units u ON u.parent = part.unit
    ), wanted AS (
        SELECT r.case_number, p.account_id
        FROM rules r JOIN below b ON b.root = r.person_id JOIN people p ON p.person_id = b.person_id
        WHERE p.account_id IS NOT NULL
        UNION
        SELECT r.case_number, p.account_id
        FROM rules r JOIN part ON part.root = r.unit JOIN people p ON p.unit = part.unit
        WHERE p.account_id IS NOT NULL
    )
"""
_RECOMPUTE = text(
    f"""{_WANTED}, gone AS (
        DELETE FROM exclusions e
        WHERE (:everywhere OR e.case_number = ANY(:numbers))
              AND (case_number, account_id) NOT IN (SELECT case_number, account_id FROM wanted)
    ), added AS (
        INSERT INTO exclusions (case_number, account_id)
        SELECT case_number, account_id FROM wanted
        ON CONFLICT DO NOTHING
    )
    UPDATE cases c SET handler = NULL
    FROM wanted w WHERE c.case_number = w.case_number AND c.handler = w.account_id
    """  # noqa: S608 - fixed words
)


async def recompute(connection: AsyncConnection, numbers: Collection[str] | None = None) -> None:
    """Of these cases; None: of all. A handler who is kept out has the case no longer."""
    await connection.execute(
        _RECOMPUTE, {"everywhere": numbers is None, "numbers": list(numbers or ())}
    )


async def with_people_as_they_are(connection: AsyncConnection) -> None:
    """Until the transaction ends nobody imports people: what it works out of them stays right."""
    await connection.execute(text("SELECT pg_advisory_xact_lock_shared(:one)"), {"one": _ONE})


async def alone_with_people(connection: AsyncConnection) -> None:
    """Until the transaction ends nobody works anything out of people: they are being changed."""
    await connection.execute(text("SELECT pg_advisory_xact_lock(:one)"), {"one": _ONE})
