"""The clocks of a case: until when its reporter is owed what (design.md, 2, Words). Pure arithmetic.

A deadline is the last second of a local day. Days and months are counted by the calendar, as in the Civil Code
of Kazakhstan, articles 173 and 174: the day it begins on doesn't count, and a month without that day ends with its
last one. A deadline that falls on a day off stays there: the reporter is owed the answer by then, not later.
"""

from __future__ import annotations

import calendar
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field

from speakup.events import Kind

if TYPE_CHECKING:
    from holidays import HolidayBase


class Sla(BaseModel):
    """An SLA profile. The defaults are design.md's."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    acknowledge_days: int = Field(default=7, ge=1, le=60, description="From receipt.")
    feedback_months: int = Field(
        default=3, ge=1, le=12, description="From the acknowledgement, of a breach report."
    )
    explanation_working_days: int = Field(
        default=15, ge=1, le=120, description="From receipt, of an inquiry."
    )
    due_soon_days: int = Field(
        default=3, ge=0, le=60, description="A case is `due_soon`, and its handler reminded."
    )
    officers_days: int = Field(
        default=1, ge=0, le=60, description="Officers are reminded; 0: once it is overdue."
    )
    check_back_days: tuple[int, ...] = Field(
        default=(30, 90),
        max_length=12,
        description="After closing a breach report its handler asks the reporter about retaliation.",
    )
    days_off: tuple[date, ...] = Field(
        default=(),
        max_length=400,
        description="Moved by decree after this release: days that aren't worked, ...",
    )
    working_days: tuple[date, ...] = Field(
        default=(), max_length=400, description="... and Saturdays that are."
    )


class Facts(NamedTuple):
    """What the clocks of a case depend on."""

    kind: Kind | None
    received_at: datetime
    acknowledged_at: datetime | None
    reopened_at: datetime | None = None
    """Then they begin anew."""


def acknowledge_by(received_at: datetime, sla: Sla, zone: ZoneInfo) -> datetime:
    """Until when the reporter is to hear that it has arrived."""
    return _days_later(_day(received_at, zone), sla.acknowledge_days, zone)


def feedback_by(facts: Facts, sla: Sla, zone: ZoneInfo) -> datetime | None:
    """Until when they are to have the answer; None: nobody is owed one.

    Where no acknowledgement has reached them, the months run from when one was due (Directive (EU) 2019/1937,
    article 9, 1 f).
    """
    match facts.kind:
        case Kind.out_of_scope:
            return None
        case Kind.policy_inquiry:
            begun = _day(facts.reopened_at or facts.received_at, zone)
            return _end_of(_working_day(begun, sla), zone)
        case _:
            due = acknowledge_by(facts.received_at, sla, zone)
            begun = _day(facts.reopened_at or facts.acknowledged_at or due, zone)
            return _end_of(_months_later(begun, sla.feedback_months), zone)


def check_backs(closed_at: datetime, sla: Sla, zone: ZoneInfo) -> list[date]:
    """On which local days the reporter is asked about retaliation."""
    closed = _day(closed_at, zone)
    return [closed + timedelta(days=days) for days in sorted(set(sla.check_back_days))]


def _working_day(begun: date, sla: Sla) -> date:
    day, left = begun, sla.explanation_working_days
    while left:
        day += timedelta(days=1)
        left -= is_working_day(day, sla)
    return day


def is_working_day(day: date, sla: Sla) -> bool:
    """By the Kazakh calendar of a five-day week, with holidays' days off and Saturdays moved."""
    if day in sla.working_days:
        return True
    return day not in sla.days_off and _of_year(day.year).is_working_day(day)


@lru_cache(maxsize=16)
def _of_year(year: int) -> HolidayBase:
    # A third of a second, which only the first look at the calendar has to wait.
    from holidays import country_holidays

    return country_holidays("KZ", years=year)


@lru_cache(maxsize=64)
def _days_later(day: date, days: int, zone: ZoneInfo) -> datetime:
    # Thousands of cases of one day are opened in a second.
    return _end_of(day + timedelta(days=days), zone)


def _months_later(day: date, months: int) -> date:
    years, month = divmod(day.month - 1 + months, 12)
    year, month = day.year + years, month + 1
    return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


def _day(moment: datetime, zone: ZoneInfo) -> date:
    return moment.astimezone(zone).date()


def _end_of(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(23, 59, 59), zone)
