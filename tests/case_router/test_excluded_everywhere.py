"""Invented staff trees and cases: who is kept out of a case is told, on every route, what is told of no case."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from case_router.store import concerned, exclusions
from speakup.staff import Role
from tests.case_router.asking import NOT_THERE, ask, case_routes
from tests.case_router.staff import add_person, add_unit
from tests.case_router.world import World

ACCOUNTS = ("handler", "officer", "officer2", "chair", "auditor", "admin", "mailroom")


@dataclass(frozen=True)
class Company:
    """Person n's manager is one before them, unit n's parent too; -1: none."""

    managers: Sequence[int]
    units: Sequence[int]
    parents: Sequence[int]
    accounts: Sequence[str]
    """Of the last people, one each."""
    accused: frozenset[int]
    accused_units: frozenset[int]

    def below(self, person: int) -> set[int]:
        """They, and who reports to them at any depth: the slow and plain way."""
        found = {person}
        while True:
            more = {n for n, above in enumerate(self.managers) if above in found} - found
            if not more:
                return found
            found |= more

    def within(self, unit: int) -> set[int]:
        """A unit and its parts."""
        found = {unit}
        while True:
            more = {n for n, above in enumerate(self.parents) if above in found} - found
            if not more:
                return found
            found |= more

    def kept_out(self) -> set[str]:
        """Accounts by the rules as the issue has them."""
        out = {one for person in self.accused for one in self.below(person)}
        shut = {unit for accused in self.accused_units for unit in self.within(accused)}
        out |= {n for n, unit in enumerate(self.units) if unit in shut}
        first = len(self.managers) - len(self.accounts)
        return {name for n, name in enumerate(self.accounts, first) if n in out}


@st.composite
def companies(draw: st.DrawFn) -> Company:
    size = draw(st.integers(len(ACCOUNTS), 14))
    parts = draw(st.integers(1, 5))
    return Company(
        [draw(st.integers(-1, n - 1)) for n in range(size)],
        [draw(st.integers(-1, parts - 1)) for _ in range(size)],
        [draw(st.integers(-1, n - 1)) for n in range(parts)],
        draw(st.permutations(ACCOUNTS)),
        draw(st.frozensets(st.integers(0, size - 1), max_size=2)),
        draw(st.frozensets(st.integers(0, parts - 1), max_size=1)),
    )


async def found_company(world: World, company: Company) -> str:
    """It, and a case about the accused of it, triaged and given to the handler; its number."""
    await world.execute("TRUNCATE cases, people, units CASCADE")
    for n, parent in enumerate(company.parents):
        await add_unit(world.engine, f"u{n}", f"u{parent}" if parent >= 0 else None)
    ids: list[UUID] = []
    first = len(company.managers) - len(company.accounts)
    for n, manager in enumerate(company.managers):
        name = company.accounts[n - first] if n >= first else ""
        unit = company.units[n]
        ids.append(
            await add_person(
                world.engine,
                f"Person {n}",
                account=world.accounts.get(name),
                manager=ids[manager] if manager >= 0 else None,
                unit=f"u{unit}" if unit >= 0 else None,
            )
        )
    number = await world.add_case(handler="handler")
    by = world.accounts["chair"]
    async with world.engine.begin() as connection:
        for person in company.accused:
            await concerned.add(connection, number, by, person_id=ids[person])
        for unit in company.accused_units:
            await concerned.add(connection, number, by, unit=f"u{unit}")
        await exclusions.recompute(connection, [number])
    return number


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(companies())
async def test_exclusions_are_what_the_rules_say(world: World, company: Company) -> None:
    if "officer2" not in world.accounts:
        await world.add_account("officer2", Role.officer)
    number = await found_company(world, company)
    rows = await world.rows(
        "SELECT name FROM exclusions JOIN accounts USING (account_id) WHERE case_number = :n",
        n=number,
    )
    assert {row.name for row in rows} == company.kept_out()
    await world.execute("DELETE FROM concerned")
    async with world.engine.begin() as connection:
        await exclusions.recompute(connection)
    assert await world.rows("SELECT * FROM exclusions") == []


@settings(
    max_examples=8,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(companies())
async def test_who_is_kept_out_learns_nothing_by_any_route(world: World, company: Company) -> None:
    if "officer2" not in world.accounts:
        await world.add_account("officer2", Role.officer)
    number = await found_company(world, company)
    await world.execute("DELETE FROM audit")
    routes = await case_routes(world)
    assert len(routes) > 12
    for name in company.kept_out():
        for route in routes:
            there = await ask(world, route, name, number)
            missing = await ask(world, route, name, NOT_THERE)
            assert there.status_code == missing.status_code, (name, route)
            assert there.status_code in (404, 422), (name, route)
            assert there.content == missing.content, (name, route)
            assert there.headers == missing.headers, (name, route)
        assert number not in (await world.get("/cases", name)).text
    assert await world.rows("SELECT * FROM audit WHERE case_number = :n", n=number) == []
