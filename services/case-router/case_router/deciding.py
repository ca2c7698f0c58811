"""Deciding what somebody asks for: who asks and who decides are looked at anew, and what follows is done at once.

One transaction holds the case's row, the approval's and the account's, in this order: of two decisions one counts, and
a role that was taken away meanwhile decides nothing.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from case_router import approving
from case_router.approving import Action
from case_router.store import accounts, approvals, cases, history
from case_router.store.rows import AnyRow
from speakup import topics
from speakup.problems import Problem, not_found
from speakup.staff import Role, Staff


@dataclass
class Approved:
    """What was approved, within the transaction that does it."""

    connection: AsyncConnection
    approval: AnyRow
    records: list[topics.Record] = field(default_factory=list)


Effect = Callable[[Approved], Awaitable[dict[str, str]]]
"""Does what was approved; what it returns is shown once, to who approved it. Raises Problem."""


class Deciding:
    """Takes decisions."""

    def __init__(self, engine: AsyncEngine, effects: Mapping[Action, Effect]) -> None:
        self._engine, self._effects = engine, effects

    async def decide(
        self, staff: Staff, approval_id: UUID, *, approved: bool
    ) -> tuple[AnyRow, dict[str, str], list[topics.Record]]:
        """The approval as it is now, what is shown once, and what to publish. Raises Problem 404, 409."""
        async with self._engine.begin() as connection:
            number = await approvals.case_of(connection, approval_id)
            if number is not None:
                await cases.hold(connection, number)
            me = await self._still(connection, staff.account_id)
            row = await approvals.lock(connection, staff, approval_id) if me else None
            if row is None:
                raise await self._why_not(connection, staff, approval_id)
            await self._check_asker(connection, row)
            shown, records = await self._take(connection, staff, row, approved=approved)
            now = await approvals.get(connection, staff, approval_id)
            if now is None:
                raise not_found()
        return now, shown, records

    async def _take(
        self, connection: AsyncConnection, staff: Staff, row: AnyRow, *, approved: bool
    ) -> tuple[dict[str, str], list[topics.Record]]:
        action, by = Action(row.action), UUID(staff.account_id)
        if approved and approving.needs_another(action, staff.role, row.first_by):
            await approvals.second(connection, row.approval_id, by)
            await self._note(connection, row, by, "approval.seconded")
            return {}, []
        now = datetime.now(UTC)
        await approvals.decide(
            connection,
            row.approval_id,
            by,
            approved=approved,
            decided_at=now,
            expires_at=approving.holds_until(action, now) if approved else None,
        )
        await self._note(connection, row, by, "approval.given" if approved else "approval.refused")
        effect = self._effects.get(action) if approved else None
        if effect is None:
            return {}, []
        done = Approved(connection, row)
        return await effect(done), done.records

    async def _still(self, connection: AsyncConnection, account_id: str) -> bool:
        account = await accounts.by_id(connection, account_id)
        return account is not None and account.disabled_at is None

    async def _check_asker(self, connection: AsyncConnection, row: AnyRow) -> None:
        """Who asked must still be one who may ask."""
        asker = await accounts.by_id(connection, row.asked_by)
        allowed = asker is not None and asker.disabled_at is None
        if allowed and asker is not None:
            who = Staff(str(asker.account_id), asker.name, Role(asker.role), narratives=True)
            allowed = (
                who.role is Role.admin
                if row.case_number is None
                else await cases.get(connection, who, row.case_number) is not None
            )
        if not allowed:
            raise Problem(409, "Who asked for this may not ask for it any more. Refuse it.")

    async def _why_not(
        self, connection: AsyncConnection, staff: Staff, approval_id: UUID
    ) -> Problem:
        row = await approvals.get(connection, staff, approval_id)
        if row is None:
            return not_found()
        if row.asked_by == UUID(staff.account_id):
            return Problem(409, "You asked for this yourself; somebody else decides.")
        if row.decided_at is None and row.first_by == UUID(staff.account_id):
            return Problem(409, "You have approved this; another officer or the chair has to, too.")
        if row.decided_at is None:
            return Problem(
                409, "This is over: nobody decided it within 7 days. It can be asked anew."
            )
        return Problem(409, "This has been decided already.")

    async def _note(self, connection: AsyncConnection, row: AnyRow, by: UUID, action: str) -> None:
        await history.note(
            connection, action, [row.case_number], account_id=by, subject=str(row.approval_id)
        )
