"""Whom a case is about: rules by people, suggestions decided on, and who may read them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import insert

from case_router.work_tables import approvals
from speakup.staff import Role
from tests.case_router.staff import add_person, add_unit
from tests.case_router.test_who_sees_what import sees
from tests.case_router.world import World


@pytest.fixture
async def staffed(world: World) -> World:
    """Two units; a director without an account, above the handler; an officer elsewhere."""
    await world.add_account("officer2", Role.officer)
    await add_unit(world.engine, "works")
    await add_unit(world.engine, "works/mill", "works")
    director = await add_person(world.engine, "Вишневский Павел", number="1", unit="works")
    foreman = await add_person(world.engine, "Омаров Болат", number="2", manager=director)
    await add_person(
        world.engine,
        "Садыкова Алия",
        number="3",
        manager=foreman,
        unit="works/mill",
        account=world.accounts["handler"],
    )
    await add_person(world.engine, "Ахметов Серік", number="4", account=world.accounts["officer"])
    await add_person(world.engine, "Есенов Данияр", number="5")
    return world


async def add(world: World, number: str, by: str = "officer2", **body: str) -> str:
    answer = await world.change(number, "concerned", body, by)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["concerned_id"])


async def test_somebody_who_works_no_case_is_a_fact_and_keeps_nobody_out(staffed: World) -> None:
    number = await staffed.add_case(handler="handler")
    await add(staffed, number, person="5")
    assert await sees(staffed, number) == {"officer", "officer2", "handler"}


@pytest.mark.parametrize("rule", [{"person": "1"}, {"person": "2"}, {"person": "3"}])
async def test_a_person_and_all_below_them_are_kept_out(
    staffed: World, rule: dict[str, str]
) -> None:
    number = await staffed.add_case(handler="handler")
    await add(staffed, number, **rule)
    assert await sees(staffed, number) == {"chair"}
    read = (await staffed.get(f"/cases/{number}/concerned", "chair")).json()
    assert read["accounts"] == ["handler"]
    assert (await staffed.get(f"/cases/{number}", "chair")).json()["handler"] is None


@pytest.mark.parametrize("unit", ["works", "works/mill"])
async def test_a_unit_with_its_parts_is_kept_out(staffed: World, unit: str) -> None:
    number = await staffed.add_case(handler="handler")
    await add(staffed, number, unit=unit)
    assert "handler" not in await sees(staffed, number)


async def test_an_officer_who_names_their_colleague_gives_the_case_away_and_is_told_so(
    staffed: World,
) -> None:
    number = await staffed.add_case()
    answer = await staffed.change(number, "concerned", {"person": "4"}, "officer2")
    assert answer.status_code == 201
    assert await sees(staffed, number) == {"chair"}


async def test_a_typed_name_is_sealed_and_compared_with_staff(staffed: World) -> None:
    number = await staffed.add_case()
    await add(staffed, number, name="Жоламан Қасқырбаев")
    assert await sees(staffed, number) == {"officer", "officer2"}
    await add(staffed, number, name="Akhmetov Serik")
    assert await sees(staffed, number) == {"chair"}
    read = (await staffed.get(f"/cases/{number}/concerned", "chair")).json()
    assert {(item["name"], item["state"], item["personnel_number"]) for item in read["items"]} == {
        ("Жоламан Қасқырбаев", "confirmed", None),
        ("Akhmetov Serik", "confirmed", None),
        (None, "suggested", "4"),
    }
    stored = await staffed.rows("SELECT name_locked FROM concerned WHERE name_locked IS NOT NULL")
    assert not any(b"Akhmetov" in row.name_locked for row in stored)


async def test_the_list_is_for_the_chair_and_for_an_officer_to_whom_it_was_granted(
    staffed: World,
) -> None:
    number = await staffed.add_case()
    added = await add(staffed, number, person="5")
    path = f"/cases/{number}/concerned"
    assert (await staffed.get(path, "officer")).status_code == 403
    refused = await staffed.change(number, f"concerned/{added}", {"state": "dismissed"})
    assert refused.status_code == 403
    await grant(staffed, number, "officer", expires_in=timedelta(hours=-1))
    assert (await staffed.get(path, "officer")).status_code == 403
    await grant(staffed, number, "officer", expires_in=timedelta(hours=1))
    assert (await staffed.get(path, "officer")).status_code == 200
    assert (await staffed.get(path, "officer2")).status_code == 403
    assert ("exclusions.read", "officer", number) in await staffed.audit()


async def test_dismissed_they_are_let_in_again_once_the_chair_releases_the_case(
    staffed: World,
) -> None:
    number = await staffed.add_case()
    added = await add(staffed, number, person="4")
    kept = await staffed.change(number, "restriction", {"restricted": False}, "chair")
    assert kept.status_code == 409
    decided = await staffed.change(number, f"concerned/{added}", {"state": "dismissed"}, "chair")
    assert decided.status_code == 200
    assert await sees(staffed, number) == {"chair"}
    await staffed.change(number, "restriction", {"restricted": False}, "chair")
    assert await sees(staffed, number) == {"officer", "officer2"}


async def test_a_dismissed_suggestion_is_not_made_again(staffed: World) -> None:
    number = await staffed.add_case()
    await add(staffed, number, name="Akhmetov")
    (suggested,) = await staffed.rows("SELECT concerned_id FROM concerned WHERE state='suggested'")
    path = f"concerned/{suggested.concerned_id}"
    await staffed.change(number, path, {"state": "dismissed"}, "chair")
    await add(staffed, number, by="chair", name="С. Ахметов")
    states = await staffed.rows("SELECT state FROM concerned WHERE person_id IS NOT NULL")
    assert [row.state for row in states] == ["dismissed"]


async def test_a_rule_taken_away_keeps_nobody_out(staffed: World) -> None:
    number = await staffed.add_case(handler="handler", restricted=True)
    added = await add(staffed, number, by="chair", person="3")
    sent = staffed.bearer("chair") | {"If-Match": "*"}
    path = f"/api/v1/cases/{number}/concerned/{added}"
    assert (await staffed.client.delete(path, headers=sent)).status_code == 200
    assert (await staffed.client.delete(path, headers=sent)).status_code == 404
    assert await staffed.rows("SELECT * FROM exclusions") == []
    assert ("concerned.removed", "chair", number) in await staffed.audit()


async def test_the_same_rule_twice_is_refused_and_what_is_not_there_is_told(
    staffed: World,
) -> None:
    number = await staffed.add_case()
    await add(staffed, number, person="5")
    for body, status in (
        ({"person": "5"}, 409),
        ({"person": "77"}, 422),
        ({"unit": "moon"}, 422),
        ({}, 422),
        ({"person": "5", "name": "x"}, 422),
    ):
        answer = await staffed.change(number, "concerned", body, "officer")
        assert answer.status_code == status, body


@pytest.mark.parametrize("role", ["handler", "auditor", "admin", "mailroom"])
async def test_others_neither_read_nor_make_rules(staffed: World, role: str) -> None:
    number = await staffed.add_case(handler="handler")
    assert (await staffed.get(f"/cases/{number}/concerned", role)).status_code == 404
    assert await staffed.change_blindly(f"/cases/{number}/concerned", {"unit": "x"}, role) == 404


async def test_names_are_not_told_of_an_erased_case(staffed: World) -> None:
    number = await staffed.add_case()
    await add(staffed, number, name="Kaskyrbayev")
    await staffed.erase()
    await staffed.execute("UPDATE cases SET restricted = true")
    read = (await staffed.get(f"/cases/{number}/concerned", "chair")).json()
    assert [item["name"] for item in read["items"]] == [None]
    again = await staffed.change(number, "concerned", {"name": "x y"}, "chair")
    assert again.status_code == 409


async def grant(world: World, number: str, name: str, *, expires_in: timedelta) -> UUID:
    now, approval_id = datetime.now(UTC), uuid4()
    async with world.engine.begin() as connection:
        await connection.execute(
            insert(approvals).values(
                approval_id=approval_id,
                action="read_exclusions",
                case_number=number,
                asked_by=world.accounts[name],
                decided_by=world.accounts["chair"],
                decided_at=now,
                approved=True,
                expires_at=now + expires_in,
            )
        )
    return approval_id
