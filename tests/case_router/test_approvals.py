"""What two people must want: who may decide, once, in time, and with a role that still holds."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from speakup.staff import Role
from tests.case_router.world import World

REASON = "The prosecutor asks who wrote it."
ASK = {"what": "contact", "reason": REASON}


async def asked(world: World, number: str, by: str = "officer", what: str = "contact") -> str:
    answer = await world.change(number, "unsealings", ASK | {"what": what}, by)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["approval_id"])


async def decide(world: World, approval: str, by: str, *, approved: bool = True) -> int:
    path = f"/approvals/{approval}/decision"
    return (await world.post(path, {"approved": approved}, by)).status_code


async def listed(world: World, by: str) -> list[dict[str, Any]]:
    answer = await world.get("/approvals", by)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def keep_out(world: World, number: str, name: str) -> None:
    await world.execute("INSERT INTO exclusions VALUES (:n, :a)", n=number, a=world.accounts[name])


@pytest.fixture
async def two(world: World) -> World:
    """With a second officer."""
    await world.add_account("officer2", Role.officer)
    return world


async def test_what_an_officer_asks_another_officer_reads_and_approves(two: World) -> None:
    number = await two.add_case()
    approval = await asked(two, number)
    (item,) = await listed(two, "officer2")
    assert (item["reason"], item["asked_by"], item["state"]) == (REASON, "officer", "open")
    assert item["decidable"]
    assert await decide(two, approval, "officer2") == 200
    (own,) = await listed(two, "officer")
    assert (own["state"], own["decided_by"]) == ("approved", "officer2")
    told = [entry for entry in await two.audit() if "approval" in entry[0] or "asked" in entry[0]]
    assert told == [
        ("unseal.asked", "officer", number),
        ("approval.read", "officer2", number),
        ("approval.given", "officer2", number),
        ("approval.read", "officer", number),
    ]


async def test_with_one_officer_the_chair_approves(world: World) -> None:
    approval = await asked(world, await world.add_case())
    assert await decide(world, approval, "chair") == 200


async def test_nobody_decides_what_they_asked_for(two: World) -> None:
    approval = await asked(two, await two.add_case())
    answer = await two.post(f"/approvals/{approval}/decision", {"approved": True})
    assert answer.status_code == 409
    assert "yourself" in answer.json()["detail"]


@pytest.mark.parametrize("by", ["officer2", "chair"])
async def test_who_is_kept_out_of_a_case_neither_sees_nor_decides(two: World, by: str) -> None:
    number = await two.add_case()
    approval = await asked(two, number)
    await keep_out(two, number, by)
    assert await listed(two, by) == []
    assert await decide(two, approval, by) == 404


@pytest.mark.parametrize("by", ["handler", "mailroom", "auditor", "admin"])
async def test_only_officers_and_the_chair_decide(two: World, by: str) -> None:
    approval = await asked(two, await two.add_case(handler="handler"))
    assert await decide(two, approval, by) == 404


async def test_a_handler_asks_for_a_case_of_theirs(two: World) -> None:
    approval = await asked(two, await two.add_case(handler="handler"), "handler")
    assert await decide(two, approval, "officer") == 200


async def test_of_a_restricted_case_the_one_chair_asks_and_an_officer_decides_without_seeing_it(
    two: World,
) -> None:
    number = await two.add_case(restricted=True)
    approval = await asked(two, number, "chair")
    await keep_out(two, number, "officer2")
    assert await listed(two, "officer2") == []
    assert (await two.get(f"/cases/{number}")).status_code == 404
    (item,) = await listed(two, "officer")
    assert item["reason"] == REASON
    assert await decide(two, approval, "officer") == 200


async def test_of_a_restricted_case_another_chair_comes_before_officers(two: World) -> None:
    await two.add_account("chair2", Role.chair)
    approval = await asked(two, await two.add_case(restricted=True), "chair")
    assert await decide(two, approval, "officer") == 404
    assert await decide(two, approval, "chair2") == 200


async def test_before_a_restricted_case_is_triaged_no_officer_decides_about_it(two: World) -> None:
    number = await two.add_case(restricted=True, triaged_at=None)
    answer = await two.change(number, "unsealings", ASK, "chair")
    assert answer.status_code == 409
    assert "Nobody could approve" in answer.json()["detail"]
    assert await two.rows("SELECT 1 FROM approvals") == []


async def test_what_is_decided_stays_decided(two: World) -> None:
    approval = await asked(two, await two.add_case())
    assert await decide(two, approval, "officer2", approved=False) == 200
    assert await decide(two, approval, "chair") == 409
    (own,) = await listed(two, "officer")
    assert own["state"] == "refused"


async def test_of_two_decisions_at_once_one_counts(two: World) -> None:
    for _ in range(5):
        approval = await asked(two, await two.add_case())
        statuses = await asyncio.gather(
            decide(two, approval, "officer2"), decide(two, approval, "chair", approved=False)
        )
        assert sorted(statuses) == [200, 409]


async def test_what_nobody_decides_in_seven_days_is_over(two: World) -> None:
    number = await two.add_case()
    approval = await asked(two, number)
    await two.execute("UPDATE approvals SET asked_at = now() - interval '7 days 1 second'")
    assert await listed(two, "officer2") == []
    assert [item["state"] for item in await listed(two, "officer")] == ["expired"]
    assert await decide(two, approval, "officer2") == 409
    await asked(two, number)


async def test_the_same_is_not_asked_for_twice_while_it_is_open(two: World) -> None:
    number = await two.add_case()
    await asked(two, number)
    assert (await two.change(number, "unsealings", ASK)).status_code == 409
    await asked(two, number, what="voice")


@pytest.mark.parametrize(
    "change", ["role = 'handler'", "disabled_at = now()"], ids=["demoted", "disabled"]
)
async def test_a_role_taken_away_meanwhile_decides_and_asks_nothing(
    two: World, change: str
) -> None:
    approval = await asked(two, await two.add_case())
    await two.execute(f"UPDATE accounts SET {change} WHERE name = 'officer2'")
    assert await decide(two, approval, "officer2") == 404
    await two.execute(f"UPDATE accounts SET {change} WHERE name = 'officer'")
    assert await decide(two, approval, "chair") == 409
    assert await decide(two, approval, "chair", approved=False) == 409


async def test_a_role_that_is_being_taken_away_is_waited_for(two: World) -> None:
    approval = await asked(two, await two.add_case())
    async with two.engine.begin() as connection:
        await connection.exec_driver_sql(
            "UPDATE accounts SET disabled_at = now() WHERE name = 'officer2'"
        )
        deciding = asyncio.create_task(decide(two, approval, "officer2"))
        for _ in range(10_000):
            if await two.rows("SELECT 1 FROM pg_locks WHERE NOT granted"):
                break
        assert not deciding.done()
    assert await deciding == 404


async def test_the_reason_lies_nowhere_in_the_clear_and_goes_with_the_case(two: World) -> None:
    approval = await asked(two, await two.add_case())
    for table in ("approvals", "audit", "idempotency", "outbox"):
        rows = str(await two.rows(f"SELECT {table}::text FROM {table}"))
        assert "prosecutor" not in rows
        assert b"prosecutor".hex() not in rows
    await two.erase()
    assert [item["reason"] for item in await listed(two, "officer2")] == [None]
    assert approval


async def test_what_is_asked_for_is_shown_with_a_second_factor_only(public_world: World) -> None:
    headers = public_world.bearer(narratives=False)
    answer = await public_world.client.get("/api/v1/approvals", headers=headers)
    assert answer.status_code == 403
