"""A case API on real tables, with one account for each role and cases made to measure."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import httpx
from fastapi import FastAPI
from sqlalchemy import insert, select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from case_router import pages, preview, tables
from case_router.api import BODIES, Parts, routers
from case_router.api.recordings import MASKING
from case_router.consume import Opening
from case_router.deliveries import Deliveries
from case_router.oidc_provider import Provider
from case_router.passwords import hash_password
from case_router.store import amendments
from case_router.store.clocks import Clocks
from case_router.store.narratives import lock_amended
from case_router.store.profiles import Profiles
from case_router.store.vault import FileKeyProvider, Vault, contact_context, content_context
from case_router.tokens import Signer
from speakup import case_number, seal, topics, web
from speakup.blobs import BlobStore, close_blob
from speakup.dead_letters import DeadLetters, RawMessage
from speakup.events import Amendment, Channel, Event
from speakup.keys import INTAKE, UNSEALING, KeyFolder, PrivateKeys, contact_purpose
from speakup.relay import Relay
from speakup.sandbox import Sandbox
from speakup.service import Service
from speakup.settings import Common
from speakup.staff import Role, Staff
from speakup.submission import Amended, Contact, Content, Recording
from tests.building import make_keys
from tests.databases import empty

PASSWORD = "a very quiet winter lake"
PUBLIC = "https://speakup.example.kz"
START = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)


@cache
def password_hash() -> str:
    """Of PASSWORD: made once, since it takes its time."""
    return hash_password(PASSWORD)


@dataclass
class World:
    engine: AsyncEngine
    vault_engine: AsyncEngine
    keys: KeyFolder
    vault: Vault
    blobs: BlobStore
    parts: Parts
    client: httpx.AsyncClient
    app: FastAPI
    replayed: list[RawMessage]
    accounts: dict[str, UUID] = field(default_factory=dict)
    replay_error: Exception | None = None
    cases_made: int = 0

    def token(self, name: str = "officer", *, narratives: bool = True) -> str:
        role = Role(name.rstrip("2"))
        return Signer(self.keys).sign(Staff(str(self.accounts[name]), name, role, narratives))

    def bearer(self, name: str = "officer", *, narratives: bool = True) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token(name, narratives=narratives)}"}

    async def get(self, path: str, by: str = "officer", **headers: str) -> httpx.Response:
        sent = self.bearer(by) | {name.replace("_", "-"): v for name, v in headers.items()}
        return await self.client.get(f"/api/v1{path}", headers=sent)

    async def put(self, path: str, body: object, by: str = "admin") -> httpx.Response:
        return await self.client.put(f"/api/v1{path}", json=body, headers=self.bearer(by))

    async def post(
        self, path: str, body: object = None, by: str = "officer", **headers: str
    ) -> httpx.Response:
        sent = self.bearer(by) | {name.replace("_", "-"): v for name, v in headers.items()}
        return await self.client.post(f"/api/v1{path}", json=body, headers=sent)

    async def change(
        self, number: str, what: str, body: object, by: str = "officer", **headers: str
    ) -> httpx.Response:
        """Post a change with the ETag as it is now."""
        etag = (await self.get(f"/cases/{number}", by)).headers["etag"]
        return await self.post(f"/cases/{number}/{what}", body, by, If_Match=etag, **headers)

    async def change_blindly(self, path: str, body: object, by: str) -> int:
        """The status of a change by somebody who can't read the case."""
        return (await self.post(path, body, by, If_Match="*")).status_code

    async def erase(self) -> None:
        """Destroy all case keys."""
        async with self.vault_engine.begin() as connection:
            await connection.execute(text("DELETE FROM case_keys"))

    async def sign_in(self, name: str = "officer", **fields: str) -> httpx.Response:
        form = {"grant_type": "password", "username": name, "password": PASSWORD} | fields
        return await self.client.post("/api/v1/token", data=form)

    async def execute(self, statement: str, **values: object) -> None:
        async with self.engine.begin() as connection:
            await connection.execute(text(statement), values)

    async def rows(self, statement: str, **values: object) -> Sequence[Any]:
        async with self.engine.connect() as connection:
            return (await connection.execute(text(statement), values)).all()

    async def events(self) -> list[Event]:
        """What lies in the outbox, in order."""
        async with self.engine.connect() as connection:
            query = select(tables.outbox).order_by(tables.outbox.c.position)
            rows = (await connection.execute(query)).all()
        return decoded(rows)

    async def audit(self) -> list[tuple[str, str | None, str | None]]:
        """Action, name of who did it, case number; oldest first."""
        rows = await self.rows(
            "SELECT action, name, case_number FROM audit LEFT JOIN accounts USING (account_id) "
            "ORDER BY entry"
        )
        return [tuple(row) for row in rows]

    async def add_account(self, name: str, role: Role) -> None:
        self.accounts[name] = uuid4()
        async with self.engine.begin() as connection:
            await connection.execute(
                insert(tables.accounts).values(
                    account_id=self.accounts[name],
                    name=name,
                    role=role,
                    password_hash=password_hash(),
                )
            )

    async def add_case(self, content: Content | None = None, **facts: object) -> str:
        """A case with one submission; later ones are newer."""
        number = case_number.mint(Channel.email)
        handler = facts.pop("handler", None)
        contact, answerable = facts.pop("contact", True), facts.pop("answerable", True)
        self.cases_made += 1
        opened = START + timedelta(minutes=self.cases_made)
        values = {
            "case_number": number,
            "channel": "email",
            "language": "kk",
            "sequence": 1,
            "received_at": opened,
            "opened_at": opened,
            # What most tests are about comes after triage; `triaged_at=None` is a case before it.
            "triaged_at": opened,
            "handler": self.accounts[str(handler)] if handler else None,
        } | facts
        async with self.engine.begin() as connection:
            await connection.execute(insert(tables.cases).values(**values))
        await self.add_submission(number, content, contact=contact, answerable=answerable)
        return number

    async def add_submission(
        self, number: str, content: Content | None = None, **facts: Any
    ) -> UUID:
        submission_id = facts.get("submission_id") or uuid4()
        content = content or Content(subject="Diesel", text="The foreman sells our diesel.")
        key = (await self.vault.make([number]))[number]
        channel = facts.get("channel", "email")
        contact = Contact(address="reporter@example.kz").model_dump_json().encode()
        info = seal.contact_info(submission_id)
        sealed = {
            "contact_reply": self.keys.public(contact_purpose(channel)).seal(contact, info),
            "contact_unsealing": self.keys.public(UNSEALING).seal(contact, info),
        }
        async with self.engine.begin() as connection:
            await connection.execute(
                insert(tables.submissions).values(
                    submission_id=submission_id,
                    case_number=number,
                    follow_up=facts.get("follow_up", False),
                    channel=channel,
                    received_at=facts.get("received_at", START),
                    unparsed=False,
                    answerable=facts.get("answerable", True),
                    content_locked=seal.lock(
                        key,
                        content.model_dump_json().encode(),
                        content_context(number, submission_id),
                    ),
                    **{
                        name: seal.lock(
                            key,
                            seal.pack(value),
                            contact_context(number, submission_id, name.removeprefix("contact_")),
                        )
                        for name, value in sealed.items()
                        if facts.get("contact", True)
                    },
                )
            )
        return UUID(str(submission_id))


