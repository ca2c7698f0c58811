"""The orders that cases are listed in, and places in them: what a page ends with is where the next begins."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Integer, Select, literal_column, tuple_

from case_router.tables import PRIORITY_RANK, cases
from case_router.triage import Priority


class Sort(StrEnum):
    """What comes first."""

    newest = "newest"
    """Urgent ones, then the newest."""
    oldest = "oldest"
    due = "due"
    """What is owed soonest; cases that owe nothing aren't there."""
    priority = "priority"
    """By a person's word, then the newest."""


class _Order(NamedTuple):
    columns: tuple[ColumnElement[Any], ...]
    types: tuple[type, ...]
    descending: bool
    only: ColumnElement[bool] | None = None


priority_rank = literal_column(PRIORITY_RANK, Integer)
"""Of a case's priority among `Priority`."""
_NUMBER = cases.c.case_number
_ORDERS = {
    Sort.newest: _Order(
        (cases.c.urgent, cases.c.opened_at, _NUMBER), (bool, datetime, str), descending=True
    ),
    Sort.oldest: _Order((cases.c.opened_at, _NUMBER), (datetime, str), descending=False),
    Sort.due: _Order(
        (cases.c.due_at, _NUMBER),
        (datetime, str),
        descending=False,
        only=cases.c.due_at.is_not(None),
    ),
    Sort.priority: _Order(
        (priority_rank, cases.c.opened_at, _NUMBER), (int, datetime, str), descending=True
    ),
}

Place = tuple[Any, ...]
"""The values of an order's columns."""


def ordered(
    query: Select[*tuple[Any, ...]], sort: Sort, after: Place | None
) -> Select[*tuple[Any, ...]]:
    """In this order, behind a place; each row has its own as `place_0`, `place_1` and so on."""
    order = _ORDERS[sort]
    row = tuple_(*order.columns)
    if order.only is not None:
        query = query.where(order.only)
    if after is not None:
        query = query.where(row < after if order.descending else row > after)
    return query.add_columns(
        *(column.label(f"place_{at}") for at, column in enumerate(order.columns))
    ).order_by(*(column.desc() if order.descending else column for column in order.columns))


def place_of(row: Any, sort: Sort) -> Place:
    """Where a row of `ordered` is."""
    return tuple(getattr(row, f"place_{at}") for at in range(len(_ORDERS[sort].columns)))


def written(place: Place) -> list[str | int]:
    """A place as words and numbers."""
    return [
        value.isoformat()
        if isinstance(value, datetime)
        else int(value)
        if isinstance(value, bool)
        else value
        for value in place
    ]


def read(sort: Sort, words: Sequence[object]) -> Place:
    """What `written` wrote. Raises ValueError, TypeError, OverflowError for what it didn't."""
    types = _ORDERS[sort].types
    return tuple(_value(wanted, word) for wanted, word in zip(types, words, strict=True))


def _value(wanted: type, word: object) -> object:
    if wanted is datetime:
        if not isinstance(word, str):
            raise TypeError
        return datetime.fromisoformat(word).astimezone(UTC)
    if wanted is str:
        if not isinstance(word, str) or len(word) != 10 or not word.isdigit():
            raise ValueError
        return word
    if type(word) is not int or not 0 <= word <= (1 if wanted is bool else len(Priority)):
        raise ValueError
    return wanted(word)
