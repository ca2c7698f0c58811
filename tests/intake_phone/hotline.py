"""intake-phone's webhooks on real tables, called by the strict double; prompts are heard by their names."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast
from uuid import UUID

import httpx
from pydantic import SecretStr
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from embedded import practice_credentials
from embedded.practice_credentials import Credentials
from intake_phone import access, tables, webhooks
from intake_phone.calls import Calls
from intake_phone.doing import Doing
from intake_phone.forget import forget_ended
from intake_phone.settings import Settings
from intake_phone.signature import Signed
from speakup import seal, topics, web
from speakup.events import (
    AccessAnswered,
    AccessRequested,
    Event,
    Payload,
    SubmissionReceived,
)
from speakup.keys import INTAKE, KeyFolder, PrivateKeys
from speakup.relay import Relay
from speakup.service import Service
from speakup.submission import Content, View
from speakup.submission import Credentials as Given
from tests.building import make_keys
from tests.databases import database
from tests.phone_service import HOST, ByName
from tests.twilio_double import TwilioDouble


class Published(list[topics.Record]):
    """In the place of a relay."""

    def __init__(self) -> None:
        super().__init__()
        self.answers: list[tuple[View | None, int | None]] = []
        """What the router will say when it is asked: a view, or for how long nothing opens, or neither."""
        self.answer: Callable[[View | None, int | None], Awaitable[None]]
        self._answering: set[asyncio.Task[None]] = set()

    def publish_soon(self, records: Sequence[topics.Record]) -> None:
        self.extend(records)
        if self.answers and any(record.topic == topics.ACCESS for record in records):
            task = asyncio.ensure_future(self.answer(*self.answers.pop(0)))
            self._answering.add(task)


@dataclass
class Hotline:
    """The service, and what it wrote."""

    engine: AsyncEngine
    keys: KeyFolder
    calls: Calls
    client: httpx.AsyncClient
    account: Credentials
    line: TwilioDouble
    published: Published

    async def rows(self, statement: str) -> Sequence[Any]:
        async with self.engine.connect() as connection:
            return (await connection.execute(text(statement))).all()

    async def execute(self, statement: str) -> None:
        async with self.engine.begin() as connection:
            await connection.execute(text(statement))

    async def events(self, *kinds: type[Payload]) -> list[Event]:
        """What lies in the outbox, in order."""
        rows = await self.rows("SELECT * FROM outbox ORDER BY position")
        found = []
        for row in rows:
            values = row.header_values.split(b"\x00")
            headers = tuple(zip(row.header_names.split(","), values, strict=True))
            found.append(topics.decode(row.value, headers, row.topic))
        return [event for event in found if not kinds or isinstance(event.payload, kinds)]

    async def payloads(self, *kinds: type[Payload]) -> list[Any]:
        """Likewise, the payloads alone."""
        return [event.payload for event in await self.events(*kinds)]

    def content(self, payload: SubmissionReceived) -> Content:
        """As the router reads it."""
        private = PrivateKeys(self.keys, INTAKE)[payload.content.key_id]
        plain = private.open(payload.content, seal.content_info(payload.submission_id))
        return Content.model_validate_json(plain)

    async def asked(self) -> tuple[AccessRequested, Given]:
        """What the router was asked last."""
        (*_, record) = (one for one in self.published if one.topic == topics.ACCESS)
        payload = topics.decode(record.value, record.headers, record.topic).payload
        assert isinstance(payload, AccessRequested)
        private = PrivateKeys(self.keys, INTAKE)[payload.credentials.key_id]
        plain = private.open(payload.credentials, seal.access_info(payload.request_id))
        return payload, Given.model_validate_json(plain)

    def router_will_say(self, view: View | None = None, wait_seconds: int | None = None) -> None:
        """When it is asked next."""
        self.published.answers.append((view, wait_seconds))

    async def answer(self, view: View | None, wait_seconds: int | None) -> None:
        """The router's word on what it was asked last."""
        request, _ = await self.asked()
        sealed = None
        if view is not None:
            session = seal.PublicKey.from_raw("session", request.session_key)
            info = seal.view_info(request.request_id)
            sealed = session.seal(view.model_dump_json().encode(), info)
        answer = AccessAnswered(
            request_id=request.request_id, view=sealed, wait_seconds=wait_seconds
        )
        now = request.requested_at
        event = Event(UUID(int=1), "/case-router", now, str(request.request_id), answer)
        await access.taking(self.engine)([event])

    async def forgets(self) -> int:
        """The calls that have ended, as if five minutes had passed."""
        forgotten = 0
        while some := await forget_ended(self.engine, self.calls, after=-1):
            forgotten += some
        return forgotten


@asynccontextmanager
async def open_hotline(postgres_url: str, folder: Path, **settings: Any) -> AsyncIterator[Hotline]:
    """On a database and keys of its own."""
    keys = make_keys(KeyFolder(folder / "keys"))
    account = practice_credentials.make()
    set_up = Settings(
        public_url=HOST,
        twilio_account_sid=account.account_sid,
        twilio_auth_token=SecretStr(account.auth_token),
        twilio_api_base=account.api_base,
        **settings,
    )
    published = Published()
    async with database(postgres_url, tables.metadata) as engine:
        calls = Calls(
            engine=engine,
            relay=cast("Relay", published),
            doing=Doing(keys),
            call_key=keys.secret("phone-calls"),
            settings=set_up,
            voice=ByName(),
        )
        signed = Signed(account.auth_token, HOST)
        service = Service(
            "intake-phone",
            routers=[webhooks.router(calls, signed, account.account_sid)],
            bodies=webhooks.BODIES,
        )
        transport = httpx.ASGITransport(web.create_app([service], set_up))
        line = TwilioDouble(
            account,
            f"{HOST}/phone/voice",
            status_url=f"{HOST}/phone/status",
            pace=0,
            transport=transport,
        )
        async with httpx.AsyncClient(transport=transport, base_url=HOST) as client:
            hotline = Hotline(engine, keys, calls, client, account, line, published)
            published.answer = hotline.answer
            yield hotline
        await line.aclose()
