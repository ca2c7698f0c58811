"""A mailroom on real tables: letters it is asked to post, and what became of them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast
from uuid import UUID, uuid4

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from intake_mail import tables
from intake_mail.posting import taking
from speakup import case_number, seal, topics
from speakup.events import Channel, Event, Payload, Purpose, ReplyRequested
from speakup.keys import KeyFolder, contact_purpose
from speakup.relay import Relay
from speakup.staff import Role, Staff
from speakup.submission import Contact, Reply
from tests.building import make_keys
from tests.databases import database
from tests.published import Published

STAFF = Staff(str(UUID(int=1)), "mailroom", Role.mailroom, narratives=False)
ADDRESS = "Aigul Serikova\nLenin St 5\nKaraganda"


@dataclass(frozen=True)
class PostRoom:
    engine: AsyncEngine
    keys: KeyFolder
    published: Published

    @property
    def relay(self) -> Relay:
        return cast("Relay", self.published)

    async def take(self, *requests: ReplyRequested) -> None:
        """Requests come by Kafka."""
        events = [Event(r.reply_id, "/case-router", r.requested_at, "x", r) for r in requests]
        await taking(self.engine, self.relay, retry=300)(events)

    async def ask(self, **facts: Any) -> ReplyRequested:
        """The same with one."""
        asked = request(self.keys, **facts)
        await self.take(asked)
        return asked

    def said(self, kind: type[Payload]) -> list[Any]:
        """What was told the router of this kind."""
        events = [topics.decode(r.value, r.headers, r.topic) for r in self.published.records]
        return [event.payload for event in events if isinstance(event.payload, kind)]

    async def rows(self, statement: str, **values: object) -> Sequence[Any]:
        async with self.engine.connect() as connection:
            return (await connection.execute(text(statement), values)).all()


def request(
    keys: KeyFolder,
    *,
    address: str = ADDRESS,
    purpose: Purpose = Purpose.answer,
    channel: Channel = Channel.mail,
    at: datetime | None = None,
) -> ReplyRequested:
    """As the router says it."""
    reply_id, submission_id = uuid4(), uuid4()
    public = keys.public(contact_purpose(channel))
    contact = Contact(address=address).model_dump_json().encode()
    return ReplyRequested(
        reply_id=reply_id,
        case_number=case_number.mint(channel),
        channel=channel,
        purpose=purpose,
        requested_at=at or datetime.now(UTC),
        contact=public.seal(contact, seal.contact_info(submission_id)),
        submission_id=submission_id,
        content=public.seal(Reply().model_dump_json().encode(), seal.reply_info(reply_id)),
    )


@asynccontextmanager
async def open_post_room(postgres_url: str, folder: Path) -> AsyncIterator[PostRoom]:
    """Everything made anew."""
    keys = make_keys(KeyFolder(folder / "keys"))
    async with database(postgres_url, tables.metadata) as engine:
        yield PostRoom(engine, keys, Published())
