"""What single sign-on refuses: each answer of a provider, or of somebody who plays one, that isn't as it must be."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from pydantic import ValidationError

from case_router.oidc_provider import Provider, ProviderAwayError
from case_router.oidc_settings import OidcSettings
from speakup.events import Language
from speakup.i18n import texts
from tests.case_router.conftest import Engines
from tests.case_router.test_single_sign_on import Sso, open_sso
from tests.oidc_double import CLIENT, ISSUER, Double, key, unsigned, with_secret


@pytest.fixture
async def sso(api_engines: Engines, tmp_path: Path) -> AsyncIterator[Sso]:
    async with open_sso(api_engines, tmp_path) as opened:
        yield opened


def is_told(answer: httpx.Response, name: str, status: int = 401) -> bool:
    """Whether the page says this sentence."""
    return answer.status_code == status and texts()(Language.kk, name) in answer.text


async def refused(sso: Sso, name: str = "sso.refused", status: int = 401) -> None:
    answer = await sso.enter()
    assert is_told(answer, name, status), answer.text
    assert sso.staff() is None
    assert await sso.world.rows("SELECT 1 FROM accounts WHERE oidc_subject IS NOT NULL") == []


@pytest.mark.parametrize("algorithm", ["RS256", "ES256", "PS256"])
async def test_tokens_signed_with_a_pair_of_keys_are_taken(sso: Sso, algorithm: str) -> None:
    sso.double.algorithm = algorithm
    sso.double.key_name, sso.double.published = algorithm, [algorithm]
    assert (await sso.enter()).status_code == 200
    assert sso.staff() is not None


WRONG: dict[str, dict[str, object]] = {
    "another audience": {"aud": "another-client"},
    "other audiences": {"aud": ["another-client"]},
    "an audience more, for nobody": {"aud": [CLIENT, "another-client"]},
    "an audience more, for them": {"aud": [CLIENT, "another-client"], "azp": "another-client"},
    "no audience": {"aud": None},
    "another issuer": {"iss": "https://id.example.kz/realms/other"},
    "nearly our issuer": {"iss": ISSUER + "/"},
    "issuers": {"iss": [ISSUER]},
    "no issuer": {"iss": None},
    "another nonce": {"nonce": "of another sign-in"},
    "no nonce": {"nonce": None},
    "no subject": {"sub": None},
    "an empty subject": {"sub": ""},
    "a number as subject": {"sub": 7},
    "a subject without end": {"sub": "x" * 256},
    "no end": {"exp": None},
    "an end in words": {"exp": "tomorrow"},
    "another access token": {"at_hash": "of another access token"},
}
TIMES = {"over": ("exp", -120), "not made yet": ("iat", 3600), "not good yet": ("nbf", 3600)}


@pytest.mark.parametrize("wrong", [*WRONG, *TIMES])
async def test_a_token_for_somebody_else_or_another_time_is_refused(sso: Sso, wrong: str) -> None:
    if wrong in TIMES:
        claim, seconds = TIMES[wrong]
        sso.double.claims = {claim: int(time.time()) + seconds}
    else:
        sso.double.claims = WRONG[wrong]
    await refused(sso)


@pytest.mark.parametrize("seconds", [-45, 45])
async def test_clocks_may_differ_a_little(sso: Sso, seconds: int) -> None:
    now = int(time.time()) + seconds
    sso.double.claims = {"iat": now, "exp": now + 20}
    assert (await sso.enter()).status_code == 200


async def test_several_audiences_are_taken_where_the_token_was_made_for_us(sso: Sso) -> None:
    sso.double.claims = {"aud": [CLIENT, "another"], "azp": CLIENT}
    assert (await sso.enter()).status_code == 200


async def test_a_token_without_a_signature_is_refused(sso: Sso) -> None:
    now = int(time.time())
    sso.double.raw_token = unsigned(
        {"iss": ISSUER, "aud": CLIENT, "sub": "7f3a", "iat": now, "exp": now + 300}
    )
    await refused(sso)


async def test_a_token_signed_with_the_public_key_as_a_secret_is_refused(sso: Sso) -> None:
    public = key("RS256", "first").as_pem(private=False)  # type: ignore[union-attr]
    sso.double.raw_token = with_secret(public, {"iss": ISSUER, "aud": CLIENT, "sub": "7f3a"})
    await refused(sso)


async def test_a_token_signed_with_another_key_of_that_name_is_refused(sso: Sso) -> None:
    sso.double.signed_by = key("RS256", "an attacker's")
    await refused(sso)


async def test_a_token_that_brings_its_own_key_is_refused(sso: Sso) -> None:
    mine = key("RS256", "an attacker's")
    sso.double.signed_by = mine
    sso.double.header = {"kid": "an attacker's", "jwk": mine.as_dict(private=False)}
    await refused(sso)


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "....", "ы.ы.ы"])
async def test_what_is_no_token_is_refused(sso: Sso, token: str) -> None:
    sso.double.raw_token = token or "\x00"
    await refused(sso)


async def test_a_new_key_is_fetched_when_a_token_comes_that_is_signed_with_it(sso: Sso) -> None:
    provider = sso.world.parts.provider
    assert provider is not None
    assert (await sso.enter()).status_code == 200
    provider._now = lambda: time.time() + 30
    sso.double.key_name, sso.double.published = "second", ["first", "second"]
    assert (await sso.enter()).status_code == 200


async def test_tokens_with_unknown_keys_do_not_make_us_fetch_keys_all_the_time(sso: Sso) -> None:
    await sso.enter()
    sso.double.key_name = "unknown"
    for _ in range(3):
        assert (await sso.enter()).status_code == 401
    assert sum(address == f"{ISSUER}/keys" for address in sso.double.asked) == 1


async def test_an_answer_is_taken_once(sso: Sso) -> None:
    way = sso.double.authorize(await sso.begin())
    assert (await sso.back(way)).status_code == 200
    assert is_told(await sso.back(way), "sso.not_begun")


async def test_a_state_is_over_even_with_a_new_code(sso: Sso) -> None:
    url = await sso.begin()
    assert (await sso.back(sso.double.authorize(url))).status_code == 200
    assert is_told(await sso.back(sso.double.authorize(url)), "sso.not_begun")


async def test_a_code_that_was_used_elsewhere_is_refused(sso: Sso) -> None:
    way = sso.double.authorize(await sso.begin())
    sso.double.codes.clear()
    assert is_told(await sso.back(way), "sso.refused")


async def test_a_code_of_another_sign_in_is_refused(sso: Sso) -> None:
    """An attacker's code put into the victim's way back: PKCE's verifier doesn't fit."""
    stolen = sso.double.authorize(await sso.begin())
    mine = sso.double.authorize(await sso.begin())
    assert is_told(await sso.back(mine | {"code": stolen["code"]}), "sso.refused")


async def test_another_browser_cannot_take_up_a_sign_in(sso: Sso) -> None:
    way = sso.double.authorize(await sso.begin())
    sso.world.client.cookies.clear()
    assert is_told(await sso.back(way), "sso.not_begun")
    await sso.begin()
    assert is_told(await sso.back(way), "sso.not_begun")


async def test_a_state_that_was_never_given_is_refused(sso: Sso) -> None:
    await sso.begin()
    assert is_told(await sso.back({"state": "made up", "code": "x"}), "sso.not_begun")
    assert is_told(await sso.back({}), "sso.not_begun")


async def test_a_sign_in_is_over_after_ten_minutes(sso: Sso) -> None:
    way = sso.double.authorize(await sso.begin())
    await sso.world.execute("UPDATE oidc_logins SET expires_at = now()")
    assert is_told(await sso.back(way), "sso.not_begun")


@pytest.mark.parametrize("issuer", ["https://id.attacker.example", ""])
async def test_another_providers_answer_is_not_mixed_up_with_ours(sso: Sso, issuer: str) -> None:
    way = sso.double.authorize(await sso.begin(), iss=issuer)
    assert is_told(await sso.back(way), "sso.refused")
    assert not any(address == f"{ISSUER}/token" for address in sso.double.asked)


async def test_an_answer_must_say_who_answers_where_the_provider_promised_it(sso: Sso) -> None:
    way = sso.double.authorize(await sso.begin())
    del way["iss"]
    assert is_told(await sso.back(way), "sso.refused")


async def test_a_provider_that_says_no_is_heard(sso: Sso) -> None:
    way = sso.double.authorize(await sso.begin())
    del way["code"]
    answer = await sso.back(way | {"error": "access_denied", "error_description": "<b>No</b>"})
    assert is_told(answer, "sso.denied")
    assert "<b>" not in answer.text


@pytest.mark.parametrize("status", [301, 302, 307, 404, 500, 503])
async def test_a_provider_that_is_away_or_sends_us_elsewhere_is_not_followed(
    sso: Sso, status: int
) -> None:
    sso.double.status = status
    answer = await sso.world.client.get("/login/oidc")
    assert is_told(answer, "sso.away", 503)
    assert all(address.startswith(ISSUER) for address in sso.double.asked)


@pytest.mark.parametrize(
    "document",
    [
        {"issuer": "https://id.example.kz/realms/other"},
        {"token_endpoint": "http://id.example.kz/token"},
        {"jwks_uri": "file:///etc/passwd"},
        {"jwks_uri": "http://127.0.0.1:8000/keys"},
        {"token_endpoint": "https://localhost/token"},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"token_endpoint": "https://user@id.example.kz/token"},
        {"jwks_uri": None},
    ],
    ids=str,
)
async def test_a_document_that_leads_to_odd_places_is_not_used(
    sso: Sso, document: dict[str, object]
) -> None:
    sso.double.document = document
    assert is_told(await sso.world.client.get("/login/oidc"), "sso.away", 503)
    assert sso.double.asked == [f"{ISSUER}/.well-known/openid-configuration"]


async def test_an_answer_without_end_is_cut_off() -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield b" " * 65536

    transport = httpx.MockTransport(lambda _: httpx.Response(200, content=endless()))
    async with httpx.AsyncClient(transport=transport) as client:
        provider = Provider(OidcSettings(issuer=ISSUER, client_id=CLIENT), client)
        with pytest.raises(ProviderAwayError):
            await provider.login_url(redirect_uri="x", state="x", nonce="x", verifier="x" * 43)


@pytest.mark.parametrize(
    "issuer",
    [
        "http://id.example.kz",
        "http://10.0.0.1/realms/x",
        "ftp://id.example.kz",
        "id.example.kz",
        "https://",
        "https://user:word@id.example.kz",
        "http://localhost.example.kz",
    ],
)
def test_an_issuer_is_reached_over_tls(issuer: str) -> None:
    with pytest.raises(ValidationError):
        OidcSettings(issuer=issuer)


@pytest.mark.parametrize("issuer", ["https://id.example.kz", "http://127.0.0.1:8080/realms/x"])
def test_an_issuer_on_this_machine_needs_no_tls(issuer: str) -> None:
    assert OidcSettings(issuer=issuer).issuer == issuer


async def test_a_form_of_another_site_sends_no_code(sso: Sso) -> None:
    answer = await sso.world.client.post(
        "/login/oidc/code", data={"ticket": "x"}, headers={"Sec-Fetch-Site": "cross-site"}
    )
    assert answer.status_code == 403


def test_the_double_itself_is_strict() -> None:
    with pytest.raises(AssertionError):
        Double().authorize(f"{ISSUER}/authorize?response_type=token&client_id={CLIENT}")
