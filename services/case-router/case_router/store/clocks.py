"""The clocks of cases as they are kept: set when one is opened, set anew by what changes them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from sqlalchemy import bindparam, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from case_router import sla
from case_router.sla import Facts, Sla
from case_router.store.profiles import Profiles
from case_router.store.rows import AnyRow
from case_router.tables import cases
from speakup.events import Kind, Status

AT_A_TIME = 500
"""Cases that one transaction sweeps."""

Due = Literal["due_soon", "overdue"]


class Clocks:
    """By the SLA profile and in the company's time zone."""

    def __init__(self, profiles: Profiles, zone: ZoneInfo) -> None:
        self._profiles, self.zone = profiles, zone

    async def sla(self, connection: AsyncConnection) -> Sla:
        """As it holds now."""
        return await self._profiles.get(connection, Sla)

    async def window(
        self, connection: AsyncConnection, due: Due, now: datetime
    ) -> tuple[datetime | None, datetime]:
        """Between which moments the cases are due that are `due` now."""
        if due == "overdue":
            return None, now
        profile = await self.sla(connection)
        return now, now + timedelta(days=profile.due_soon_days)

    async def reckon(self, connection: AsyncConnection, numbers: Sequence[str]) -> None:
        """Set `feedback_by` of cases whose kind or acknowledgement has changed in this transaction."""
        if not numbers:
            return
        profile = await self.sla(connection)
        query = select(
            cases.c.case_number,
            cases.c.kind,
            cases.c.received_at,
            cases.c.acknowledged_at,
            cases.c.reopened_at,
            cases.c.feedback_by,
        ).where(cases.c.case_number.in_(numbers))
        changed = [
            {"number": row.case_number, "due": due}
            for row in (await connection.execute(query)).all()
            if (due := self._feedback_by(row, profile)) != row.feedback_by
        ]
        if changed:
            await connection.execute(_SET, changed)

    def _feedback_by(self, row: AnyRow, profile: Sla) -> datetime | None:
        kind = Kind(row.kind) if row.kind else None
        facts = Facts(kind, row.received_at, row.acknowledged_at, row.reopened_at)
        return sla.feedback_by(facts, profile, self.zone)

    async def sweep(self, connection: AsyncConnection) -> int:
        """Set the clocks of some cases that have none though they have a kind: opened before there were clocks,
        or by a way that doesn't know of them. How many there were.
        """
        query = (
            select(cases.c.case_number)
            .where(
                cases.c.feedback_by.is_(None),
                cases.c.kind != Kind.out_of_scope,
                cases.c.status != Status.closed,
            )
            .limit(AT_A_TIME)
            .with_for_update(skip_locked=True)
        )
        numbers = (await connection.scalars(query)).all()
        await self.reckon(connection, numbers)
        return len(numbers)

    async def follow(self, connection: AsyncConnection, before: AnyRow, after: AnyRow) -> None:
        """What a person's change of a case does to its clocks."""
        facts = _moved(Status(after.status)) if after.status != before.status else {}
        if facts:
            named = update(cases).where(cases.c.case_number == after.case_number)
            await connection.execute(named.values(**facts))
        reopened = "reopened_at" in facts
        if reopened or after.kind != before.kind:
            await self.reckon(connection, [after.case_number])


_SET = (
    update(cases)
    .where(cases.c.case_number == bindparam("number"))
    .values(feedback_by=bindparam("due"))
)


def _moved(status: Status) -> dict[str, datetime | None]:
    now = datetime.now(UTC)
    match status:
        case Status.answered:
            return {"answered_at": now}
        case Status.closed:
            return {"closed_at": now}
        case Status.reopened:
            return {"reopened_at": now, "answered_at": None, "closed_at": None}
        case _:
            return {}