def opening(world: World) -> Opening:
    """What opens cases, on the same tables."""
    return Opening(
        engine=world.engine,
        vault=world.vault,
        keys=PrivateKeys(world.keys, INTAKE),
        contact_keys=lambda: {
            channel: world.keys.public(contact_purpose(channel))
            for channel in (Channel.email, Channel.mail)
        },
        relay=world.parts.relay,
        pin_key=world.keys.secret("pin-hmac"),
        clocks=world.parts.clocks,
        retry=300,
    )


def deliveries(world: World) -> Deliveries:
    """What hears how far replies have got; what it would say is dropped."""
    return Deliveries(
        engine=world.engine,
        vault=world.vault,
        relay=world.parts.relay,
        say=lambda _events: None,
        pin_key=world.keys.secret("pin-hmac"),
        clocks=world.parts.clocks,
        retry=300,
    )


def decoded(rows: Sequence[Any]) -> list[Event]:
    """Rows of an outbox as events."""
    events = []
    for row in rows:
        values = row.header_values.split(b"\x00")
        headers = list(zip(row.header_names.split(","), values, strict=True))
        events.append(topics.decode(row.value, headers, row.topic))
    return events


@dataclass(frozen=True)
class Spoken:
    """A call's case and its recording."""

    number: str
    submission_id: UUID
    recording_id: UUID

    @property
    def path(self) -> str:
        return f"/cases/{self.number}/recordings/{self.recording_id}"


