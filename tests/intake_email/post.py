"""A sending worker on real tables and a reporter's mailbox on loopback: what it is asked to say, and what came of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast
from uuid import UUID, uuid4

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from embedded import ports
from intake_email import tables
from intake_email.addresses import Addresses
from intake_email.hand_over import Connection
from intake_email.replies import taking
from intake_email.send import Sender
from intake_email.sending_settings import SendingSettings
from speakup import case_number, seal, topics
from speakup.blobs import BlobStore, close_blob
from speakup.events import Channel, Event, Language, Payload, Purpose, ReplyRequested
from speakup.i18n import texts
from speakup.keys import KeyFolder, PrivateKeys, contact_purpose
from speakup.relay import Relay
from speakup.submission import Attachment, Contact, Reply
from tests.building import make_keys
from tests.databases import database
from tests.mailbox import Mailbox, open_mailbox
from tests.published import Published

HOTLINE = "speakup@example.kz"


@dataclass(frozen=True)
class Post:
    engine: AsyncEngine
    keys: KeyFolder
    published: Published
    sender: Sender
    mailbox: Mailbox

    async def ask(
        self,
        address: str = "asel@mail.kz",
        *,
        purpose: Purpose = Purpose.acknowledgement,
        language: Language | None = Language.en,
        number: str | None = None,
        reply: Reply | None = None,
        contact: Contact | None = None,
    ) -> ReplyRequested:
        """A reply as the router requests it, taken onto disk."""
        reply_id, submission_id = uuid4(), uuid4()
        public = self.keys.public(contact_purpose(Channel.email))
        contact = contact or Contact(address=address, message_id=f"<{submission_id}@mail.kz>")
        request = ReplyRequested(
            reply_id=reply_id,
            case_number=number or case_number.mint(Channel.email),
            channel=Channel.email,
            purpose=purpose,
            requested_at=datetime.now(UTC),
            language=language,
            contact=public.seal(
                contact.model_dump_json().encode(), seal.contact_info(submission_id)
            ),
            submission_id=submission_id,
            content=public.seal(
                (reply or Reply(pin="042917")).model_dump_json().encode(),
                seal.reply_info(reply_id),
            ),
        )
        event = Event(reply_id, "/case-router", datetime.now(UTC), request.case_number, request)
        await taking(self.engine, cast("Relay", self.published), retry=300)([event])
        return request

    async def attach(self, name: str, content_type: str, content: bytes) -> Attachment:
        blob, ciphertext = close_blob(content)
        await self.sender.blobs.put(blob.digest, ciphertext)
        return Attachment(name=name, content_type=content_type, blob=blob)

    async def send_all(self) -> None:
        """Until nothing is due."""
        connection = Connection(self.sender.settings)
        while await self.sender.send_next(connection):
            pass
        await connection.close()

    def said(self, kind: type[Payload]) -> list[Any]:
        """What was told the router of this kind."""
        events = [topics.decode(r.value, r.headers, r.topic) for r in self.published.records]
        return [event.payload for event in events if isinstance(event.payload, kind)]

    def ids(self, kind: type[Payload]) -> list[UUID]:
        return [payload.reply_id for payload in self.said(kind)]

    async def day_later(self) -> None:
        """All times on disk lie a day and a minute further back."""
        async with self.engine.begin() as connection:
            for statement in (
                "UPDATE automatic_mails SET until = until - interval '24 hours 1 minute'",
                "UPDATE replies SET due_at = due_at - interval '24 hours 1 minute'",
            ):
                await connection.execute(text(statement))

    def with_settings(self, **values: Any) -> Post:
        settings = self.sender.settings.model_copy(update=values)
        return replace(self, sender=replace(self.sender, settings=settings))


@asynccontextmanager
async def open_post(postgres_url: str, folder: Path) -> AsyncIterator[Post]:
    """Everything made anew."""
    keys = make_keys(KeyFolder(folder / "keys"))
    published = Published()
    settings = SendingSettings(
        var=folder, email_address=HOTLINE, relay_host="127.0.0.1", relay_port=ports.free_port()
    )
    async with database(postgres_url, tables.metadata) as engine:
        with open_mailbox(settings.relay_port) as mailbox:
            sender = Sender(
                engine=engine,
                relay=cast("Relay", published),
                keys=PrivateKeys(keys, contact_purpose(Channel.email)),
                texts=texts(),
                addresses=Addresses(HOTLINE, keys.secret("email-hmac")),
                blobs=BlobStore(settings.blobs),
                hmac_key=keys.secret("email-hmac"),
                settings=settings,
            )
            yield Post(engine, keys, published, sender, mailbox)
