"""Single sign-on against a strict provider: the way there and back, whom it gives which role, and its end."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pyotp
import pytest
from pydantic import SecretStr

from case_router import totp
from case_router.oidc_provider import Provider
from case_router.oidc_settings import OidcSettings
from case_router.store import access_tokens
from speakup.events import Language
from speakup.i18n import texts
from speakup.staff import COOKIE, Role, Staff, Verifier
from tests.case_router.conftest import Engines
from tests.case_router.world import PASSWORD, World, open_world
from tests.oidc_double import CLIENT, ISSUER, SECRET, Double, query

ROLES = {
    "handlers": Role.handler,
    "ethics": Role.officer,
    "committee": Role.chair,
    "it": Role.admin,
    "audit": Role.auditor,
}


@dataclass
class Sso:
    """A browser, our side and the provider."""

    world: World
    double: Double

    async def begin(self, next_path: str = "/") -> str:
        """The provider's address that the browser is sent to."""
        answer = await self.world.client.get(f"/login/oidc?{query(next=next_path)}")
        assert answer.status_code == 303, answer.text
        return answer.headers["location"]

    async def back(self, way: dict[str, str]) -> httpx.Response:
        return await self.world.client.get(f"/login/oidc/callback?{query(**way)}")

    async def enter(self, next_path: str = "/", **person: object) -> httpx.Response:
        self.double.person |= person
        return await self.back(self.double.authorize(await self.begin(next_path)))

    def staff(self) -> Staff | None:
        """Who is signed in at the browser."""
        token = self.world.client.cookies.get(COOKIE)
        return Verifier(self.world.keys).verify(token) if token else None

    async def account(self) -> Any:
        rows = await self.world.rows("SELECT * FROM accounts WHERE oidc_subject IS NOT NULL")
        assert len(rows) == 1
        return rows[0]

    async def grant(self, role: Role) -> None:
        """As two officers or the chair do."""
        await self.world.execute(
            "UPDATE accounts SET role = :role WHERE oidc_subject IS NOT NULL", role=role
        )


@asynccontextmanager
async def open_sso(engines: Engines, folder: Path, **settings: Any) -> AsyncIterator[Sso]:
    values: dict[str, Any] = {
        "issuer": ISSUER,
        "client_id": CLIENT,
        "client_secret": SecretStr(SECRET),
        "roles": ROLES,
        "break_glass": frozenset({"admin"}),
    }
    double = Double()
    async with double.client() as client:
        provider = Provider(OidcSettings(**(values | settings)), client)
        async with open_world(*engines, folder, provider=provider) as world:
            yield Sso(world, double)


@pytest.fixture
async def sso(api_engines: Engines, tmp_path: Path) -> AsyncIterator[Sso]:
    async with open_sso(api_engines, tmp_path) as opened:
        yield opened


async def test_somebody_new_gets_an_account_and_is_signed_in(sso: Sso) -> None:
    answer = await sso.enter("/cases?x=1", preferred_username="Aigerim.S")
    assert answer.status_code == 200, answer.text
    assert 'content="0; url=/cases?x=1"' in answer.text
    staff, account = sso.staff(), await sso.account()
    assert staff is not None
    assert (staff.name, staff.role) == ("aigerim.s", Role.handler)
    assert account.oidc_subject == f"{ISSUER} 7f3a"
    assert account.password_hash is None


async def test_the_same_subject_is_the_same_account_whatever_its_name(sso: Sso) -> None:
    await sso.enter(preferred_username="aigerim.s")
    first = await sso.account()
    await sso.enter(preferred_username="aigerim.smagulova")
    assert (await sso.account()).account_id == first.account_id


async def test_a_name_that_is_somebody_elses_here_opens_nothing_of_theirs(sso: Sso) -> None:
    await sso.enter(preferred_username="officer", email="officer@example.kz")
    account = await sso.account()
    assert account.account_id != sso.world.accounts["officer"]
    assert (account.name, account.role) == ("officer-2", "handler")


