"""The one condition that says who sees a case: triage, duty, restriction and exclusion."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import func, insert

from case_router.work_tables import duty, exclusions
from speakup.staff import Role
from tests.case_router.world import World

HOUR = timedelta(hours=1)
UNTRIAGED: dict[str, Any] = {"triaged_at": None}


async def sees(world: World, number: str) -> set[str]:
    """Who finds the case in the list, and reads it."""
    listed = {name for name in world.accounts if number in (await world.get("/cases", name)).text}
    read = {
        name
        for name in world.accounts
        if (await world.get(f"/cases/{number}", name)).status_code == 200
    }
    assert listed == read
    return read


async def put_on_duty(world: World, name: str, *, begins: timedelta = -HOUR) -> None:
    async with world.engine.begin() as connection:
        await connection.execute(
            insert(duty).values(
                duty_id=uuid4(),
                account_id=world.accounts[name],
                starts_at=func.now() + begins,
                ends_at=func.now() + begins + 2 * HOUR,
            )
        )


async def exclude(world: World, number: str, *names: str) -> None:
    async with world.engine.begin() as connection:
        for name in names:
            await connection.execute(
                insert(exclusions).values(case_number=number, account_id=world.accounts[name])
            )


@pytest.fixture
async def officers(world: World) -> World:
    """With a second officer."""
    await world.add_account("officer2", Role.officer)
    return world


async def test_until_it_is_triaged_its_handler_does_not_see_it(world: World) -> None:
    number = await world.add_case(None, handler="handler", **UNTRIAGED)
    assert await sees(world, number) == {"officer"}


async def test_until_it_is_triaged_only_the_officer_on_duty_sees_it(officers: World) -> None:
    number = await officers.add_case(None, **UNTRIAGED)
    await put_on_duty(officers, "officer2")
    assert await sees(officers, number) == {"officer2"}


@pytest.mark.parametrize("begins", [-3 * HOUR, HOUR])
async def test_a_duty_counts_while_it_lasts_and_without_one_every_officer_triages(
    officers: World, begins: timedelta
) -> None:
    number = await officers.add_case(None, **UNTRIAGED)
    await put_on_duty(officers, "officer2", begins=begins)
    assert await sees(officers, number) == {"officer", "officer2"}


async def test_once_triaged_all_officers_see_it(officers: World) -> None:
    await put_on_duty(officers, "officer2")
    number = await officers.add_case(handler="handler")
    assert await sees(officers, number) == {"officer", "officer2", "handler"}


@pytest.mark.parametrize("triaged", [True, False])
async def test_a_restricted_case_is_the_chairs_before_triage_and_after(
    world: World, triaged: bool
) -> None:
    number = await world.add_case(None, restricted=True, **({} if triaged else UNTRIAGED))
    assert await sees(world, number) == {"chair"}


async def test_whoever_is_excluded_never_gets_it(officers: World) -> None:
    number = await officers.add_case(handler="handler")
    await exclude(officers, number, "officer", "handler")
    assert await sees(officers, number) == {"officer2"}


async def test_where_the_officer_on_duty_is_excluded_the_other_officers_triage(
    officers: World,
) -> None:
    number = await officers.add_case(None, **UNTRIAGED)
    await put_on_duty(officers, "officer2")
    await exclude(officers, number, "officer2")
    assert await sees(officers, number) == {"officer"}


async def test_a_case_about_the_chair_is_for_the_officers_who_are_not_excluded(
    officers: World,
) -> None:
    number = await officers.add_case(None, restricted=True, **UNTRIAGED)
    await exclude(officers, number, "chair", "officer")
    assert await sees(officers, number) == {"officer2"}


async def test_a_case_about_one_of_two_chairs_is_for_the_other(officers: World) -> None:
    await officers.add_account("chair2", Role.chair)
    number = await officers.add_case(None, restricted=True)
    await exclude(officers, number, "chair")
    assert await sees(officers, number) == {"chair2"}


async def test_without_any_chair_a_restricted_case_waits_for_one(world: World) -> None:
    number = await world.add_case(None, restricted=True)
    await world.execute("UPDATE accounts SET disabled_at = now() WHERE role = 'chair'")
    assert (await world.get(f"/cases/{number}", "officer")).status_code == 404
