"""Who may see which case: the one place that says so (design.md, 6, Roles).

Every query on a case on behalf of a person carries `visible`. What it leaves out is not there for them.
"""

from __future__ import annotations

from functools import lru_cache
from uuid import UUID

from sqlalchemy import ColumnElement, FromClause, and_, false, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from case_router.approving import Action, What
from case_router.tables import accounts, cases
from case_router.work_tables import approvals, duty, exclusions
from speakup.staff import Role, Staff


@lru_cache(maxsize=256)  # to build it takes as long as to run a query
def visible(staff: Staff) -> ColumnElement[bool]:
    """The condition on `cases` that holds for what this person may see."""
    account_id = UUID(staff.account_id)
    match staff.role:
        case Role.handler:
            theirs = and_(cases.c.handler == account_id, cases.c.triaged_at.is_not(None))
        case Role.officer:
            theirs = and_(
                or_(cases.c.restricted.is_(False), _every_chair_is_kept_out()),
                or_(cases.c.triaged_at.is_not(None), _on_duty(account_id)),
            )
        case Role.chair:
            # Not `IS true`: so the index of the chair's cases serves it.
            theirs = or_(cases.c.restricted, cases.c.for_chair)
        case _:
            return false()
    return and_(theirs, ~_kept_out(account_id), _still(staff))


def approvable(staff: Staff, asked_by: ColumnElement[UUID]) -> ColumnElement[bool]:
    """The condition on `cases` that holds where this person may decide what `asked_by` asks for of the case. It lets
    them read the reason, not the case.

    The chair may of every case that doesn't name them, an officer of what they see; and of a triaged case that is
    the chair's, where no other chair can.
    """
    account_id = UUID(staff.account_id)
    free = and_(~_kept_out(account_id), _still(staff))
    if staff.role is Role.chair:
        return free
    if staff.role is not Role.officer:
        return false()
    another = accounts.alias("another_chair")
    chairs = select(another.c.account_id).where(
        another.c.role == Role.chair,
        another.c.disabled_at.is_(None),
        another.c.account_id != asked_by,
        ~_kept_out(another.c.account_id, another),
    )
    for_the_chair = and_(
        cases.c.restricted.is_(True),
        cases.c.triaged_at.is_not(None),
        ~chairs.correlate_except(another).exists(),
    )
    return and_(free, or_(visible(staff), for_the_chair))


def _still(staff: Staff) -> ColumnElement[bool]:
    """Their token may be ten minutes old: since then they may have been disabled, or have lost the role."""
    still = accounts.alias("still")
    mine = select(still.c.account_id).where(
        still.c.account_id == UUID(staff.account_id),
        still.c.role == staff.role,
        still.c.disabled_at.is_(None),
    )
    return mine.correlate(None).exists()


def _kept_out(account_id: ColumnElement[UUID] | UUID, *within: FromClause) -> ColumnElement[bool]:
    excluded = select(exclusions.c.case_number).where(
        exclusions.c.case_number == cases.c.case_number, exclusions.c.account_id == account_id
    )
    return excluded.correlate(cases, *within).exists()


def _on_duty(account_id: UUID) -> ColumnElement[bool]:
    """By the roster; and where nobody is down for the moment, or only people who may not see the case."""
    now = and_(duty.c.starts_at <= func.now(), duty.c.ends_at > func.now())
    theirs = select(duty.c.duty_id).where(now, duty.c.account_id == account_id)
    anybody = select(duty.c.duty_id).where(now, ~_kept_out(duty.c.account_id, duty))
    return or_(theirs.correlate(None).exists(), ~anybody.correlate(cases).exists())


def _every_chair_is_kept_out() -> ColumnElement[bool]:
    """A case that names the chair: officers who aren't named themselves take it.

    An installation without a chair is another thing: there its restricted cases wait for one.
    """
    # A name of its own: the queries that this is put into read accounts, too.
    chair = accounts.alias("chair")
    chairs = select(chair.c.account_id).where(
        chair.c.role == Role.chair, chair.c.disabled_at.is_(None)
    )
    kept_out = _kept_out(chair.c.account_id, chair)
    return and_(
        chairs.where(kept_out).correlate(cases).exists(),
        ~chairs.where(~kept_out).correlate(cases).exists(),
    )


async def may_read_exclusions(connection: AsyncConnection, staff: Staff, number: str) -> bool:
    """Whether this person, who sees the case, may read whom it is about: the chair, or an officer to whom
    another person has granted it, for as long as that holds.
    """
    if staff.role is Role.chair:
        return True
    granted = select(approvals.c.approval_id).where(
        approvals.c.action == Action.read_exclusions,
        approvals.c.case_number == number,
        approvals.c.asked_by == UUID(staff.account_id),
        approvals.c.approved.is_(True),
        approvals.c.expires_at > func.now(),
    )
    return bool(await connection.scalar(select(granted.exists())))


async def unsealed(connection: AsyncConnection, staff: Staff, number: str, what: What) -> bool:
    """Whether what tells who the reporter is was opened to this person at this time: their address, their voice,
    their hand. To who asked for it alone; never to a token made for another system.
    """
    if staff.scopes is not None:
        return False
    query = select(approvals.c.approval_id).where(
        approvals.c.case_number == number,
        approvals.c.action == Action.unseal,
        approvals.c.detail == what,
        approvals.c.asked_by == UUID(staff.account_id),
        approvals.c.approved,
        approvals.c.expires_at > func.now(),
    )
    return await connection.scalar(query.limit(1)) is not None
