"""The statistics API and the page `/reports`: who may see them, and what they show."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from httpx import ASGITransport, AsyncClient
from sqlalchemy.ext.asyncio import AsyncEngine

from reporting import api, pages, set_aside, store
from reporting.consume import Recorder
from reporting.settings import Settings
from reporting.tally import Cell
from speakup import topics, web
from speakup.consume import Consumer
from speakup.dead_letters import DeadLetters, RawMessage
from speakup.keys import KeyFolder
from speakup.service import Service
from speakup.staff import COOKIE, ISSUER, PUBLIC_KEY_FILE, PublicFolder, Role, Verifier
from tests.reporting.histories import history
from tests.reporting.test_recorder import Ear

SUMMARY = "/api/v1/reports/summary"
LETTERS = "/api/v1/reports/dead-letters"
NO_CALLS = {"ended": 0, "abandoned": 0}
KEY = Ed25519PrivateKey.generate()


def token(role: str) -> str:
    expires = datetime.now(UTC) + timedelta(minutes=10)
    claims = {"sub": "1", "name": role, "role": role, "iss": ISSUER, "exp": expires}
    return jwt.encode(claims, KEY, algorithm="EdDSA")


def as_role(role: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token(role)}"}


@pytest.fixture
def letters(reporting_engine: AsyncEngine) -> DeadLetters:
    return DeadLetters("reporting", reporting_engine)


@pytest.fixture
async def client(
    reporting_engine: AsyncEngine, letters: DeadLetters, tmp_path: Path
) -> AsyncIterator[AsyncClient]:
    settings = Settings(var=tmp_path)
    public = KEY.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    KeyFolder(settings.keys_folder).publish_file(PUBLIC_KEY_FILE, public)
    verifier = Verifier(PublicFolder(settings.keys_folder))
    recorder = Recorder(reporting_engine, Ear(tmp_path), settings.timezone)
    consumer = Consumer(
        settings, group="reporting", topics=[], handle=recorder.handle, dead_letters=letters
    )
    service = Service(
        "reporting",
        [
            api.router(reporting_engine, settings, verifier),
            set_aside.router(letters, consumer, verifier),
            pages.router(reporting_engine, settings, verifier),
        ],
    )
    transport = ASGITransport(web.create_app([service], settings))
    async with AsyncClient(transport=transport, base_url="http://test") as made:
        yield made


@pytest.fixture
async def counted(reporting_engine: AsyncEngine) -> None:
    async with reporting_engine.begin() as connection:
        await store.count(
            connection,
            {
                Cell(date(2025, 12, 31), "phone", "breach_report", "kk", "closed"): 5,
                Cell(date(2026, 1, 1), "email", "policy_inquiry", "ru", "answered"): 3,
                Cell(date(2026, 1, 31), "email", "", "", "new"): 2,
                Cell(date(2026, 2, 1), "mail", "out_of_scope", "en", "new"): 1,
            },
        )


async def test_without_dates_everything_is_counted(client: AsyncClient, counted: None) -> None:
    answer = await client.get(SUMMARY, headers=as_role("auditor"))
    assert answer.json() == {
        "from": None,
        "to": None,
        "timezone": "Asia/Almaty",
        "total": 11,
        "channel": {"phone": 5, "email": 5, "mail": 1, "hand": 0},
        "kind": {"breach_report": 5, "policy_inquiry": 3, "out_of_scope": 1, "unclassified": 2},
        "language": {"kk": 5, "ru": 3, "en": 1, "unknown": 2},
        "status": {
            "new": 3,
            "in_review": 0,
            "in_progress": 0,
            "answered": 3,
            "closed": 5,
            "reopened": 0,
        },
        "month": {"2025-12": 5, "2026-01": 5, "2026-02": 1},
        "calls": {
            "ended": 0,
            "abandoned": 0,
            "language": dict.fromkeys(("kk", "ru", "en", "unknown"), NO_CALLS),
            "month": {},
        },
    }


@pytest.mark.parametrize(
    ("query", "total"),
    [
        ("from=2026-01-01&to=2026-01-31", 5),
        ("from=2026-01-31", 3),
        ("to=2025-12-31", 5),
        ("from=2026-01-02&to=2026-01-30", 0),
        ("from=&to=", 11),
    ],
)
async def test_both_dates_are_included(
    client: AsyncClient, counted: None, query: str, total: int
) -> None:
    answer = await client.get(f"{SUMMARY}?{query}", headers=as_role("officer"))
    assert answer.json()["total"] == total


@pytest.mark.parametrize(
    "query", ["from=yesterday", "to=2026-02-30", "from=2026-02-01&to=2026-01-01", "from=0"]
)
async def test_a_bad_period_is_a_problem(client: AsyncClient, query: str) -> None:
    answer = await client.get(f"{SUMMARY}?{query}", headers=as_role("chair"))
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("role", list(Role))
async def test_statistics_are_for_auditor_officer_admin_and_chair(
    client: AsyncClient, role: Role
) -> None:
    seeing = {Role.auditor, Role.officer, Role.admin, Role.chair}
    answer = await client.get(SUMMARY, headers=as_role(role))
    page = await client.get("/reports", headers=as_role(role))
    expected = 200 if role in seeing else 404
    assert (answer.status_code, page.status_code) == (expected, expected)


async def test_nobody_sees_statistics_without_signing_in(client: AsyncClient) -> None:
    assert (await client.get(SUMMARY)).status_code == 401
    page = await client.get("/reports")
    assert (page.status_code, page.headers["location"]) == (303, "/login?next=/reports")


async def test_the_language_asked_for_goes_along_to_the_sign_in(client: AsyncClient) -> None:
    page = await client.get("/reports?lang=kk")
    assert page.headers["location"] == "/login?next=/reports&lang=kk"


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("kk", ("Барлық өтініштер", "Электрондық пошта", "қаңтар")),
        ("ru", ("Всего обращений", "Электронная почта", "январь 2026")),
        ("en", ("Cases in all", "Not classified yet", "January 2026")),
    ],
)
async def test_the_page_shows_the_figures_in_each_language(
    client: AsyncClient, counted: None, language: str, words: tuple[str, ...]
) -> None:
    client.cookies.set(COOKIE, token("auditor"))
    page = await client.get(f"/reports?lang={language}&from=2026-01-01")
    assert page.status_code == 200
    assert [word for word in words if word not in page.text] == []


async def test_the_page_says_what_is_wrong_with_the_dates(client: AsyncClient) -> None:
    client.cookies.set(COOKIE, token("auditor"))
    page = await client.get('/reports?lang=en&from="><script>')
    assert page.status_code == 422
    assert "These dates don&#39;t fit" in page.text
    assert "<script>" not in page.text


def message(value: bytes | None = None) -> RawMessage:
    record = topics.encode(history(1, cases=1)[0])
    return RawMessage(
        topics.CASES, 0, 1, record.key, record.value if value is None else value, record.headers
    )


async def test_a_dead_letter_is_taken_on_replay(client: AsyncClient, letters: DeadLetters) -> None:
    await letters.put(message(), None, "SomeError")
    listed = await client.get(LETTERS, headers=as_role("admin"))
    (item,) = listed.json()["items"]
    assert (item["reason"], item["replayed_at"]) == ("SomeError", None)
    replayed = await client.post(f"{LETTERS}/{item['id']}/replay", headers=as_role("admin"))
    assert (replayed.status_code, replayed.json()["replayed_at"] is None) == (200, False)
    summary = await client.get(SUMMARY, headers=as_role("admin"))
    assert summary.json()["total"] == 1


async def test_a_dead_letter_that_still_cannot_be_read_stays(
    client: AsyncClient, letters: DeadLetters
) -> None:
    await letters.put(message(b"{"), None, "malformed_payload")
    (letter,) = await letters.newest()
    answer = await client.post(f"{LETTERS}/{letter.id}/replay", headers=as_role("officer"))
    assert answer.status_code == 409
    (still,) = await letters.newest()
    assert still.replayed_at is None


async def test_dead_letters_page_by_cursor(client: AsyncClient, letters: DeadLetters) -> None:
    for index in range(5):
        await letters.put(message(b"%d" % index), None, "malformed_payload")
    found: list[int] = []
    after = ""
    for _ in range(3):
        page = (await client.get(f"{LETTERS}?limit=2{after}", headers=as_role("officer"))).json()
        found += [item["id"] for item in page["items"]]
        after = f"&before={page['next']}"
    assert found == sorted(set(found), reverse=True)
    assert (len(found), page["next"]) == (5, None)


@pytest.mark.parametrize("role", ["auditor", "chair", "handler", "mailroom"])
async def test_dead_letters_are_for_admin_and_officer(client: AsyncClient, role: str) -> None:
    assert (await client.get(LETTERS, headers=as_role(role))).status_code == 404
    assert (await client.post(f"{LETTERS}/1/replay", headers=as_role(role))).status_code == 404


async def test_replaying_what_is_not_there_is_not_found(client: AsyncClient) -> None:
    answer = await client.post(f"{LETTERS}/1/replay", headers=as_role("admin"))
    assert answer.status_code == 404


async def test_a_page_cookie_alone_changes_nothing(
    client: AsyncClient, letters: DeadLetters
) -> None:
    client.cookies.set(COOKIE, token("admin"))
    assert (await client.post(f"{LETTERS}/1/replay")).status_code == 401
