"""One's own account: the second factor from enrolment on, and the password."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pyotp
import pytest

from case_router import totp
from case_router.installation import cookies_need_tls, is_loopback
from case_router.passwords import weakness
from speakup.staff import Verifier
from tests.case_router.world import PASSWORD, World

NEW = "seven grey herons at dusk"


async def enrol(world: World) -> str:
    """Enrol the officer with the code of the step before this one; the secret."""
    begun = (await world.post("/account/totp")).json()
    now = datetime.now(UTC)
    code = pyotp.TOTP(begun["secret"]).at(now - timedelta(seconds=totp.SECONDS))
    confirmed = await world.post("/account/totp/confirm", {"code": code})
    assert confirmed.status_code == 204
    return str(begun["secret"])


async def test_a_secret_is_given_for_an_authenticator_app(world: World) -> None:
    begun = (await world.post("/account/totp")).json()
    assert begun["uri"].startswith("otpauth://totp/Speak%20Up:officer?secret=" + begun["secret"])


async def test_a_begun_second_factor_changes_nothing_until_it_is_confirmed(world: World) -> None:
    await world.post("/account/totp")
    wrong = await world.post("/account/totp/confirm", {"code": "000000x"})
    assert wrong.status_code == 409
    assert (await world.sign_in()).status_code == 200


async def test_the_code_is_asked_for_once_it_is_enrolled(public_world: World) -> None:
    secret = await enrol(public_world)
    without = await public_world.sign_in()
    assert without.status_code == 401
    assert without.json()["totp"] == "required"
    answer = await public_world.sign_in(totp=pyotp.TOTP(secret).now())
    staff = Verifier(public_world.keys).verify(answer.json()["access_token"])
    assert staff is not None
    assert staff.narratives


async def test_refreshing_keeps_the_second_factor(public_world: World) -> None:
    secret = await enrol(public_world)
    first = (await public_world.sign_in(totp=pyotp.TOTP(secret).now())).json()
    form = {"grant_type": "refresh_token", "refresh_token": first["refresh_token"]}
    second = (await public_world.client.post("/api/v1/token", data=form)).json()
    staff = Verifier(public_world.keys).verify(second["access_token"])
    assert staff is not None
    assert staff.narratives


async def test_a_code_is_taken_once(world: World) -> None:
    code = pyotp.TOTP(await enrol(world)).now()
    assert (await world.sign_in(totp=code)).status_code == 200
    again = await world.sign_in(totp=code)
    assert again.status_code == 401
    assert "totp" not in again.json()


async def test_a_wrong_code_counts_as_a_failure(world: World) -> None:
    await enrol(world)
    for _ in range(5):
        await world.sign_in(totp="000000")
    ((locked,),) = await world.rows(
        "SELECT locked_until > now() FROM accounts WHERE name = 'officer'"
    )
    assert locked


async def test_a_wrong_password_is_refused_alike_whether_a_code_is_needed_or_not(
    world: World,
) -> None:
    await enrol(world)
    with_factor = await world.sign_in(password="wrong wrong wrong")
    without = await world.sign_in("chair", password="wrong wrong wrong")
    assert with_factor.json() == without.json()


async def test_a_second_factor_is_not_replaced_by_whoever_holds_a_token(world: World) -> None:
    await enrol(world)
    assert (await world.post("/account/totp")).status_code == 409


async def test_confirming_ends_sign_ins_made_without_the_code(world: World) -> None:
    first = (await world.sign_in()).json()
    await enrol(world)
    form = {"grant_type": "refresh_token", "refresh_token": first["refresh_token"]}
    assert (await world.client.post("/api/v1/token", data=form)).status_code == 401


async def test_the_secret_is_stored_locked(world: World) -> None:
    begun = (await world.post("/account/totp")).json()
    ((locked,),) = await world.rows("SELECT totp_locked FROM accounts WHERE name = 'officer'")
    assert begun["secret"].encode() not in locked
    key = world.keys.secret("accounts")
    assert totp.unlock_secret(key, world.accounts["officer"], locked) == begun["secret"]


@pytest.mark.parametrize(
    ("offset", "taken"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)]
)
def test_a_code_is_right_one_step_around_now(offset: int, taken: bool) -> None:
    secret, now = totp.new_secret(), datetime(2026, 11, 22, 12, 0, 10, tzinfo=UTC)
    code = pyotp.TOTP(secret).at(now + timedelta(seconds=offset * totp.SECONDS))
    assert (totp.step_of(secret, code, after=None, now=now) is not None) is taken


async def test_a_changed_password_counts_at_once_and_ends_all_sign_ins(world: World) -> None:
    first = (await world.sign_in()).json()
    body = {"current": PASSWORD, "new": NEW}
    assert (await world.post("/account/password", body)).status_code == 204
    assert (await world.sign_in()).status_code == 401
    assert (await world.sign_in(password=NEW)).status_code == 200
    form = {"grant_type": "refresh_token", "refresh_token": first["refresh_token"]}
    assert (await world.client.post("/api/v1/token", data=form)).status_code == 401


async def test_the_current_password_is_asked_for_and_its_failures_count(world: World) -> None:
    for _ in range(5):
        answer = await world.post("/account/password", {"current": "guess", "new": NEW})
        assert answer.status_code == 409
    assert (await world.sign_in()).status_code == 401


@pytest.mark.parametrize(
    "password", ["short", "password12345", "aaaaaaaaaaaaaaaa", "officer-2026-11"]
)
async def test_a_weak_password_is_refused_with_the_reason(world: World, password: str) -> None:
    answer = await world.post("/account/password", {"current": PASSWORD, "new": password})
    assert answer.status_code == 409
    assert answer.json()["detail"] == weakness(password, "officer")


async def test_everybody_can_ask_who_they_are(world: World) -> None:
    answer = await world.get("/account", "auditor")
    assert answer.json() == {"name": "auditor", "role": "auditor", "narratives": True}


@pytest.mark.parametrize(
    ("url", "loopback", "tls"),
    [
        ("http://127.0.0.1:8000", True, False),
        ("http://127.8.9.1", True, False),
        ("http://[::1]:8000", True, False),
        ("http://localhost:8000", True, False),
        ("https://localhost", True, True),
        ("http://localhost.example.kz", False, True),
        ("http://10.0.0.1", False, True),
        ("http://127.0.0.1.example.kz", False, True),
        ("http://127.0.0.1@example.kz", False, True),
    ],
)
def test_only_this_machine_itself_is_loopback(url: str, loopback: bool, tls: bool) -> None:
    assert (is_loopback(url), cookies_need_tls(url)) == (loopback, tls)
