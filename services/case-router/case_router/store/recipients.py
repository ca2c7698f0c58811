"""Which members of staff are told of a case: never one who may not see it."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.ext.asyncio import AsyncConnection

from case_router.staff_mail import Recipient
from case_router.store.access import visible
from case_router.store.rows import AnyRow
from case_router.tables import accounts, cases
from case_router.work_tables import duty, exclusions
from speakup.events import Language
from speakup.staff import Role, Staff


async def handler_of(connection: AsyncConnection, number: str) -> list[Recipient]:
    """The case's handler, if there is one who can be told."""
    owns = select(cases.c.handler).where(cases.c.case_number == number).scalar_subquery()
    return await _who_see(connection, number, accounts.c.account_id == owns)


async def responsible(connection: AsyncConnection, number: str) -> list[Recipient]:
    """Officers; of a restricted case the chair, and officers where no chair may see it."""
    restricted = await connection.scalar(
        select(cases.c.restricted).where(cases.c.case_number == number)
    )
    order = (Role.chair, Role.officer) if restricted else (Role.officer,)
    for role in order:
        found = await _who_see(connection, number, accounts.c.role == role)
        if found:
            return found
    return []


async def on_duty(connection: AsyncConnection, number: str, now: datetime) -> list[Recipient]:
    """Those of the responsible who are on duty; all of them where none is."""
    by_roster = exists().where(
        duty.c.account_id == accounts.c.account_id, duty.c.starts_at <= now, duty.c.ends_at > now
    )
    restricted = await connection.scalar(
        select(cases.c.restricted).where(cases.c.case_number == number)
    )
    if not restricted:
        found = await _who_see(connection, number, by_roster & (accounts.c.role == Role.officer))
        if found:
            return found
    return await responsible(connection, number)


async def chairs(connection: AsyncConnection, number: str) -> list[Recipient]:
    """Whom an alert is escalated to: chairs, whether they see the case or not, who aren't kept out of it."""
    kept_out = exists().where(
        exclusions.c.case_number == number, exclusions.c.account_id == accounts.c.account_id
    )
    rows = await _reachable(connection, (accounts.c.role == Role.chair) & ~kept_out)
    return [_recipient(row) for row in rows]


async def anybody_kept_out(connection: AsyncConnection, number: str) -> bool:
    """Whether some of the staff must not learn of the case."""
    return bool(await connection.scalar(select(exists().where(exclusions.c.case_number == number))))


async def _who_see(
    connection: AsyncConnection, number: str, which: ColumnElement[bool]
) -> list[Recipient]:
    found = []
    for row in await _reachable(connection, which):
        # Narratives are none of an address's business: only whether the case is there for them.
        staff = Staff(str(UUID(str(row.account_id))), row.name, Role(row.role), narratives=False)
        query = select(cases.c.case_number).where(cases.c.case_number == number, visible(staff))
        if await connection.scalar(query) is not None:
            found.append(_recipient(row))
    return found


async def _reachable(connection: AsyncConnection, which: ColumnElement[bool]) -> list[AnyRow]:
    query = (
        select(
            accounts.c.account_id,
            accounts.c.name,
            accounts.c.role,
            accounts.c.email,
            accounts.c.language,
        )
        .where(which, accounts.c.email.is_not(None), accounts.c.disabled_at.is_(None))
        .order_by(accounts.c.name)
    )
    return list((await connection.execute(query)).all())


def _recipient(row: AnyRow) -> Recipient:
    known = row.language in set(Language)
    return Recipient(row.email, Language(row.language) if known else None)