async def add_call(world: World, sound: bytes | None, **facts: object) -> Spoken:
    """A case whose reporter spoke; None: the audio can't be had."""
    content = Content()
    number = await world.add_case(content, channel="phone", contact=False, **facts)
    (row,) = await world.rows(
        "SELECT submission_id FROM submissions WHERE case_number = :n", n=number
    )
    blob = None
    if sound is not None:
        blob, ciphertext = close_blob(sound)
        await world.blobs.put(blob.digest, ciphertext)
    spoken = Spoken(number, row.submission_id, uuid4())
    recording = Recording(
        recording_id=spoken.recording_id, content_type="audio/wav", seconds=3, blob=blob
    )
    about = Amendment.recording if blob else Amendment.recording_missing
    await amend(world, spoken, about, Amended(recording=recording))
    return spoken


async def amend(world: World, spoken: Spoken, amendment: Amendment, content: Amended) -> None:
    """Something is added to the call's submission."""
    event_id = uuid4()
    key = (await world.vault.keys_of([spoken.number]))[spoken.number]
    locked = lock_amended(key, spoken.number, event_id, content)
    new = amendments.New(event_id, spoken.number, spoken.submission_id, amendment, START, locked)
    async with world.engine.begin() as connection:
        await amendments.add(connection, new)


@asynccontextmanager
async def open_world(
    engine: AsyncEngine,
    vault_engine: AsyncEngine,
    folder: Path,
    public_url: str = "http://127.0.0.1:8000",
    provider: Provider | None = None,
) -> AsyncIterator[World]:
    """The API on these two databases, emptied, reached without a network."""
    for emptied, metadata in (
        (engine, tables.metadata),
        (vault_engine, tables.keys_metadata),
    ):
        async with emptied.begin() as connection:
            await empty(connection, metadata)
    keys = make_keys(KeyFolder(folder / "keys"))
    settings = Common(var=folder, public_url=public_url)
    vault = Vault(vault_engine, FileKeyProvider(keys.secret("case-kek")))
    blobs = BlobStore(settings.blobs)
    replayed: list[RawMessage] = []

    async def replay(message: RawMessage) -> None:
        if world.replay_error is not None:
            raise world.replay_error
        replayed.append(message)

    masking = Sandbox(MASKING, children=1, seconds=30, megabytes=768)
    previews = Sandbox(preview.FUNCTION, children=1, seconds=15, megabytes=1024)
    profiles, zone = Profiles(), ZoneInfo("Asia/Almaty")
    parts = Parts(
        engine=engine,
        keys=keys,
        vault=vault,
        blobs=blobs,
        # Never connected: what is published can be seen in the outbox.
        relay=Relay("case-router", engine, settings, (topics.CASES, topics.REPLIES)),
        settings=settings,
        dead_letters=DeadLetters("case-router", engine),
        masking=masking,
        previews=previews,
        replay=replay,
        timezone=zone,
        profiles=profiles,
        clocks=Clocks(profiles, zone),
        provider=provider,
    )
    api = routers(parts)
    service = Service(
        "case-router", routers=[*api, pages.router(parts, api)], bodies=BODIES | pages.BODIES
    )
    app = web.create_app([service], settings)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url=public_url) as client:
        world = World(engine, vault_engine, keys, vault, blobs, parts, client, app, replayed)
        for role in Role:
            await world.add_account(role.value, role)
        with closing(masking), closing(previews):
            yield world
