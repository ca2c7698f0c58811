"""Facts and tallies in PostgreSQL, whole batches in one statement each, in the caller's transaction.

Rows are always touched in the order of their keys, so that two instances don't block each other.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import fields
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncConnection

from reporting import tables
from reporting.tally import Calls, Cell, Facts

_NAMES = [field.name for field in fields(Facts)]
_COLUMNS = ", ".join(_NAMES)
_ARRAYS = ", ".join(
    f"CAST(:{name} AS {tables.facts.c[name].type.compile(postgresql.dialect())}[])"  # type: ignore[no-untyped-call]
    for name in _NAMES
)
_SET = ", ".join(f"{name} = changed.{name}" for name in _NAMES if name != "case_number")

_UNSEEN = text(
    """
    INSERT INTO facts_events (event_id) SELECT unnest(CAST(:ids AS uuid[]))
    ON CONFLICT (event_id) DO NOTHING RETURNING event_id
    """
)
_READ = text(
    f"SELECT {_COLUMNS} FROM facts WHERE case_number = ANY(:numbers) "  # noqa: S608 - our columns
    "ORDER BY case_number FOR UPDATE"
)
_ADD = text(
    f"INSERT INTO facts ({_COLUMNS}) SELECT * FROM unnest({_ARRAYS}) "  # noqa: S608
    "ON CONFLICT (case_number) DO NOTHING"
)
_CHANGE = text(
    f"UPDATE facts SET {_SET} FROM unnest({_ARRAYS}) AS changed ({_COLUMNS}) "  # noqa: S608
    "WHERE facts.case_number = changed.case_number"
)
_COUNT = text(
    """
    INSERT INTO tallies (day, channel, kind, language, status, count)
    SELECT * FROM unnest(CAST(:days AS date[]), CAST(:channels AS text[]), CAST(:kinds AS text[]),
                         CAST(:languages AS text[]), CAST(:statuses AS text[]),
                         CAST(:counts AS integer[]))
    ON CONFLICT (day, channel, kind, language, status)
    DO UPDATE SET count = tallies.count + excluded.count
    """
)


_COUNT_CALLS = text(
    """
    INSERT INTO calls (day, language, ended, abandoned)
    SELECT * FROM unnest(CAST(:days AS date[]), CAST(:languages AS text[]),
                         CAST(:ended AS integer[]), CAST(:abandoned AS integer[]))
    ON CONFLICT (day, language)
    DO UPDATE SET ended = calls.ended + excluded.ended,
                  abandoned = calls.abandoned + excluded.abandoned
    """
)


class RaceError(Exception):
    """Another instance has just written facts of the same case: roll back and try again."""


async def take_unseen(connection: AsyncConnection, event_ids: Collection[UUID]) -> set[UUID]:
    """Which of these events are new; from now on they are seen."""
    rows = await connection.execute(_UNSEEN, {"ids": sorted(event_ids)})
    return set(rows.scalars())


async def read(connection: AsyncConnection, numbers: Collection[str]) -> dict[str, Facts]:
    """The facts of the cases that have any, locked until the transaction ends."""
    rows = await connection.execute(_READ, {"numbers": list(numbers)})
    return {row.case_number: Facts(*row) for row in rows}


async def add(connection: AsyncConnection, facts: Sequence[Facts]) -> None:
    """Facts of cases that `read` didn't find. Raises RaceError where one is there by now."""
    if facts:
        result = await connection.execute(_ADD, _columns(facts))
        if result.rowcount != len(facts):
            raise RaceError


async def change(connection: AsyncConnection, facts: Sequence[Facts]) -> None:
    """Facts of cases that `read` found."""
    if facts:
        await connection.execute(_CHANGE, _columns(facts))


async def count(connection: AsyncConnection, moves: Mapping[Cell, int]) -> None:
    """Change the figures."""
    if moves:
        cells = sorted(moves)
        days, channels, kinds, languages, statuses = zip(*cells, strict=True)
        await connection.execute(
            _COUNT,
            {
                "days": list(days),
                "channels": list(channels),
                "kinds": list(kinds),
                "languages": list(languages),
                "statuses": list(statuses),
                "counts": [moves[cell] for cell in cells],
            },
        )


async def count_calls(connection: AsyncConnection, counts: Mapping[Calls, tuple[int, int]]) -> None:
    """Add to the calls of each day and language."""
    if counts:
        places = sorted(counts)
        await connection.execute(
            _COUNT_CALLS,
            {
                "days": [place.day for place in places],
                "languages": [place.language for place in places],
                "ended": [counts[place][0] for place in places],
                "abandoned": [counts[place][1] for place in places],
            },
        )


def _columns(facts: Sequence[Facts]) -> dict[str, list[object]]:
    ordered = sorted(facts, key=lambda one: one.case_number)
    return {name: [getattr(one, name) for one in ordered] for name in _NAMES}
