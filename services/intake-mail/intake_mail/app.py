"""Wires intake-mail: scans in, pages read and looked at, letters to the router, answers out as labels."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from intake_mail import api, archive, opening, page, page_reader, posting
from intake_mail.api import DeskParts
from intake_mail.desk import Desk
from intake_mail.draft_rows import DraftRows
from intake_mail.drafts import SECRET, Work
from intake_mail.folder import Folder
from intake_mail.misquoted import Misquoted
from intake_mail.parts import Keys, Parts
from intake_mail.reading import Reading
from intake_mail.reading_pool import open_reading_pool
from intake_mail.sending import Sending
from intake_mail.settings import Settings
from intake_mail.settling import settling
from intake_mail.sweeping import Sweeping
from intake_mail.taking import Taking
from intake_mail.unfolding import Unfolding
from intake_mail.work import Worker
from speakup import postgres, topics
from speakup.blobs import BlobStore
from speakup.consume import Consumer
from speakup.dead_letters import DeadLetters
from speakup.events import Channel
from speakup.keys import INTAKE, UNSEALING, CurrentKey, KeyFolder, PrivateKeys, contact_purpose
from speakup.keys_in_use import saying
from speakup.relay import Relay
from speakup.service import Check, Service, Task
from speakup.staff import Verifier

NAME = "intake-mail"
MIGRATIONS = Path(__file__).parent / "migrations"
WORKERS = 3
"""Letters that are worked on at a time; how many pages are read at a time, says the pool."""


@asynccontextmanager
async def open_service() -> AsyncIterator[Service]:
    """The service, its database at its newest version."""
    settings = Settings()
    await postgres.prepare(settings, "mail", MIGRATIONS)
    async with AsyncExitStack() as stack:
        engine = postgres.open_engine(settings.database("mail"), pool_size=10)
        stack.push_async_callback(engine.dispose)
        keys = KeyFolder(settings.keys_folder)
        retry = settings.outbox_retry_seconds
        relay = Relay(NAME, engine, settings, (topics.SUBMISSIONS, topics.DELIVERIES))
        parts = Parts(
            engine=engine,
            blobs=BlobStore(settings.blobs),
            rows=DraftRows(keys.secret(SECRET)),
            opener=await stack.enter_async_context(opening.open_opener()),
            relay=relay,
            keys=Keys(
                CurrentKey(keys, INTAKE),
                CurrentKey(keys, contact_purpose(Channel.mail)),
                CurrentKey(keys, UNSEALING),
            ),
            settings=settings,
            fingerprint_key=keys.secret(SECRET),
        )
        reading = Reading(parts, await stack.enter_async_context(open_reading_pool()))
        archiver = await stack.enter_async_context(archive.open_archiver(settings.var))
        taking = Taking(parts)
        acts = {
            Work.open: Unfolding(parts).work,
            Work.read: reading.work,
            Work.send: Sending(parts, archiver).work,
        }
        sweeping = Sweeping(parts)
        settle = Consumer(
            settings,
            group=f"{NAME}.settle",
            topics=[topics.CASES],
            handle=settling(engine),
            dead_letters=DeadLetters(NAME, engine),
            on_new_topic=relay.republish,
        )
        replies = Consumer(
            settings,
            group=f"{NAME}.replies",
            topics=[topics.REPLIES],
            handle=posting.taking(engine, relay, retry=retry),
            dead_letters=DeadLetters(NAME, engine),
        )
        tasks: dict[str, Task] = {
            "relay": relay.run,
            "settle": settle.run,
            "replies": replies.run,
            "sweep": sweeping.run,
            "misquoted": Misquoted(parts).run,
            "keys-in-use": saying(NAME, engine, relay, keys, retry=retry),
        }
        for number in range(WORKERS):
            tasks[f"letters-{number}"] = Worker(parts, acts).run
        notices: dict[str, Check] = {
            "reading": page_reader.notice,
            "archive": archive.notice,
            "codes": opening.notice,
            "drafts": sweeping.notice,
        }
        folder = None
        if settings.scan_folder is not None:
            folder = Folder(settings.scan_folder, parts, taking)
            tasks["folder"] = folder.run
            notices["folder"] = folder.notice
        verifier = Verifier(keys)
        labels = api.labels.router(
            engine=engine,
            relay=relay,
            keys=PrivateKeys(keys, contact_purpose(Channel.mail)),
            verifier=verifier,
            retry=retry,
        )
        yield Service(
            NAME,
            routers=[
                page.router(verifier, settings.timezone),
                labels,
                *api.routers(DeskParts(parts, Desk(parts), taking, folder, verifier)),
            ],
            bodies=api.BODIES,
            checks={
                "database": lambda: postgres.check(engine),
                "publishing": relay.check,
                "settling": settle.check,
                "replies": replies.check,
            },
            notices=notices,
            tasks=tasks,
        )
