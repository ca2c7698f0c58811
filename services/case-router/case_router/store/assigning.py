"""Who can be given a case, and who of them is given it by rule."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import delete, exists, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from case_router.store.access import visible
from case_router.store.rows import AnyRow
from case_router.tables import accounts, cases
from case_router.work_tables import assignment_rules, exclusions
from speakup.events import Status
from speakup.staff import Role, Staff

CONDITIONS = ("kind", "category", "unit", "language")
"""Of a rule: each is a case's own, or None for any."""


async def eligible(connection: AsyncConnection, case_number: str | None) -> Sequence[AnyRow]:
    """`account_id`, `name` and `load` (open cases) of the handlers who may have the case, least load first;
    of no case: all handlers.
    """
    load = (
        select(func.count())
        .where(cases.c.handler == accounts.c.account_id, cases.c.status != Status.closed)
        .scalar_subquery()
    )
    kept_out = (
        select(exclusions.c.account_id)
        .where(
            exclusions.c.case_number == case_number,
            exclusions.c.account_id == accounts.c.account_id,
        )
        .exists()
    )
    query = (
        select(accounts.c.account_id, accounts.c.name, load.label("load"))
        .where(accounts.c.role == Role.handler, accounts.c.disabled_at.is_(None), ~kept_out)
        .order_by("load", accounts.c.name)
    )
    return (await connection.execute(query)).all()


async def rules(connection: AsyncConnection) -> Sequence[AnyRow]:
    """In the order that they are asked in."""
    query = select(assignment_rules).order_by(assignment_rules.c.position)
    return (await connection.execute(query)).all()


async def by_rule(connection: AsyncConnection, case: AnyRow) -> UUID | None:
    """Whom the first rule that fits and has somebody eligible gives the case; None: nobody.

    `case`: its number, kind, category, unit and language.
    """
    there = await eligible(connection, case.case_number)
    for rule in await rules(connection):
        if all(getattr(rule, name) in (None, getattr(case, name)) for name in CONDITIONS):
            for one in there:
                if one.account_id in rule.handlers:
                    found: UUID = one.account_id
                    return found
    return None


async def may_see(connection: AsyncConnection, name: str, case_number: str) -> UUID | None:
    """The account by that name, if its owner may see the case."""
    query = select(accounts.c.account_id, accounts.c.name, accounts.c.role).where(
        accounts.c.name == name, accounts.c.disabled_at.is_(None)
    )
    one = (await connection.execute(query)).one_or_none()
    if one is None:
        return None
    staff = Staff(str(one.account_id), one.name, Role(one.role), narratives=False)
    seen = select(cases.c.case_number).where(cases.c.case_number == case_number, visible(staff))
    account_id: UUID = one.account_id
    return account_id if await connection.scalar(seen) is not None else None


async def nobody_can(connection: AsyncConnection, case_number: str) -> bool:
    """Whether a case that no rule gives away has nobody: there are rules, or no handler may have it.

    Where no rules are set, officers give cases away by hand.
    """
    ruled = await connection.scalar(select(exists().where(assignment_rules.c.rule_id.is_not(None))))
    return bool(ruled) or not await eligible(connection, case_number)


async def set_rules(connection: AsyncConnection, wanted: Sequence[dict[str, Any]]) -> None:
    """Replace all rules; each has the conditions and `handlers`, account ids."""
    await connection.execute(delete(assignment_rules))
    if wanted:
        rows = [
            {"rule_id": uuid4(), "position": position, **rule}
            for position, rule in enumerate(wanted)
        ]
        await connection.execute(insert(assignment_rules).values(rows))
