"""Cases that belong together. A link is there only for who may see both of its cases; identities stay apart."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID, uuid4

from sqlalchemy import and_, delete, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from case_router.store.access import visible
from case_router.store.rows import AnyRow
from case_router.tables import cases
from case_router.work_tables import case_links
from speakup.staff import Staff

_CONFIRMED = "confirmed"


async def of_case(connection: AsyncConnection, number: str, *, staff: Staff) -> Sequence[AnyRow]:
    """Links of a case that the caller sees, to others that they see; oldest first.

    `other` is the case at the other end; `outgoing` whether `number` is the one that repeats.
    """
    out = case_links.c.case_number == number
    query = (
        select(
            case_links.c.link_id,
            cases.c.case_number.label("other"),
            case_links.c.relation,
            out.label("outgoing"),
            case_links.c.made_at,
        )
        .join(
            cases,
            or_(
                and_(out, cases.c.case_number == case_links.c.other_case),
                and_(
                    case_links.c.other_case == number,
                    cases.c.case_number == case_links.c.case_number,
                ),
            ),
        )
        .where(case_links.c.state == _CONFIRMED, visible(staff))
        .order_by(case_links.c.made_at, case_links.c.link_id)
    )
    return (await connection.execute(query)).all()


async def add(
    connection: AsyncConnection, number: str, other: str, relation: str, made_by: UUID
) -> UUID | None:
    """The link's id; None where the two are linked so already."""
    statement = (
        insert(case_links)
        .values(
            link_id=uuid4(),
            case_number=number,
            other_case=other,
            relation=relation,
            state=_CONFIRMED,
            made_by=made_by,
        )
        .on_conflict_do_nothing()
        .returning(case_links.c.link_id)
    )
    found: UUID | None = await connection.scalar(statement)
    return found


async def remove(connection: AsyncConnection, staff: Staff, number: str, link_id: UUID) -> bool:
    """False where there is no such link for the caller."""
    if link_id not in {row.link_id for row in await of_case(connection, number, staff=staff)}:
        return False
    await connection.execute(delete(case_links).where(case_links.c.link_id == link_id))
    return True
