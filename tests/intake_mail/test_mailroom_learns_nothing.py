"""No mailroom account ever gets a PIN, an answer's text or what became of a letter; an address stands on its label
alone.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from itertools import product
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute
from pypdf import PdfReader

from case_router import tables as router_tables
from case_router.api import BODIES, routers
from intake_mail import api
from intake_mail.api import DeskParts
from intake_mail.desk import Desk
from intake_mail.posting import taking
from intake_mail.settling import settling
from speakup import topics, web
from speakup.events import CaseOpened, Channel, ReplyRequested
from speakup.keys import PrivateKeys, contact_purpose
from speakup.post_code import post_code
from speakup.service import Service
from speakup.staff import COOKIE
from tests.case_router.world import World, deliveries, open_world, opening
from tests.databases import database
from tests.intake_mail.letters_desk import ENTRY, Mailroom

LETTER = "The foreman of shop nine sells our diesel at night."
QUESTION = "Which of the three warehouses do you mean?"
ANSWER = "Two foremen were dismissed and the pump is locked."
ADDRESS = "Aigul Serikova\nLenin St 5\nTemirtau"

LABEL = "/api/v1/letters/labels/{code}/label.pdf"

BROUGHT: dict[str, Any] = {
    "posted": {"registered_mail_number": "RR123456785KZ"},
    "returned": {"reason": "moved"},
    "replies": {"purpose": "question", "text": "When was that?"},
    "assignment": {"handler": "handler"},
    "status": {"status": "in_review"},
    "transcript": {"text": "They sell our diesel.", "language": "en"},
    "entry": ENTRY | {"storage_place": "Safe 2", "reason": "It was moved."},
    "void": {"reason": "Entered in error."},
    "draft": {"unread": True},
    "{page_id}": {"rotation": 90},
    "read": {"language": "ru"},
}
"""What a change needs, by the end of its path; elsewhere nothing."""


@dataclass
class Post:
    """A letter that was sent and became a case, and what is to be posted to its reporter."""

    world: World
    mailroom: Mailroom
    routes: set[tuple[str, str]]
    client: httpx.AsyncClient
    number: str
    pin: str
    places: dict[str, Sequence[object]]
    """Every identifier that a path can hold, by its name there."""

    async def walk(self) -> list[tuple[str, str]]:
        """Every route that there is, asked by a mailroom account about all that there is: path and answer."""
        token = self.world.token("mailroom")
        headers = {
            "Authorization": f"Bearer {token}",
            "If-Match": "*",
            "Speak-Up-Page": "1",
            "Cookie": f"{COOKIE}={token}",
            "Idempotency-Key": "walk",
        }
        seen = []
        for method, path in sorted(self.routes):
            body = BROUGHT.get(path.rsplit("/", 1)[-1], {}) if method != "GET" else None
            for filled in self._filled(path):
                answer = await self.client.request(method, filled, headers=headers, json=body)
                seen.append((path, said(answer)))
        return seen

    def _filled(self, path: str) -> Iterator[str]:
        """The path with every identifier that fits its places."""
        wanted = [name for name in self.places if f"{{{name}}}" in path]
        for values in product(*(self.places[name] for name in wanted)):
            # Of what isn't part of this (dead letters, recordings) there is none.
            yield path.format_map(_Else(zip(wanted, values, strict=True)))

    async def hear(self) -> None:
        """The router hears what the mailroom did."""
        records = self.mailroom.published.records
        events = [topics.decode(r.value, r.headers, r.topic) for r in records]
        await deliveries(self.world).handle([e for e in events if e.id != self.submission_id])

    @property
    def submission_id(self) -> object:
        return self.places["submission_id"][0]

    def kept(self) -> tuple[str, ...]:
        """What is kept from the mailroom."""
        return (self.pin, LETTER, QUESTION, ANSWER, self.number)


class _Else(dict[str, object]):
    def __missing__(self, name: str) -> object:
        return UUID(int=7)


def all_routes(app: FastAPI, services: Sequence[Service]) -> set[tuple[str, str]]:
    """Method and path of each, the pages' too, which no document lists."""
    return {
        (method.upper(), path)
        for path, methods in app.openapi()["paths"].items()
        for method in methods
    } | {
        (method, route.path)
        for service in services
        for router in service.routers
        for route in router.routes
        if isinstance(route, APIRoute)
        for method in route.methods or ()
    }


def said(answer: httpx.Response) -> str:
    """All that can be read in an answer."""
    body = answer.text
    if answer.headers.get("content-type") == "application/pdf":
        pages = PdfReader(BytesIO(answer.content)).pages
        body = " ".join(page.extract_text() for page in pages)
    return f"{body}\n{answer.headers}".replace("\n", " ")


def told(text: str, *secrets: str) -> set[str]:
    """Which of these can be read in the text; digits within an identifier or a time are nothing."""
    return {one for one in secrets if re.search(rf"(?<![\w.]){re.escape(_line(one))}(?!\w)", text)}


def _line(text: str) -> str:
    return text.replace("\n", " ")


