"""The figures of a period, from the tallies alone: as fast for ten million cases as for ten."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from speakup.events import Channel, Kind, Language, Status

UNCLASSIFIED = "unclassified"
UNKNOWN = "unknown"

_SUMMARY = text(
    """
    SELECT grouping(channel, kind, language, status, month) AS grouped,
           channel, kind, language, status, month, sum(count) AS cases
    FROM (SELECT channel, kind, language, status, to_char(day, 'YYYY-MM') AS month, count
          FROM tallies
          WHERE count > 0 AND day >= coalesce(:first, '-infinity'::date)
                AND day <= coalesce(:last, 'infinity'::date)) AS counted
    GROUP BY GROUPING SETS ((channel), (kind), (language), (status), (month))
    ORDER BY month
    """
)
# grouping() has a bit for each column that is NOT grouped by, the first column's highest.
_BY = {
    0b01111: "channel",
    0b10111: "kind",
    0b11011: "language",
    0b11101: "status",
    0b11110: "month",
}


_CALLS = text(
    """
    SELECT grouping(language, month) AS grouped, language, month,
           sum(ended) AS ended, sum(abandoned) AS abandoned
    FROM (SELECT language, to_char(day, 'YYYY-MM') AS month, ended, abandoned FROM calls
          WHERE day >= coalesce(:first, '-infinity'::date)
                AND day <= coalesce(:last, 'infinity'::date)) AS counted
    GROUP BY GROUPING SETS ((language), (month))
    ORDER BY month
    """
)
_CALLS_BY = {0b01: "language", 0b10: "month"}


class BadPeriodError(ValueError):
    """Not a period; the text says why, without quoting."""


@dataclass(frozen=True, slots=True)
class Period:
    """Days from `first` to `last`, both included; None is open."""

    first: date | None = None
    last: date | None = None

    @classmethod
    def parse(cls, first: str | None, last: str | None) -> Period:
        """From two ISO 8601 dates; nothing or '' is open. Raises BadPeriodError."""
        period = cls(_day(first), _day(last))
        if period.first and period.last and period.first > period.last:
            raise BadPeriodError("`from` is after `to`; swap them.")
        return period


def _day(written: str | None) -> date | None:
    if not written:
        return None
    try:
        return date.fromisoformat(written)
    except ValueError:
        raise BadPeriodError("Write `from` and `to` as dates like 2026-01-31.") from None


@dataclass(frozen=True, slots=True)
class CallCount:
    """Calls that ended, with or without a submission, and those without."""

    ended: int = 0
    abandoned: int = 0


@dataclass(frozen=True, slots=True)
class CallFigures:
    """Calls by the day that they ended on; a language without calls counts 0."""

    ended: int
    abandoned: int
    language: dict[str, CallCount]
    month: dict[str, CallCount]
    """By `YYYY-MM` in order; months without calls are left out."""


@dataclass(frozen=True, slots=True)
class Summary:
    """How many cases there are, and how many of each; a known value without cases counts 0."""

    total: int
    channel: dict[str, int]
    kind: dict[str, int]
    language: dict[str, int]
    status: dict[str, int]
    month: dict[str, int]
    """By `YYYY-MM` in order; months without cases are left out."""
    calls: CallFigures


async def summarise(engine: AsyncEngine, period: Period) -> Summary:
    """The figures of a period."""
    by: dict[str, dict[str, int]] = {
        "channel": dict.fromkeys(Channel, 0),
        "kind": dict.fromkeys([*Kind, UNCLASSIFIED], 0),
        "language": dict.fromkeys([*Language, UNKNOWN], 0),
        "status": dict.fromkeys(Status, 0),
        "month": {},
    }
    blank = {"kind": UNCLASSIFIED, "language": UNKNOWN}
    async with engine.connect() as connection:
        rows = await connection.execute(_SUMMARY, {"first": period.first, "last": period.last})
        for row in rows:
            attribute = _BY[row.grouped]
            value = getattr(row, attribute) or blank[attribute]
            by[attribute][value] = int(row.cases)
        calls = await _calls(connection, period)
    total = sum(by["channel"].values())
    return Summary(total, **_plain(by), calls=calls)


async def _calls(connection: AsyncConnection, period: Period) -> CallFigures:
    by: dict[str, dict[str, CallCount]] = {
        "language": {str(name): CallCount() for name in (*Language, UNKNOWN)},
        "month": {},
    }
    rows = await connection.execute(_CALLS, {"first": period.first, "last": period.last})
    for row in rows:
        attribute = _CALLS_BY[row.grouped]
        value = getattr(row, attribute) or UNKNOWN
        by[attribute][value] = CallCount(int(row.ended), int(row.abandoned))
    counts = by["language"].values()
    ended, abandoned = (sum(getattr(c, name) for c in counts) for name in ("ended", "abandoned"))
    return CallFigures(ended, abandoned, **by)


def _plain(by: dict[str, dict[str, int]]) -> Any:
    return {name: {str(value): n for value, n in counts.items()} for name, counts in by.items()}
