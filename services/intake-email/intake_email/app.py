"""Wires intake-email's edge: mails in by SMTP, LMTP and IMAP, sealed, to Kafka. Replies are the sending
worker's (worker.py)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from intake_email import lmtp, smtp
from intake_email.accept import Acceptor, RawKeys
from intake_email.addresses import Addresses
from intake_email.clamd import Clamd
from intake_email.collect import Collector
from intake_email.readers import Readers
from intake_email.settings import Settings
from intake_email.tls import server_context
from speakup import postgres, topics
from speakup.blobs import BlobStore
from speakup.consume import Consumer
from speakup.dead_letters import DeadLetters
from speakup.keys import KeyFolder
from speakup.keys_in_use import saying
from speakup.relay import Relay
from speakup.sandbox import open_sandbox
from speakup.service import Service
from speakup.settle import settling

NAME = "intake-email"
MIGRATIONS = Path(__file__).parent / "migrations"


@asynccontextmanager
async def open_service() -> AsyncIterator[Service]:
    """The service, listening for mails."""
    settings = Settings()
    await postgres.prepare(settings, "email", MIGRATIONS)
    async with AsyncExitStack() as stack:
        engine = postgres.open_engine(settings.database("email"))
        stack.push_async_callback(engine.dispose)
        keys = KeyFolder(settings.keys_folder)
        retry = settings.outbox_retry_seconds
        relay = Relay(NAME, engine, settings, (topics.SUBMISSIONS, topics.DELIVERIES))
        addresses = Addresses(
            settings.email_address, keys.secret("email-hmac"), settings.email_neutral_address
        )
        sandbox = await stack.enter_async_context(
            open_sandbox(
                "intake_email.reading:read_several",
                children=settings.parse_children,
                seconds=settings.parse_seconds,
            )
        )

        async def warm_up(stop: asyncio.Event) -> None:
            # Beside the rest of the start; a mail that comes before waits for its reader.
            await sandbox.warm_up()
            await stop.wait()

        acceptor = Acceptor(
            engine=engine,
            relay=relay,
            blobs=BlobStore(settings.blobs),
            readers=Readers(sandbox, children=settings.parse_children),
            keys=RawKeys(keys, authserv_id=settings.authserv_id),
            addresses=addresses,
            hmac_key=keys.secret("email-hmac"),
            retry=retry,
            clamd=Clamd(settings.clamd) if settings.clamd else None,
        )
        dead_letters = DeadLetters(NAME, engine)
        settle = Consumer(
            settings,
            group=f"{NAME}.settle",
            topics=[topics.CASES],
            handle=settling(engine),
            dead_letters=dead_letters,
            on_new_topic=relay.republish,
        )
        collectors = {
            f"mailbox-{index}": Collector(
                index,
                mailbox,
                engine=engine,
                acceptor=acceptor,
                addresses=addresses,
                settings=settings,
            )
            for index, mailbox in enumerate(settings.imap_mailboxes)
        }
        tls = server_context(settings)
        for listen in (smtp.listen, lmtp.listen):
            await stack.enter_async_context(listen(settings, acceptor, addresses, tls))
        yield Service(
            NAME,
            checks={
                "database": lambda: postgres.check(engine),
                "publishing": relay.check,
                "settling": settle.check,
            },
            notices={name: collector.notice for name, collector in collectors.items()},
            tasks={
                "accept": acceptor.run,
                "warm-up": warm_up,
                "relay": relay.run,
                "settle": settle.run,
                "keys-in-use": saying(NAME, engine, relay, keys, retry=retry),
                **{name: collector.run for name, collector in collectors.items()},
            },
        )
