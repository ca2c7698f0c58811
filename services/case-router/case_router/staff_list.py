"""The company's list of staff: people, their managers and units, checked as a whole. Pure.

It comes as CSV (`read_csv`) or from a directory (`directory`); either way nothing is taken of a list with a fault.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

LONGEST = 200
"""Letters of any value."""
MOST_FAULTS = 100

NEEDED = ("personnel_number", "name")
COLUMNS = (*NEEDED, "manager", "unit", "unit_name", "parent_unit", "account")


class Fault(NamedTuple):
    """What is wrong, and where: a line of the file (from 1, which is the header), or an entry's place."""

    line: int
    what: str


class FaultyListError(Exception):
    """The list can't be taken; nothing of it was."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(f"{len(faults)} faults")
        self.faults = sorted(faults)[:MOST_FAULTS]


class Person(NamedTuple):
    """One of the staff; empty is none. `manager` is a personnel number, `account` the name of a staff account."""

    line: int
    personnel_number: str
    name: str
    manager: str = ""
    unit: str = ""
    account: str = ""


class Unit(NamedTuple):
    """A part of the company, by its code."""

    line: int
    unit: str
    name: str = ""
    parent: str = ""


class StaffList(NamedTuple):
    """All of them. `ties`: it says which account is whose, so that ties it doesn't tell of end."""

    people: Sequence[Person]
    units: Sequence[Unit]
    ties: bool


def read_csv(content: bytes) -> StaffList:
    """A list from a file in UTF-8 with a header; columns are apart by commas or semicolons.

    A line without `personnel_number` and `name` tells of a unit alone. Raises FaultyListError.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise FaultyListError(
            [Fault(line, "This isn't UTF-8: save the file as CSV UTF-8.")]
        ) from None
    if "\x00" in text:
        raise FaultyListError([Fault(1, "This isn't a text: save the file as CSV UTF-8.")])
    header = text.partition("\n")[0]
    comma = ";" if header.count(";") > header.count(",") else ","
    # A quote that is never closed would swallow the lines behind it.
    rows = csv.DictReader(io.StringIO(text, newline=""), delimiter=comma, strict=True)
    columns = _columns(rows.fieldnames or ())
    people, units, faults = [], [], []
    try:
        for row in rows:
            line = rows.line_num
            if None in row or None in row.values():
                faults.append(
                    Fault(line, f"This line hasn't {len(columns)} values, as the header has.")
                )
                continue
            values = {
                name: " ".join(str(value).split())
                for name, value in zip(columns, row.values(), strict=True)
            }
            if values["personnel_number"] or values["name"]:
                people.append(_person(line, values))
            if values.get("unit"):
                units.append(_unit(line, values))
    except csv.Error:
        faults.append(
            Fault(rows.line_num + 1, "From here on this is no CSV: is a quote not closed?")
        )
    listed = StaffList(people, _merged(units), "account" in columns)
    check(listed, faults, units)
    return listed


def check(listed: StaffList, faults: Iterable[Fault] = (), told: Sequence[Unit] = ()) -> None:
    """Raises FaultyListError where the list contradicts itself. `told`: units as often as they are told of."""
    found = [*faults, *_faults(listed), *_contradictions(told)]
    if found:
        raise FaultyListError(found)


def _columns(names: Iterable[str]) -> list[str]:
    columns = [name.strip().casefold() for name in names]
    missing = [name for name in NEEDED if name not in columns]
    unknown = [name for name in columns if name not in COLUMNS]
    if missing or unknown or len(set(columns)) < len(columns):
        what = f"The header needs {', '.join(NEEDED)}, may have {', '.join(COLUMNS[2:])}, each once, and no other."
        raise FaultyListError([Fault(1, what)])
    return columns


def _person(line: int, values: Mapping[str, str]) -> Person:
    return Person(
        line,
        values["personnel_number"],
        values["name"],
        values.get("manager", ""),
        values.get("unit", ""),
        values.get("account", ""),
    )


def _unit(line: int, values: Mapping[str, str]) -> Unit:
    return Unit(line, values["unit"], values.get("unit_name", ""), values.get("parent_unit", ""))


def _merged(told: Iterable[Unit]) -> list[Unit]:
    """Each unit once: its name and parent from whichever line has them."""
    units: dict[str, Unit] = {}
    for unit in told:
        known = units.setdefault(unit.unit, unit)
        units[unit.unit] = known._replace(
            name=known.name or unit.name, parent=known.parent or unit.parent
        )
    return list(units.values())


def _contradictions(told: Iterable[Unit]) -> Iterator[Fault]:
    units: dict[str, Unit] = {}
    for unit in told:
        known = units.setdefault(unit.unit, unit)
        if (unit.name and known.name and unit.name != known.name) or (
            unit.parent and known.parent and unit.parent != known.parent
        ):
            yield Fault(unit.line, f"Line {known.line} gives this unit another name or parent.")
        units[unit.unit] = known._replace(
            name=known.name or unit.name, parent=known.parent or unit.parent
        )


def _faults(listed: StaffList) -> Iterator[Fault]:
    people = {person.personnel_number: person for person in listed.people}
    numbers = Counter(person.personnel_number for person in listed.people)
    accounts = Counter(person.account for person in listed.people if person.account)
    if not listed.people:
        yield Fault(1, "There is nobody in it.")
    for person in listed.people:
        wrong = {
            "A person needs a personnel number and a name.": not (
                person.personnel_number and person.name
            ),
            "Another line has this personnel number, too.": numbers[person.personnel_number] > 1,
            "The manager isn't in the list: there is no such personnel number.": person.manager
            and person.manager not in people,
            "Another line has this account, too.": accounts[person.account] > 1,
            f"A value has more than {LONGEST} letters.": any(len(str(v)) > LONGEST for v in person),
        }
        yield from (Fault(person.line, what) for what, is_so in wrong.items() if is_so)
    managers = {number: person.manager for number, person in people.items()}
    for number in _in_circles(managers):
        yield Fault(people[number].line, "The managers go round in a circle here.")
    yield from _unit_faults(listed.units)


def _unit_faults(listed: Sequence[Unit]) -> Iterator[Fault]:
    units = {unit.unit: unit for unit in listed}
    for unit in listed:
        if unit.parent and unit.parent not in units:
            yield Fault(unit.line, "The parent unit isn't in the list: give it a line of its own.")
        if any(len(str(value)) > LONGEST for value in unit):
            yield Fault(unit.line, f"A value has more than {LONGEST} letters.")
    for code in _in_circles({code: unit.parent for code, unit in units.items()}):
        yield Fault(units[code].line, "The units go round in a circle here.")


def _in_circles(above: Mapping[str, str]) -> list[str]:
    """Who is above themselves."""
    done: set[str] = set()
    found = []
    for start in above:
        path: list[str] = []
        on_path: set[str] = set()
        at = start
        while at in above and at not in done and at not in on_path:
            path.append(at)
            on_path.add(at)
            at = above[at]
        if at in on_path:
            found += path[path.index(at) :]
        done |= on_path
    return found
