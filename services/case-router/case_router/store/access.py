"""Who may see which case: the one place that says so (design.md, 6, Roles).

Every query on a case on behalf of a person carries `visible`. What it leaves out is not there for them.
"""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import ColumnElement, false
from sqlalchemy.ext.asyncio import AsyncConnection

from case_router.tables import cases
from speakup.staff import Role, Staff


def visible(staff: Staff) -> ColumnElement[bool]:
    """The condition on `cases` that holds for what this person may see."""
    match staff.role:
        case Role.handler:
            return cases.c.handler == UUID(staff.account_id)
        case Role.officer:
            return cases.c.restricted.is_(False)
        case Role.chair:
            return cases.c.restricted.is_(True)
        case _:
            return false()


async def unsealed(connection: AsyncConnection, staff: Staff, number: str) -> bool:
    """Whether an unsealing of this case was approved, which lets this person have what tells who the reporter
    is: their own voice, their address. Unsealings can't be asked for yet, so there is none.
    """
    return False
