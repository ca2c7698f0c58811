"""Signing in: tokens, refusals that tell nothing, locks that end, sessions that can't be shared."""

from __future__ import annotations

import asyncio

import pytest

from case_router import passwords
from speakup.staff import Verifier
from tests.case_router.world import World

WRONG = {"password": "not this one at all"}


async def test_name_and_password_give_a_token_that_the_services_verify(world: World) -> None:
    answer = (await world.sign_in()).json()
    staff = Verifier(world.keys).verify(answer["access_token"])
    assert staff is not None
    assert (staff.name, staff.role, staff.narratives) == ("officer", "officer", True)
    assert (answer["token_type"], answer["expires_in"]) == ("bearer", 600)


async def test_narratives_need_a_second_factor_where_the_installation_is_public(
    public_world: World,
) -> None:
    answer = (await public_world.sign_in()).json()
    staff = Verifier(public_world.keys).verify(answer["access_token"])
    assert staff is not None
    assert not staff.narratives


@pytest.mark.parametrize("name", ["nobody", "Officer", "officer\x00", "", "o" * 256])
async def test_a_name_that_is_not_there_is_answered_like_a_wrong_password(
    world: World, name: str
) -> None:
    wrong = await world.sign_in(**WRONG)
    missing = await world.sign_in(name)
    assert wrong.status_code == missing.status_code == 401
    assert wrong.json() == missing.json()
    assert wrong.headers == missing.headers


async def test_a_password_is_hashed_even_for_a_name_that_is_not_there(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashed: list[str] = []
    verify = passwords._verify

    def spy(stored: str, password: str) -> bool:
        hashed.append(stored)
        return verify(stored, password)

    monkeypatch.setattr(passwords, "_verify", spy)
    await world.sign_in("nobody")
    assert [stored[:10] for stored in hashed] == ["$argon2id$"]


async def test_five_failures_lock_even_the_right_password_out_for_a_while(world: World) -> None:
    for _ in range(5):
        refused = await world.sign_in(**WRONG)
    locked = await world.sign_in()
    assert locked.status_code == 401
    assert locked.json() == refused.json()
    await world.execute("UPDATE accounts SET locked_until = now() - interval '1 second'")
    assert (await world.sign_in()).status_code == 200
    ((failures,),) = await world.rows("SELECT failures FROM accounts WHERE name = 'officer'")
    assert failures == 0


async def test_locks_grow_to_a_quarter_of_an_hour_and_no_further(world: World) -> None:
    seconds = []
    for failures in (3, 4, 5, 6, 9, 999):
        await world.execute("UPDATE accounts SET locked_until = NULL, failures = :n", n=failures)
        await world.sign_in(**WRONG)
        rows = await world.rows(
            "SELECT round(extract(epoch FROM locked_until - now()) / 10) FROM accounts "
            "WHERE name = 'officer'"
        )
        seconds.append(None if rows[0][0] is None else int(rows[0][0]) * 10)
    assert seconds == [None, 30, 60, 120, 900, 900]


async def test_attempts_while_locked_do_not_lengthen_the_lock(world: World) -> None:
    for _ in range(5):
        await world.sign_in(**WRONG)
    before = await world.rows("SELECT failures, locked_until FROM accounts ORDER BY name")
    await world.sign_in(**WRONG)
    assert await world.rows("SELECT failures, locked_until FROM accounts ORDER BY name") == before


async def test_guesses_sent_all_at_once_are_counted_one_by_one(world: World) -> None:
    await asyncio.gather(*(world.sign_in(**WRONG) for _ in range(8)))
    ((failures,),) = await world.rows("SELECT failures FROM accounts WHERE name = 'officer'")
    assert failures == 5


async def test_many_can_sign_in_at_once_to_the_same_account(world: World) -> None:
    answers = await asyncio.gather(*(world.sign_in() for _ in range(8)))
    assert {answer.status_code for answer in answers} == {200}


async def test_a_flood_of_sign_ins_is_told_to_come_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("case_router.passwords.QUEUE", 1)
    answers = await asyncio.gather(*(world.sign_in() for _ in range(8)))
    busy = [answer for answer in answers if answer.status_code == 503]
    assert busy
    assert busy[0].headers["retry-after"] == "5"


async def refresh(world: World, token: str) -> tuple[int, dict[str, str]]:
    form = {"grant_type": "refresh_token", "refresh_token": token}
    answer = await world.client.post("/api/v1/token", data=form)
    return answer.status_code, answer.json()


async def test_a_refresh_token_gives_new_tokens(world: World) -> None:
    first = (await world.sign_in()).json()
    status, second = await refresh(world, first["refresh_token"])
    assert status == 200
    assert second["refresh_token"] != first["refresh_token"]
    assert (await refresh(world, second["refresh_token"]))[0] == 200


async def test_a_refresh_token_used_twice_ends_the_whole_sign_in(world: World) -> None:
    first = (await world.sign_in()).json()
    other = (await world.sign_in()).json()
    _, second = await refresh(world, first["refresh_token"])
    assert (await refresh(world, first["refresh_token"]))[0] == 401
    assert (await refresh(world, second["refresh_token"]))[0] == 401
    assert (await refresh(world, other["refresh_token"]))[0] == 200


async def test_of_two_that_refresh_at_once_one_is_refused(world: World) -> None:
    token = (await world.sign_in()).json()["refresh_token"]
    answers = await asyncio.gather(refresh(world, token), refresh(world, token))
    assert sorted(status for status, _ in answers) == [200, 401]


async def test_refreshing_ends_twelve_hours_after_signing_in(world: World) -> None:
    first = (await world.sign_in()).json()
    _, second = await refresh(world, first["refresh_token"])
    left = await world.rows("SELECT DISTINCT expires_at FROM sessions")
    assert len(left) == 1
    await world.execute("UPDATE sessions SET expires_at = now() - interval '1 second'")
    assert (await refresh(world, second["refresh_token"]))[0] == 401


async def test_a_new_role_counts_from_the_next_refresh_on(world: World) -> None:
    first = (await world.sign_in()).json()
    await world.execute("UPDATE accounts SET role = 'auditor' WHERE name = 'officer'")
    _, second = await refresh(world, first["refresh_token"])
    staff = Verifier(world.keys).verify(second["access_token"])
    assert staff is not None
    assert staff.role == "auditor"


async def test_tokens_are_kept_as_hashes_only(world: World) -> None:
    token = (await world.sign_in()).json()["refresh_token"]
    rows = await world.rows("SELECT sessions::text FROM sessions")
    assert token not in str(rows)
    assert len(rows) == 1


async def test_a_grant_of_another_kind_is_refused(world: World) -> None:
    answer = await world.sign_in(grant_type="implicit")
    assert answer.status_code == 422
    assert "implicit" not in answer.text
