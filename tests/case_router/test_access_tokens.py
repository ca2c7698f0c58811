"""Tokens for other systems: less than the account may do, for a while, found by scanners, over when it is."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from case_router import personal_token
from case_router.api.token import EXCHANGE
from case_router.store import access_tokens
from speakup.scopes import Scope
from speakup.staff import COOKIE, Role, Verifier
from tests.case_router.world import World


async def make(world: World, *scopes: str, by: str = "officer", **more: object) -> httpx.Response:
    body = {"name": "risk register", "scopes": list(scopes)} | more
    return await world.post("/account/tokens", body, by)


async def exchange(world: World, token: str, **more: str) -> httpx.Response:
    form = {"grant_type": EXCHANGE, "subject_token": token} | more
    return await world.client.post("/api/v1/token", data=form)


async def access(world: World, *scopes: str, by: str = "officer") -> dict[str, str]:
    """The header of a system with these scopes."""
    made = (await make(world, *scopes, by=by)).json()
    answer = (await exchange(world, made["token"])).json()
    return {"Authorization": f"Bearer {answer['access_token']}"}


async def call(world: World, header: dict[str, str], method: str, path: str) -> Any:
    return await world.client.request(
        method, f"/api/v1{path}", headers=header | {"If-Match": "*"}, json={}
    )


async def test_a_system_reads_the_list_of_cases_with_its_token(world: World) -> None:
    number = await world.add_case()
    header = await access(world, "cases:read")
    answer = await call(world, header, "GET", "/cases")
    assert [item["case_number"] for item in answer.json()["items"]] == [number]


async def test_a_system_sees_the_cases_of_its_account_and_no_other(world: World) -> None:
    await world.add_case()
    mine = await world.add_case(handler="handler")
    header = await access(world, "cases:read", by="handler")
    answer = await call(world, header, "GET", "/cases")
    assert [item["case_number"] for item in answer.json()["items"]] == [mine]


async def test_reading_a_case_takes_the_scope_for_narratives(world: World) -> None:
    number = await world.add_case()
    without = await call(world, await access(world, "cases:read"), "GET", f"/cases/{number}")
    both = await access(world, "cases:read", "narratives:read")
    assert without.status_code == 403
    assert without.json()["scope"] == "cases:read narratives:read"
    assert 'error="insufficient_scope"' in without.headers["www-authenticate"]
    assert (await call(world, both, "GET", f"/cases/{number}")).status_code == 200


async def test_reading_is_not_changing(world: World) -> None:
    number = await world.add_case()
    header = await access(world, "cases:read", "narratives:read")
    answer = await call(world, header, "POST", f"/cases/{number}/status")
    assert answer.status_code == 403
    assert answer.json()["scope"] == "cases:write"


async def test_a_system_changes_a_case_with_the_scope_for_it(world: World) -> None:
    number = await world.add_case(kind="breach_report")
    header = await access(world, "cases:write")
    answer = await world.client.post(
        f"/api/v1/cases/{number}/status",
        json={"status": "in_review"},
        headers=header | {"If-Match": "*"},
    )
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/account/tokens"),
        ("GET", "/account/tokens"),
        ("DELETE", "/account/tokens/0c7b3c5e-7b8c-4c1c-9a50-111111111111"),
        ("POST", "/account/password"),
        ("POST", "/account/totp"),
    ],
)
async def test_a_system_does_nothing_with_accounts(world: World, method: str, path: str) -> None:
    scopes = ["cases:read", "cases:write", "narratives:read", "reports:read"]
    answer = await call(world, await access(world, *scopes), method, path)
    assert answer.status_code == 403
    assert "Sign in yourself" in answer.json()["detail"]


async def test_a_page_does_not_take_a_token_of_a_system(world: World) -> None:
    header = await access(world, "cases:read")
    token = header["Authorization"].partition(" ")[2]
    assert Verifier(world.keys).verify(token) is None
    answer = await world.client.get("/login", headers={"Cookie": f"{COOKIE}={token}"})
    assert "officer" not in answer.text


async def test_the_token_is_shown_once_and_kept_as_its_hash(world: World) -> None:
    made = (await make(world, "cases:read")).json()
    (listed,) = (await world.get("/account/tokens")).json()["items"]
    assert listed == {name: value for name, value in made.items() if name != "token"}
    (row,) = await world.rows("SELECT * FROM access_tokens")
    assert row.token_hash == hashlib.sha256(made["token"].encode()).digest()
    assert made["token"] not in repr(tuple(row))


async def test_a_token_is_exchanged_for_fewer_scopes(world: World) -> None:
    made = (await make(world, "cases:read", "cases:write")).json()
    answer = await exchange(world, made["token"], scope="cases:read letters:write")
    assert answer.json()["scope"] == "cases:read"
    assert (answer.json()["expires_in"], "refresh_token" in answer.json()) == (300, False)


async def test_no_scope_left_is_refused(world: World) -> None:
    made = (await make(world, "cases:read")).json()
    answer = await exchange(world, made["token"], scope="reports:read")
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_grant")


async def test_a_token_is_not_sent_as_it_is(world: World) -> None:
    made = (await make(world, "cases:read")).json()
    answer = await call(world, {"Authorization": f"Bearer {made['token']}"}, "GET", "/cases")
    assert answer.status_code == 401
    assert "exchanged first" in answer.json()["detail"]


async def test_a_token_ends_when_its_owner_says_so(world: World) -> None:
    made = (await make(world, "cases:read")).json()
    path = f"/api/v1/account/tokens/{made['token_id']}"
    others = await world.client.delete(path, headers=world.bearer("chair"))
    assert others.status_code == 404
    assert (await exchange(world, made["token"])).status_code == 200
    assert (await world.client.delete(path, headers=world.bearer())).status_code == 204
    assert (await exchange(world, made["token"])).status_code == 401
    assert (await world.get("/account/tokens")).json()["items"] == []
    assert (await world.client.delete(path, headers=world.bearer())).status_code == 404


async def test_a_token_ends_with_its_account(world: World) -> None:
    made = (await make(world, "cases:read")).json()
    await world.execute("UPDATE accounts SET disabled_at = now() WHERE name = 'officer'")
    assert (await exchange(world, made["token"])).status_code == 401


async def test_a_token_ends_on_its_day(world: World) -> None:
    made = (await make(world, "cases:read", days=365)).json()
    until = datetime.fromisoformat(made["expires_at"])
    assert abs(until - datetime.now(UTC) - timedelta(days=365)) < timedelta(minutes=1)
    await world.execute("UPDATE access_tokens SET expires_at = now()")
    assert (await exchange(world, made["token"])).status_code == 401


async def test_all_tokens_of_an_account_end_together(world: World) -> None:
    made = [(await make(world, "cases:read")).json() for _ in range(2)]
    other = (await make(world, "cases:read", by="chair")).json()
    async with world.engine.begin() as connection:
        await access_tokens.end_all(connection, world.accounts["officer"])
    answers = [(await exchange(world, one["token"])).status_code for one in [*made, other]]
    assert answers == [401, 401, 200]


async def test_a_token_has_what_the_role_has_at_that_time(world: World) -> None:
    made = (await make(world, "cases:read", "reports:read")).json()
    await world.execute("UPDATE accounts SET role = 'auditor' WHERE name = 'officer'")
    answer = await exchange(world, made["token"])
    staff = Verifier(world.keys).verify_any(answer.json()["access_token"])
    assert staff is not None
    assert (staff.role, staff.narratives) == (Role.auditor, False)
    assert staff.scopes == frozenset({Scope.reports_read})


@pytest.mark.parametrize(
    ("by", "scope"),
    [("admin", "cases:read"), ("auditor", "narratives:read"), ("mailroom", "reports:read")],
)
async def test_nobody_hands_on_what_they_may_not_do(world: World, by: str, scope: str) -> None:
    answer = await make(world, scope, by=by)
    assert answer.status_code == 409
    assert scope in answer.json()["detail"]


async def test_narratives_are_handed_on_only_with_a_second_factor(world: World) -> None:
    body = {"name": "archive", "scopes": ["narratives:read"]}
    header = world.bearer(narratives=False)
    answer = await world.client.post("/api/v1/account/tokens", json=body, headers=header)
    assert answer.status_code == 409
    assert "second factor" in answer.json()["detail"]


@pytest.mark.parametrize(
    "body",
    [
        {"scopes": []},
        {"scopes": ["everything"]},
        {"days": 366},
        {"days": 0},
        {"name": " "},
        {"name": "a\nb"},
    ],
)
async def test_a_token_is_of_some_system_with_some_scope_for_a_year_at_most(
    world: World, body: dict[str, object]
) -> None:
    whole = {"name": "archive", "scopes": ["cases:read"]} | body
    assert (await world.post("/account/tokens", whole)).status_code == 422


async def test_an_account_has_twenty_tokens_at_most(world: World) -> None:
    await world.execute(
        "INSERT INTO access_tokens (token_id, token_hash, account_id, name, scopes, expires_at) "
        "SELECT gen_random_uuid(), int4send(n), :owner, 'old', '{cases:read}', now() + interval '1 day' "
        "FROM generate_series(1, 20) AS n",
        owner=world.accounts["officer"],
    )
    assert (await make(world, "cases:read")).status_code == 409
    assert (await make(world, "cases:read", by="chair")).status_code == 201


async def test_making_exchanging_and_ending_are_in_the_audit_log(world: World) -> None:
    made = (await make(world, "cases:read")).json()
    await exchange(world, made["token"])
    path = f"/api/v1/account/tokens/{made['token_id']}"
    await world.client.delete(path, headers=world.bearer())
    rows = await world.rows("SELECT action, object FROM audit ORDER BY entry")
    actions = ["account.token_made", "account.token_exchanged", "account.token_ended"]
    assert [tuple(row) for row in rows] == [(action, made["token_id"]) for action in actions]


def test_a_token_is_found_by_its_prefix_and_checksum() -> None:
    token = personal_token.make()
    assert personal_token.PATTERN.fullmatch(token)
    assert token.startswith("suk_")
    assert personal_token.is_whole(token)


@given(st.integers(4, 49), st.sampled_from("0aZz"))
def test_a_token_with_a_wrong_character_is_known_as_such(at: int, letter: str) -> None:
    token = personal_token.make()
    changed = token[:at] + letter + token[at + 1 :]
    assert personal_token.is_whole(changed) == (changed == token)


@pytest.mark.parametrize("token", ["", "suk_", "suk_" + "ы" * 46, "x" * 50, "suk_" + "a" * 46])
async def test_what_is_no_token_is_refused_like_one_that_is_over(world: World, token: str) -> None:
    over = (await make(world, "cases:read")).json()
    await world.execute("UPDATE access_tokens SET ended_at = now()")
    assert (await exchange(world, token)).json() == (await exchange(world, over["token"])).json()