@pytest.mark.parametrize("claim", ["ethics", "committee"])
async def test_a_claim_makes_a_handler_until_people_grant_more(sso: Sso, claim: str) -> None:
    await sso.enter(roles=[claim])
    assert (await sso.account()).role == "handler"
    await sso.grant(ROLES[claim])
    await sso.enter()
    staff = sso.staff()
    assert staff is not None
    assert staff.role is ROLES[claim]


async def test_a_claim_makes_no_admin_and_no_account(sso: Sso) -> None:
    answer = await sso.enter(roles=["it"])
    assert answer.status_code == 401
    assert await sso.world.rows("SELECT 1 FROM accounts WHERE oidc_subject IS NOT NULL") == []


async def test_a_smaller_claim_takes_the_officer_away_at_the_next_sign_in(sso: Sso) -> None:
    await sso.enter(roles=["ethics"])
    await sso.grant(Role.officer)
    await sso.enter(roles=["handlers"])
    assert (await sso.account()).role == "handler"
    # And a claim alone doesn't bring it back.
    await sso.enter(roles=["ethics"])
    assert (await sso.account()).role == "handler"


async def test_a_claim_that_is_gone_closes_account_sessions_and_tokens(sso: Sso) -> None:
    await sso.enter()
    owner = (await sso.account()).account_id
    async with sso.world.engine.begin() as connection:
        await access_tokens.add(
            connection,
            owner,
            name="archive",
            scopes=["cases:read"],
            token_hash=b"x",
            expires_at=datetime.now(UTC) + timedelta(days=1),
        )
    answer = await sso.enter(roles=[])
    assert answer.status_code == 401
    assert texts()(Language.kk, "sso.no_role") in answer.text
    assert (await sso.account()).disabled_at is not None
    assert await sso.world.rows("SELECT 1 FROM sessions") == []
    assert await sso.world.rows("SELECT 1 FROM access_tokens WHERE ended_at IS NULL") == []
    # It stays closed until somebody here opens it.
    assert (await sso.enter(roles=["handlers"])).status_code == 401


async def test_who_has_enrolled_our_code_is_asked_for_it(sso: Sso) -> None:
    await sso.enter(preferred_username="aigerim.s")
    secret = await enrol_by_cookie(sso)
    sso.world.client.cookies.delete(COOKIE)
    asked = await sso.enter()
    assert sso.staff() is None
    ticket = asked.text.partition('name="ticket" value="')[2].partition('"')[0]
    wrong = await sso.world.client.post(
        "/login/oidc/code", data={"ticket": ticket, "totp": "000000"}
    )
    assert wrong.status_code == 401
    assert sso.staff() is None
    await sso.world.execute("UPDATE accounts SET totp_last_step = NULL")
    form = {"ticket": ticket, "totp": pyotp.TOTP(secret).now()}
    right = await sso.world.client.post("/login/oidc/code", data=form)
    assert right.status_code == 200, right.text
    assert sso.staff() is not None
    # The ticket is over.
    await sso.world.execute("UPDATE accounts SET totp_last_step = NULL")
    assert (await sso.world.client.post("/login/oidc/code", data=form)).status_code == 401


async def test_wrong_codes_lock_the_account_as_after_a_password(sso: Sso) -> None:
    await sso.enter()
    await sso.world.execute("UPDATE accounts SET failures = 4 WHERE oidc_subject IS NOT NULL")
    secret = await enrol_by_cookie(sso)
    asked = await sso.enter()
    ticket = asked.text.partition('name="ticket" value="')[2].partition('"')[0]
    await sso.world.client.post("/login/oidc/code", data={"ticket": ticket, "totp": "000000"})
    await sso.world.execute("UPDATE accounts SET totp_last_step = NULL")
    form = {"ticket": ticket, "totp": pyotp.TOTP(secret).now()}
    assert (await sso.world.client.post("/login/oidc/code", data=form)).status_code == 401


