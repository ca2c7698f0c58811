"""The duty roster."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import httpx
import pytest

from speakup.staff import Role
from tests.case_router.world import World

NOW = datetime.now(UTC).replace(microsecond=0)


def turn(officer: str, begins: int, ends: int) -> dict[str, str]:
    return {
        "officer": officer,
        "starts_at": (NOW + timedelta(hours=begins)).isoformat(),
        "ends_at": (NOW + timedelta(hours=ends)).isoformat(),
    }


async def put(world: World, *turns: dict[str, str], by: str = "chair") -> httpx.Response:
    return await world.client.put(
        "/api/v1/duty", json={"items": list(turns)}, headers=world.bearer(by)
    )


async def test_who_is_put_on_duty_triages_alone(world: World) -> None:
    await world.add_account("officer2", Role.officer)
    number = await world.add_case(None, triaged_at=None)
    assert (await put(world, turn("officer", -1, 8), turn("officer2", 8, 16))).status_code == 200
    assert (await world.get(f"/cases/{number}", "officer")).status_code == 200
    assert (await world.get(f"/cases/{number}", "officer2")).status_code == 404
    shown = (await world.get("/duty", "officer2")).json()["items"]
    assert [item["officer"] for item in shown] == ["officer", "officer2"]


async def test_the_roster_set_anew_replaces_what_is_not_over_and_is_audited(world: World) -> None:
    await put(world, turn("officer", -1, 8))
    answer = await put(world, turn("officer", 4, 5), by="admin")
    assert [item["starts_at"] for item in answer.json()["items"]] == [
        (NOW + timedelta(hours=4)).isoformat().replace("+00:00", "Z")
    ]
    assert [entry[:2] for entry in await world.audit()] == [
        ("duty.set", "chair"),
        ("duty.set", "admin"),
    ]


@pytest.mark.parametrize(
    "wrong",
    [turn("handler", 0, 8), turn("nobody", 0, 8), turn("officer", 8, 8), turn("officer", -8, -1)],
    ids=["no officer", "nobody", "without length", "over"],
)
async def test_a_turn_that_cannot_be_is_refused_and_the_roster_stays(
    world: World, wrong: dict[str, str]
) -> None:
    await put(world, turn("officer", -1, 8))
    assert (await put(world, turn("officer", 8, 9), wrong)).status_code == 422
    assert len((await world.get("/duty")).json()["items"]) == 1


@pytest.mark.parametrize("role", ["officer", "handler", "auditor", "mailroom"])
async def test_only_chair_and_admin_set_it(world: World, role: str) -> None:
    assert (await put(world, turn("officer", 0, 8), by=role)).status_code == 404
