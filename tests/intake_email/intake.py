"""The accepting half of intake-email on a real table and a real child; what it would publish is kept."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import psutil
from sqlalchemy.ext.asyncio import AsyncEngine

from intake_email import tables
from intake_email.accept import Acceptor, RawKeys
from intake_email.addresses import Addresses
from intake_email.readers import Readers
from speakup import seal, topics
from speakup.blobs import BlobStore
from speakup.events import SubmissionReceived
from speakup.keys import INTAKE, UNSEALING, KeyFolder, PrivateKeys
from speakup.relay import Relay
from speakup.sandbox import open_sandbox
from speakup.submission import Contact, Content
from tests.building import make_keys
from tests.databases import database
from tests.published import Published

HOTLINE = "speakup@localhost"


@dataclass(frozen=True)
class Intake:
    """What a test of accepting needs."""

    engine: AsyncEngine
    keys: KeyFolder
    acceptor: Acceptor
    addresses: Addresses
    published: Published
    blobs: Path

    def payloads(self) -> list[SubmissionReceived]:
        """What it would have published."""
        events = [topics.decode(r.value, r.headers, r.topic) for r in self.published.records]
        return [cast("SubmissionReceived", event.payload) for event in events]

    def content(self, payload: SubmissionReceived) -> Content:
        """A submission's words, as the router opens them."""
        private = PrivateKeys(self.keys, INTAKE)[payload.content.key_id]
        return Content.model_validate_json(
            private.open(payload.content, seal.content_info(payload.submission_id))
        )

    async def raw(self, payload: SubmissionReceived) -> bytes:
        """The mail as it came: its headers as unsealing gives them, and the rest."""
        content, store = self.content(payload), BlobStore(self.blobs.as_uri())
        contact = self.contact(payload)
        headers = await store.get(contact.headers_blob) if contact.headers_blob else contact.headers
        body = await store.get(content.raw_blob) if content.raw_blob else content.raw
        return (headers or b"") + (body or b"")

    def contact(self, payload: SubmissionReceived) -> Contact:
        """The sender's side, as unsealing gives it."""
        assert payload.contact is not None
        sealed = payload.contact.unsealing
        return Contact.model_validate_json(
            PrivateKeys(self.keys, UNSEALING)[sealed.key_id].open(
                sealed, seal.contact_info(payload.submission_id)
            )
        )


@asynccontextmanager
async def open_intake(
    postgres_url: str, folder: Path, *, megabytes: int = 512
) -> AsyncIterator[Intake]:
    """On a database and keys of its own."""
    keys = make_keys(KeyFolder(folder / "keys"))
    published = Published()
    addresses = Addresses(HOTLINE, keys.secret("email-hmac"))
    async with (
        database(postgres_url, tables.metadata) as engine,
        open_sandbox(
            "intake_email.reading:read_several", children=1, seconds=20, megabytes=megabytes
        ) as sandbox,
    ):
        acceptor = Acceptor(
            engine=engine,
            relay=cast("Relay", published),
            blobs=BlobStore((folder / "blobs").as_uri()),
            readers=Readers(sandbox, children=1),
            keys=RawKeys(keys),
            addresses=addresses,
            hmac_key=keys.secret("email-hmac"),
            retry=300,
        )
        stop = asyncio.Event()
        running = asyncio.create_task(acceptor.run(stop))
        yield Intake(engine, keys, acceptor, addresses, published, folder / "blobs")
        stop.set()
        await running


def readers() -> list[psutil.Process]:
    """The children that read mails."""
    found = []
    for child in psutil.Process().children():
        with suppress(psutil.NoSuchProcess):
            if "intake_email.reading:read_several" in child.cmdline():
                found.append(child)
    return found
