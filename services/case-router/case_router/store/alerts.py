"""Alerts of urgent cases as they are kept: one a case, open until a person acknowledges it."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from case_router.store.rows import AnyRow
from case_router.tables import accounts
from case_router.work_tables import alerts

_RAISE = text(
    """
    INSERT INTO alerts (alert_id, case_number, raised_at, mail_at, webhook_at)
    SELECT gen_random_uuid(), case_number, :now, :now, :now FROM cases
    WHERE (urgent OR priority = 'urgent') AND status <> 'closed'
      AND NOT EXISTS (SELECT FROM alerts WHERE alerts.case_number = cases.case_number)
    ON CONFLICT DO NOTHING
    """
)
_OPEN = "a.acknowledged_at IS NULL AND c.status <> 'closed'"
_TAKE = text(
    f"""
    SELECT a.alert_id, a.case_number, c.restricted, a.raised_at, a.times, a.mail_at, a.mail_failures,
           a.webhook_at, a.webhook_failures
    FROM alerts a JOIN cases c USING (case_number)
    WHERE {_OPEN} AND least(a.mail_at, a.webhook_at) <= :now
    ORDER BY a.raised_at LIMIT 1 FOR UPDATE OF a SKIP LOCKED
    """  # noqa: S608 - fixed words
)
_KEEP = text(
    """
    UPDATE alerts SET times = :times, sent_at = coalesce(:sent_at, sent_at),
        mail_at = :mail_at, mail_failures = :mail_failures,
        webhook_at = :webhook_at, webhook_failures = :webhook_failures
    WHERE alert_id = :alert_id
    """
)
_ACKNOWLEDGE = text(
    """
    UPDATE alerts SET acknowledged_at = now(), acknowledged_by = :account_id
    WHERE case_number = :number AND acknowledged_at IS NULL RETURNING true
    """
)
_COUNT = text(
    f"""
    SELECT count(*) AS open,
           count(*) FILTER (WHERE a.mail_failures > 0) AS not_mailed,
           count(*) FILTER (WHERE a.webhook_failures > 0) AS not_posted
    FROM alerts a JOIN cases c USING (case_number) WHERE {_OPEN}
    """  # noqa: S608 - fixed words
)


class Alert(NamedTuple):
    """One that is due by mail, by webhook or both."""

    alert_id: UUID
    case_number: str
    restricted: bool
    raised_at: datetime
    times: int
    mail_at: datetime
    mail_failures: int
    webhook_at: datetime
    webhook_failures: int


async def raise_new(connection: AsyncConnection, now: datetime) -> None:
    """An alert for every open urgent case that has none."""
    await connection.execute(_RAISE, {"now": now})


async def take(connection: AsyncConnection, now: datetime) -> Alert | None:
    """One that is due; nobody else takes it until the transaction ends."""
    row = (await connection.execute(_TAKE, {"now": now})).one_or_none()
    return Alert(*row) if row is not None else None


async def keep(connection: AsyncConnection, alert: Alert, *, sent_at: datetime | None) -> None:
    """What became of it; `sent_at` where anybody was told."""
    await connection.execute(_KEEP, alert._asdict() | {"sent_at": sent_at})


async def acknowledge(connection: AsyncConnection, number: str, account_id: UUID) -> bool:
    """It isn't sent again. False where it was acknowledged before, or there is none."""
    done = await connection.scalar(_ACKNOWLEDGE, {"number": number, "account_id": account_id})
    return bool(done)


async def of_case(connection: AsyncConnection, number: str) -> AnyRow | None:
    """The case's alert, with the name of who acknowledged it as `by`."""
    joined = alerts.outerjoin(accounts, accounts.c.account_id == alerts.c.acknowledged_by)
    query = (
        select(
            alerts.c.case_number,
            alerts.c.raised_at,
            alerts.c.sent_at,
            alerts.c.times,
            alerts.c.acknowledged_at,
            accounts.c.name.label("by"),
        )
        .select_from(joined)
        .where(alerts.c.case_number == number)
    )
    return (await connection.execute(query)).one_or_none()


async def counts(connection: AsyncConnection) -> AnyRow:
    """`open` alerts, and those of them that failed last by mail (`not_mailed`) and by webhook (`not_posted`)."""
    return (await connection.execute(_COUNT)).one()