@pytest.fixture
async def post(postgres_url: str, tmp_path: Path, mailroom: Mailroom) -> AsyncIterator[Post]:
    async with (
        database(postgres_url, router_tables.metadata) as engine,
        database(postgres_url, router_tables.keys_metadata) as keys_engine,
        # In the same folder: so they have the same keys.
        open_world(engine, keys_engine, tmp_path) as world,
    ):
        services = [
            Service("case-router", routers=routers(world.parts), bodies=BODIES),
            Service("intake-mail", routers=letters(mailroom, world), bodies=api.BODIES),
        ]
        app = web.create_app(services, mailroom.settings)
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            yield await write(world, mailroom, all_routes(app, services), client)


def letters(mailroom: Mailroom, world: World) -> list[Any]:
    """The routers of intake-mail, as its app has them."""
    verifier = world.parts.verifier
    labels = api.labels.router(
        engine=mailroom.engine,
        relay=mailroom.parts.relay,
        keys=PrivateKeys(mailroom.keys, contact_purpose(Channel.mail)),
        verifier=verifier,
        retry=300,
    )
    parts = DeskParts(
        mailroom.parts, Desk(mailroom.parts), mailroom.taking, mailroom.folder, verifier
    )
    return [labels, *api.routers(parts)]


async def write(
    world: World, mailroom: Mailroom, routes: set[tuple[str, str]], client: httpx.AsyncClient
) -> Post:
    """A letter becomes a case; a question and an answer are written; the mailroom hears of all three."""
    letter_id = await mailroom.letter(LETTER)
    (page,) = (await mailroom.draft(letter_id))["pages"]
    await mailroom.patch(f"/{letter_id}/draft", {"address": ADDRESS, "language": "en"})
    await mailroom.post(f"/{letter_id}/send")
    await mailroom.work()
    (event,) = mailroom.sent()
    pin = mailroom.content(event).pin
    assert pin is not None
    await opening(world).handle([event])
    for purpose, text in (("question", QUESTION), ("answer", ANSWER)):
        await world.change(event.subject, "replies", {"purpose": purpose, "text": text})
    said = await world.events()
    await taking(mailroom.engine, mailroom.parts.relay, retry=300)(said)
    await settling(mailroom.engine)([e for e in said if isinstance(e.payload, CaseOpened)])
    replies = [e.payload.reply_id for e in said if isinstance(e.payload, ReplyRequested)]
    assert len(replies) == 3
    places: dict[str, Sequence[object]] = {
        "number": [event.subject],
        "submission_id": [event.id],
        "reply_id": replies,
        "code": [post_code(reply_id) for reply_id in replies],
        "letter_id": [letter_id],
        "page_id": [page["page_id"]],
        "index": [0],
    }
    return Post(world, mailroom, routes, client, event.subject, pin, places)


async def test_no_route_tells_the_mailroom_more_than_an_address_on_its_label(post: Post) -> None:
    # The first walk prints and posts what it meets, and the second one finds it come back.
    for _ in range(2):
        seen = await post.walk()
        assert [path for path, text in seen if told(text, *post.kept())] == []
        assert {path for path, text in seen if told(text, *ADDRESS.split("\n"))} <= {LABEL}
        await post.hear()
    shown = (await post.world.get(f"/cases/{post.number}")).json()
    assert shown["acknowledged_at"] is not None


async def test_what_is_kept_from_the_mailroom_is_what_the_officer_reads(post: Post) -> None:
    case = await post.world.get(f"/cases/{post.number}")
    printed = [
        said(await post.client.get(reply["letter"]["pdf"], headers=post.world.bearer()))
        for reply in case.json()["replies"]
    ]
    assert told(" ".join([*printed, case.text]), *post.kept()) == set(post.kept())
    assert told(" ".join(printed), *ADDRESS.split("\n")) == set()


async def test_the_walk_meets_every_route_and_every_label(post: Post) -> None:
    seen = await post.walk()
    labels = " ".join(text for path, text in seen if path == LABEL)
    wanted = {ADDRESS, *map(str, post.places["code"])}
    assert told(labels, *wanted) == wanted
    register = " ".join(text for path, text in seen if path == "/api/v1/letters")
    assert '"state":"sent"' in register
    assert {path for path, _ in seen} == {path for _, path in post.routes}
    assert {path for _, path in post.routes} >= {
        "/login",
        "/api/v1/cases/{number}/replies/{reply_id}/letter.pdf",
        "/api/v1/letters/{letter_id}/pages/{page_id}/picture",
        "/api/v1/letters/labels",
    }


async def test_in_the_mailrooms_database_nothing_can_be_read(post: Post) -> None:
    await post.walk()
    for table in ("replies", "address_readings", "outbox", "letters", "idempotency"):
        rows = str(await post.mailroom.rows(f"SELECT {table}::text FROM {table}"))
        assert rows != "[]"
        for secret in (post.pin, LETTER, QUESTION, ANSWER, *ADDRESS.split("\n")):
            assert told(rows, secret) == set()
            assert len(secret) < 10 or secret.encode().hex() not in rows