async def test_the_providers_word_for_a_second_factor_counts_only_where_the_setting_names_it(
    api_engines: Engines, tmp_path: Path
) -> None:
    async with open_sso(api_engines, tmp_path, second_factor_amr=frozenset({"otp"})) as sso:
        await sso.enter()
        await enrol_by_cookie(sso)
        sso.world.client.cookies.delete(COOKIE)
        assert "ticket" in (await sso.enter(amr=["pwd"], acr="otp")).text
        assert "ticket" not in (await sso.enter(amr=["pwd", "otp"])).text
        assert sso.staff() is not None


async def test_passwords_are_refused_but_for_accounts_of_the_setting(sso: Sso) -> None:
    refused = await sso.world.sign_in("officer")
    assert (refused.status_code, refused.json()["error"]) == (401, "invalid_grant")
    assert "single sign-on" in refused.json()["detail"]
    form = {"name": "officer", "password": PASSWORD}
    page = await sso.world.client.post("/login?lang=en", data=form)
    assert page.status_code == 401
    assert "company account" in page.text
    assert (await sso.world.sign_in("admin")).status_code == 200


@pytest.mark.parametrize("language", ["kk", "ru", "en"])
async def test_the_form_offers_single_sign_on_in_each_language(sso: Sso, language: str) -> None:
    page = await sso.world.client.get(f"/login?lang={language}&next=/cases")
    assert 'href="/login/oidc?next=/cases"' in page.text


async def test_without_settings_there_is_no_single_sign_on(world: World) -> None:
    assert "oidc" not in (await world.client.get("/login")).text
    assert (await world.client.get("/login/oidc")).status_code == 404


async def test_a_session_is_renewed_and_ends_like_one_by_password(sso: Sso) -> None:
    await sso.enter()
    renewed = await sso.world.client.get("/login/refresh?next=/cases")
    assert renewed.headers["location"] == "/cases"
    await sso.world.client.post("/logout")
    assert await sso.world.rows("SELECT 1 FROM sessions") == []
    assert sso.staff() is None


async def test_signing_out_leads_to_the_providers_own(sso: Sso) -> None:
    await sso.enter()
    page = await sso.world.client.post("/logout")
    assert page.status_code == 200
    url = page.text.partition("0; url=")[2].partition('"')[0].replace("&amp;", "&")
    assert url.startswith(f"{ISSUER}/logout?")
    sent = dict(parse_qsl(urlsplit(url).query))
    assert sent["post_logout_redirect_uri"] == "http://127.0.0.1:8000/login"
    assert sent["id_token_hint"].count(".") == 2
    assert "speakup_oidc_hint" not in sso.world.client.cookies


async def test_the_next_page_is_here_whatever_was_asked(sso: Sso) -> None:
    answer = await sso.enter("//evil.example")
    assert 'content="0; url=/"' in answer.text


async def test_each_sign_in_is_in_the_audit_log(sso: Sso) -> None:
    await sso.enter(preferred_username="aigerim.s")
    assert await sso.world.audit() == [
        ("account.added_by_claim", "aigerim.s", None),
        ("account.signed_in", "aigerim.s", None),
    ]


async def enrol_by_cookie(sso: Sso) -> str:
    """A second factor for who is signed in, by the code of the step before this one; the secret."""
    header = {"Authorization": f"Bearer {sso.world.client.cookies.get(COOKIE)}"}
    post = sso.world.client.post
    secret = str((await post("/api/v1/account/totp", headers=header)).json()["secret"])
    before = datetime.now(UTC) - timedelta(seconds=totp.SECONDS)
    body = {"code": pyotp.TOTP(secret).at(before)}
    confirmed = await post("/api/v1/account/totp/confirm", json=body, headers=header)
    assert confirmed.status_code == 204, confirmed.text
    return secret
