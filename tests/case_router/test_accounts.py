"""Accounts over the API: what an admin does alone, and what takes two officers or the chair."""

from __future__ import annotations

from typing import Any

import httpx

from speakup.staff import Role
from tests.case_router.test_approvals import decide
from tests.case_router.world import PASSWORD, World

NEW = "seven grey herons at dusk"
REASON = "Joins the compliance office on Monday."


async def make(world: World, role: str, by: str = "admin") -> httpx.Response:
    body = {"name": "a.ospanova", "role": role, "reason": REASON}
    return await world.post("/accounts", body, by)


async def change(world: World, name: str, **values: object) -> httpx.Response:
    path = f"/api/v1/accounts/{world.accounts[name]}"
    headers = world.bearer("admin")
    return await world.client.patch(path, headers=headers, json={"reason": REASON} | values)


async def first_password(world: World, code: str, name: str = "a.ospanova") -> int:
    body = {"name": name, "code": code, "new": NEW}
    return (await world.client.post("/api/v1/first-password", json=body)).status_code


async def account(world: World, name: str) -> dict[str, Any]:
    items = (await world.get("/accounts", "admin")).json()["items"]
    found: dict[str, Any] = next(item for item in items if item["name"] == name)
    return found


async def test_a_handler_begins_with_a_code_that_is_good_once(world: World) -> None:
    made = (await make(world, "handler")).json()
    assert await first_password(world, "guessed") == 401
    assert await first_password(world, made["code"]) == 204
    assert await first_password(world, made["code"]) == 401
    assert (await world.sign_in("a.ospanova", password=NEW)).status_code == 200
    assert (await account(world, "a.ospanova"))["role"] == "handler"


async def test_a_code_is_over_after_a_week(world: World) -> None:
    made = (await make(world, "handler")).json()
    await world.execute("UPDATE accounts SET invited_until = now() WHERE name = 'a.ospanova'")
    assert await first_password(world, made["code"]) == 401


async def test_an_officer_is_made_by_two_officers_and_the_admin_never_has_the_code(
    world: World,
) -> None:
    await world.add_account("officer2", Role.officer)
    made = (await make(world, "officer")).json()
    assert made["code"] is None
    path = f"/approvals/{made['approval_id']}/decision"
    first = (await world.post(path, {"approved": True}, "officer")).json()
    assert (first["state"], first["code"]) == ("one_more", None)
    assert await decide(world, made["approval_id"], "officer") == 409
    assert (await account(world, "a.ospanova"))["disabled_at"] is not None
    second = (await world.post(path, {"approved": True}, "officer2")).json()
    assert second["state"] == "approved"
    assert await first_password(world, second["code"]) == 204
    made_one = await account(world, "a.ospanova")
    assert (made_one["role"], made_one["disabled_at"]) == ("officer", None)


async def test_the_chair_alone_makes_an_officer(world: World) -> None:
    made = (await make(world, "officer")).json()
    assert await decide(world, made["approval_id"], "chair") == 200
    assert (await account(world, "a.ospanova"))["role"] == "officer"


async def test_one_officer_without_a_chair_is_not_enough(world: World) -> None:
    await change(world, "chair", disabled=True)
    answer = await make(world, "officer")
    assert answer.status_code == 409
    assert await world.rows("SELECT 1 FROM accounts WHERE name = 'a.ospanova'") == []


async def test_who_is_disabled_is_out_at_once(world: World) -> None:
    session = (await world.sign_in()).json()
    number = await world.add_case()
    assert (await change(world, "officer", disabled=True)).status_code == 200
    form = {"grant_type": "refresh_token", "refresh_token": session["refresh_token"]}
    assert (await world.client.post("/api/v1/token", data=form)).status_code == 401
    assert (await world.sign_in()).status_code == 401
    assert (await world.get(f"/cases/{number}")).status_code == 404


async def test_an_officer_is_enabled_again_by_approval_only(world: World) -> None:
    await change(world, "officer", disabled=True)
    again = (await change(world, "officer", disabled=False)).json()
    assert (await world.sign_in()).status_code == 401
    assert await decide(world, again["approval_id"], "chair") == 200
    assert (await world.sign_in()).status_code == 200


async def test_an_officers_credentials_are_reset_by_approval_only(world: World) -> None:
    path = f"/accounts/{world.accounts['officer']}/reset"
    asked = (await world.post(path, {"reason": REASON}, "admin")).json()
    assert asked["code"] is None
    assert (await world.sign_in()).status_code == 200
    assert await decide(world, asked["approval_id"], "officer") == 404
    decision = {"approved": True}
    given = await world.post(f"/approvals/{asked['approval_id']}/decision", decision, "chair")
    assert (await world.sign_in(password=PASSWORD)).status_code == 401
    assert await first_password(world, given.json()["code"], "officer") == 204


async def test_nobody_changes_their_own_account_here(world: World) -> None:
    assert (await change(world, "admin", role="chair")).status_code == 409


async def test_only_an_admin_keeps_accounts(world: World) -> None:
    for by in ("officer", "chair", "handler", "auditor", "mailroom"):
        assert (await make(world, "handler", by)).status_code == 404
        assert (await world.get("/accounts", by)).status_code == 404
