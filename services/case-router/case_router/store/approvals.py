"""What two people must want, as it is stored: asked for, decided, over."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, case, false, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from case_router.approving import DECIDERS, OPEN_FOR, Action
from case_router.store import access
from case_router.store.rows import AnyRow
from case_router.tables import accounts, cases
from case_router.work_tables import approvals
from speakup.staff import Role, Staff

LISTED = 200
"""At most: those to be decided first."""

_OPEN = and_(approvals.c.decided_at.is_(None), approvals.c.asked_at > func.now() - OPEN_FOR)


async def add(
    connection: AsyncConnection,
    *,
    approval_id: UUID,
    action: Action,
    asked_by: UUID,
    reason_locked: bytes,
    case_number: str | None = None,
    account_id: UUID | None = None,
    detail: str | None = None,
) -> None:
    """Keep what somebody asks for."""
    await connection.execute(
        insert(approvals).values(
            approval_id=approval_id,
            action=action,
            case_number=case_number,
            account_id=account_id,
            detail=detail,
            reason_locked=reason_locked,
            asked_by=asked_by,
        )
    )


async def is_asked(
    connection: AsyncConnection,
    action: Action,
    *,
    case_number: str | None = None,
    account_id: UUID | None = None,
    asked_by: UUID | None = None,
    detail: str | None = None,
) -> bool:
    """Whether the same is open already (of a reading: by the same person)."""
    query = select(approvals.c.approval_id).where(_OPEN, approvals.c.action == action)
    wanted = {
        "case_number": case_number,
        "account_id": account_id,
        "asked_by": asked_by,
        "detail": detail,
    }
    for name, value in wanted.items():
        if value is not None:
            query = query.where(approvals.c[name] == value)
    return await connection.scalar(query.limit(1)) is not None


def _decided_by(staff: Staff, *, is_open: bool = True) -> ColumnElement[bool]:
    """The condition on `approvals` that holds for what this person may decide."""
    if staff.role not in DECIDERS:
        return false()
    me = UUID(staff.account_id)
    of_case = (
        select(cases.c.case_number)
        .where(
            cases.c.case_number == approvals.c.case_number,
            access.approvable(staff, approvals.c.asked_by),
        )
        .correlate(approvals)
        .exists()
    )
    return and_(
        *((_OPEN,) if is_open else ()),
        approvals.c.asked_by != me,
        approvals.c.account_id.is_distinct_from(me),
        approvals.c.first_by.is_distinct_from(me),
        or_(approvals.c.case_number.is_(None), of_case),
    )


def _facts() -> Select[Any]:
    asker, decider, subject = (accounts.alias(name) for name in ("asker", "decider", "subject"))
    joined = (
        approvals.join(asker, asker.c.account_id == approvals.c.asked_by)
        .outerjoin(decider, decider.c.account_id == approvals.c.decided_by)
        .outerjoin(subject, subject.c.account_id == approvals.c.account_id)
    )
    return select(
        approvals,
        asker.c.name.label("asked_by_name"),
        decider.c.name.label("decided_by_name"),
        subject.c.name.label("account"),
    ).select_from(joined)


async def of_staff(connection: AsyncConnection, staff: Staff) -> Sequence[AnyRow]:
    """What this person may decide, oldest first, then what they asked for, newest first; `decidable` tells which."""
    decidable, own = _decided_by(staff), approvals.c.asked_by == UUID(staff.account_id)
    query = (
        _facts()
        .add_columns(decidable.label("decidable"))
        .where(or_(decidable, own))
        .order_by(
            # A handler decides nothing: that alone would be a constant, which PostgreSQL doesn't sort by.
            case((decidable, 0), else_=1),
            case((decidable, approvals.c.asked_at)).asc(),
            approvals.c.asked_at.desc(),
        )
        .limit(LISTED)
    )
    return (await connection.execute(query)).all()


async def case_of(connection: AsyncConnection, approval_id: UUID) -> str | None:
    """The case that an approval is about, unlocked."""
    number: str | None = await connection.scalar(
        select(approvals.c.case_number).where(approvals.c.approval_id == approval_id)
    )
    return number


async def lock(connection: AsyncConnection, staff: Staff, approval_id: UUID) -> AnyRow | None:
    """What this person may decide, locked until the transaction ends; None where they may not, or not any more."""
    query = (
        select(approvals)
        .where(approvals.c.approval_id == approval_id, _decided_by(staff))
        .with_for_update()
    )
    return (await connection.execute(query)).one_or_none()


async def get(connection: AsyncConnection, staff: Staff, approval_id: UUID) -> AnyRow | None:
    """What this person asked for, or may decide or might have decided; None where they may not know of it."""
    own = approvals.c.asked_by == UUID(staff.account_id)
    query = (
        _facts()
        .add_columns(_decided_by(staff).label("decidable"))
        .where(
            approvals.c.approval_id == approval_id,
            or_(
                own,
                _decided_by(staff, is_open=False),
                approvals.c.first_by == UUID(staff.account_id),
            ),
        )
    )
    return (await connection.execute(query)).one_or_none()


async def second(connection: AsyncConnection, approval_id: UUID, by: UUID) -> None:
    """The first of two officers approves."""
    await _set(connection, approval_id, first_by=by, first_at=func.now())


async def decide(
    connection: AsyncConnection,
    approval_id: UUID,
    by: UUID,
    *,
    approved: bool,
    decided_at: datetime,
    expires_at: datetime | None,
) -> None:
    """It is decided."""
    await _set(
        connection,
        approval_id,
        decided_by=by,
        decided_at=decided_at,
        approved=approved,
        expires_at=expires_at,
    )


async def _set(connection: AsyncConnection, approval_id: UUID, **values: object) -> None:
    await connection.execute(
        update(approvals).where(approvals.c.approval_id == approval_id).values(**values)
    )


async def deciders(connection: AsyncConnection, approval_id: UUID) -> Sequence[Role]:
    """The roles of all who may decide it, signed in or not."""
    people = await connection.execute(
        select(accounts.c.account_id, accounts.c.name, accounts.c.role).where(
            accounts.c.role.in_(DECIDERS), accounts.c.disabled_at.is_(None)
        )
    )
    found = []
    for row in people.all():
        somebody = Staff(str(row.account_id), row.name, Role(row.role), narratives=True)
        query = select(approvals.c.approval_id).where(
            approvals.c.approval_id == approval_id, _decided_by(somebody)
        )
        if await connection.scalar(query) is not None:
            found.append(somebody.role)
    return found
