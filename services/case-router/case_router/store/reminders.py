"""Reminders as they are kept: made when they are due, and taken by one instance at a time."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from case_router.sla import Sla

OLDEST = timedelta(days=30)
"""Of what was due before that nobody is reminded any more: an installation that is new to clocks would send
thousands of mails at once."""

_PLAN = text(
    """
    INSERT INTO reminders (case_number, clock, step, due_at, next_at)
    SELECT case_number,
           CASE WHEN due_at = acknowledge_by AND acknowledged_at IS NULL
                THEN 'acknowledge' ELSE 'feedback' END,
           step, due_at, :now
    FROM cases, (VALUES ('handler', CAST(:handler AS timestamptz)),
                        ('officer', CAST(:officer AS timestamptz))) AS steps (step, until)
    WHERE due_at > :oldest AND due_at <= until
      AND NOT EXISTS (SELECT FROM reminders r
                      WHERE (r.case_number, r.step, r.due_at)
                          = (cases.case_number, steps.step, cases.due_at))
    ON CONFLICT DO NOTHING
    """
)
# What has been answered, acknowledged or put off since needs no reminder any more.
_FORGET = text(
    """
    DELETE FROM reminders r USING cases c
    WHERE r.sent_at IS NULL AND c.case_number = r.case_number AND c.due_at IS DISTINCT FROM r.due_at
    """
)
_TAKE = text(
    """
    SELECT case_number, clock, step, due_at, failures FROM reminders
    WHERE sent_at IS NULL AND next_at <= :now
    ORDER BY next_at LIMIT 1 FOR UPDATE SKIP LOCKED
    """
)
_KEEP = text(
    """
    UPDATE reminders SET sent_at = :sent_at, failures = :failures, next_at = :next_at
    WHERE (case_number, clock, step, due_at) = (:case_number, :clock, :step, :due_at)
    """
)


class Reminder(NamedTuple):
    """One that is to be sent."""

    case_number: str
    clock: str
    """`acknowledge` or `feedback`."""
    step: str
    """`handler` or `officer`."""
    due_at: datetime
    failures: int


async def plan(connection: AsyncConnection, sla: Sla, now: datetime) -> None:
    """Make those that are due now, and take back those whose clock has moved."""
    await connection.execute(_FORGET)
    horizons = {
        "handler": now + timedelta(days=sla.due_soon_days),
        "officer": now + timedelta(days=sla.officers_days),
    }
    await connection.execute(_PLAN, {"now": now, "oldest": now - OLDEST} | horizons)


async def take(connection: AsyncConnection, now: datetime) -> Reminder | None:
    """One that isn't sent; nobody else takes it until the transaction ends."""
    row = (await connection.execute(_TAKE, {"now": now})).one_or_none()
    return Reminder(*row) if row is not None else None


async def keep(
    connection: AsyncConnection, reminder: Reminder, *, sent_at: datetime | None, next_at: datetime
) -> None:
    """What became of it."""
    failures = reminder.failures if sent_at else reminder.failures + 1
    values = reminder._asdict() | {"sent_at": sent_at, "failures": failures, "next_at": next_at}
    await connection.execute(_KEEP, values)
