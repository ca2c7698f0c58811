"""The pages' sign-in: cookies that stay where they belong, and no way out of this installation."""

from __future__ import annotations

from http.cookies import SimpleCookie

import httpx
import pyotp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from case_router.api.local_path import local_path
from speakup.events import Language
from speakup.i18n import texts
from speakup.staff import COOKIE
from tests.case_router.test_account import enrol
from tests.case_router.world import PASSWORD, World


async def enter(world: World, **fields: str) -> httpx.Response:
    form = {"name": "officer", "password": PASSWORD} | fields
    return await world.client.post("/login", data=form)


def cookies(answer: httpx.Response) -> dict[tuple[str, str], SimpleCookie]:
    """By name and path."""
    found = {}
    for header in answer.headers.get_list("set-cookie"):
        cookie: SimpleCookie = SimpleCookie(header)
        ((name, morsel),) = cookie.items()
        found[name, morsel["path"]] = cookie
    return found


@pytest.mark.parametrize("language", ["kk", "ru", "en"])
async def test_the_form_is_there_in_each_language(world: World, language: str) -> None:
    answer = await world.client.get(f"/login?lang={language}&next=/reports")
    assert answer.status_code == 200
    assert f'<html lang="{language}">' in answer.text
    assert 'name="next" value="/reports"' in answer.text
    assert "script" not in answer.text


async def test_signing_in_leads_on_with_a_session_for_the_pages(world: World) -> None:
    answer = await enter(world, next="/reports?year=2026")
    assert (answer.status_code, answer.headers["location"]) == (303, "/reports?year=2026")
    world.client.cookies.clear()
    token = cookies(answer)[COOKIE, "/"][COOKIE].value
    read = await world.client.get("/api/v1/cases", headers={"Cookie": f"{COOKIE}={token}"})
    assert read.status_code == 200


async def cookies_are_kept_close(world: World, *, secure: bool) -> None:
    found = cookies(await enter(world))
    assert set(found) == {
        (COOKIE, "/"),
        ("speakup_refresh", "/login/refresh"),
        ("speakup_refresh", "/logout"),
    }
    for (name, _), cookie in found.items():
        morsel = cookie[name]
        assert morsel["httponly"]
        assert morsel["samesite"] == "strict"
        assert bool(morsel["secure"]) is secure
    assert found[COOKIE, "/"][COOKIE]["max-age"] == "600"


async def test_no_script_and_no_other_site_gets_at_the_cookies(world: World) -> None:
    await cookies_are_kept_close(world, secure=False)


async def test_cookies_need_tls_where_the_installation_is_public(public_world: World) -> None:
    await cookies_are_kept_close(public_world, secure=True)


async def test_a_wrong_password_is_told_on_the_form(world: World) -> None:
    answer = await enter(world, password="wrong", lang="en")
    assert answer.status_code == 401
    assert 'role="alert"' in answer.text
    assert "wrong" not in answer.text.split("<form")[1]
    assert cookies(answer) == {}


async def test_a_name_is_shown_again_but_never_as_markup(world: World) -> None:
    answer = await enter(world, name='"><b>x', password="wrong")
    assert "<b>" not in answer.text


async def test_the_form_asks_for_the_code_once_it_is_enrolled(world: World) -> None:
    secret = await enrol(world)
    without = await world.client.post(
        "/login?lang=en", data={"name": "officer", "password": PASSWORD}
    )
    assert without.status_code == 401
    assert "code from your authenticator app" in without.text
    assert (await enter(world, totp=pyotp.TOTP(secret).now())).status_code == 303


async def test_a_session_is_renewed_without_asking(world: World) -> None:
    await enter(world)
    answer = await world.client.get("/login/refresh?next=/reports")
    assert (answer.status_code, answer.headers["location"]) == (303, "/reports")
    assert cookies(answer)[COOKIE, "/"][COOKIE].value


async def test_what_cannot_be_renewed_leads_to_the_form(world: World) -> None:
    answer = await world.client.get("/login/refresh?next=/reports?a=b")
    assert answer.headers["location"] == "/login?next=%2Freports%3Fa%3Db"
    assert cookies(answer)[COOKIE, "/"][COOKIE]["max-age"] == "0"


async def test_signing_out_ends_the_session_for_good(world: World) -> None:
    refresh = cookies(await enter(world))["speakup_refresh", "/logout"]["speakup_refresh"].value
    answer = await world.client.post("/logout")
    assert (answer.status_code, answer.headers["location"]) == (303, "/login")
    assert {c[n]["max-age"] for (n, _), c in cookies(answer).items()} == {"0"}
    form = {"grant_type": "refresh_token", "refresh_token": refresh}
    assert (await world.client.post("/api/v1/token", data=form)).status_code == 401


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
async def test_another_sites_form_signs_nobody_in_or_out(world: World, site: str) -> None:
    headers = {"Sec-Fetch-Site": site}
    form = {"name": "officer", "password": PASSWORD}
    assert (await world.client.post("/login", data=form, headers=headers)).status_code == 403
    assert (await world.client.post("/logout", headers=headers)).status_code == 403


async def test_who_is_signed_in_is_told_so_and_can_leave(world: World) -> None:
    await enter(world)
    page = await world.client.get("/login?lang=en")
    assert "You are signed in as officer." in page.text
    assert 'action="/logout"' in page.text


AWAY = [
    "https://evil.example",
    "//evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    "evil.example",
    "javascript:alert(1)",
    " /x",
    "/" + "a" * 600,
    "/%2f/evil.example\\",
]


@pytest.mark.parametrize(
    ("name", "place"),
    [("officer", "/cases"), ("handler", "/cases"), ("mailroom", "/mailroom"), ("admin", "/")],
)
async def test_signing_in_leads_to_ones_work(world: World, name: str, place: str) -> None:
    answer = await enter(world, name=name, next="")
    assert answer.headers["location"] == place


@pytest.mark.parametrize("wanted", AWAY)
async def test_signing_in_never_leads_to_another_place(world: World, wanted: str) -> None:
    answer = await enter(world, next=wanted)
    assert answer.headers["location"] == "/"
    renewed = await world.client.get("/login/refresh", params={"next": wanted})
    assert renewed.headers["location"] == "/"


@given(st.text(alphabet="/\\.:@?#%&=ab\t\n\r ;", max_size=12))
def test_a_path_that_is_led_on_to_stays_here_for_any_browser(wanted: str) -> None:
    onward = local_path(wanted)
    # As the URL standard reads it: tabs and newlines dropped, backslashes as slashes.
    read = onward.replace("\t", "").replace("\n", "").replace("\r", "").replace("\\", "/").strip()
    assert read.startswith("/")
    assert not read.startswith("//")


def test_every_language_has_the_same_texts_for_signing_in() -> None:
    names = [
        {name for name in texts().names(language) if name.startswith("login.")}
        for language in Language
    ]
    assert len(names[0]) == 11
    assert names[0] == names[1] == names[2]
