"""Wires case-router: submissions from Kafka to cases, their events out again, the case API."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path

import httpx

from case_router import audit_keys, pages, preview
from case_router.access import Access
from case_router.alerts import Alerts
from case_router.api import BODIES, Parts, routers
from case_router.api.recordings import MASKING
from case_router.chainer import Chainer
from case_router.clockwork import Clockwork
from case_router.consume import Opening, set_aside
from case_router.deliveries import Deliveries
from case_router.directory_import import DirectoryImport
from case_router.erasing import Erasing
from case_router.oidc_provider import Provider
from case_router.oidc_settings import OidcSettings
from case_router.reminders import Reminders
from case_router.rotate import Rotation
from case_router.settings import Settings
from case_router.staff_mail import StaffMail
from case_router.store.clocks import Clocks
from case_router.store.profiles import Profiles
from case_router.store.vault import FileKeyProvider, Vault
from case_router.worker import Worker
from speakup import postgres, signing, topics
from speakup.blobs import BlobStore
from speakup.consume import Consumer
from speakup.dead_letters import DeadLetters, RawMessage
from speakup.events import Channel
from speakup.keys import (
    INTAKE,
    CurrentKey,
    KeyFolder,
    MissingKeyError,
    PrivateKeys,
    contact_purpose,
)
from speakup.relay import Relay
from speakup.sandbox import open_sandbox
from speakup.say import Speaker
from speakup.service import Service, Task

NAME = "case-router"
HERE = Path(__file__).parent


@asynccontextmanager
async def open_service() -> AsyncIterator[Service]:
    """The service, its databases at their newest version."""
    settings = Settings()
    await postgres.prepare(settings, "router", HERE / "migrations")
    await postgres.prepare(settings, "keys", HERE / "keys_migrations")
    async with AsyncExitStack() as stack:
        engine = postgres.open_engine(settings.database("router"), pool_size=8)
        keys_engine = postgres.open_engine(settings.database("keys"), pool_size=3)
        stack.push_async_callback(engine.dispose)
        stack.push_async_callback(keys_engine.dispose)
        retry = settings.outbox_retry_seconds
        profiles = Profiles([settings.sla, settings.retention, settings.alerts])
        clocks = Clocks(profiles, settings.timezone)
        keys = KeyFolder(settings.keys_folder)
        vault = Vault(keys_engine, FileKeyProvider(keys.secret("case-kek")))
        contact_keys = _contact_keys(keys)
        relay = Relay(NAME, engine, settings, (topics.CASES, topics.REPLIES))
        speaker = Speaker(NAME, settings, [topics.CASES, topics.ACCESS])
        pin_key = keys.secret("pin-hmac")
        submissions_letters = DeadLetters(NAME, engine, set_aside(retry))
        opening = Consumer(
            settings,
            group=NAME,
            topics=[topics.SUBMISSIONS],
            # A reporter waits for the acknowledgement, and staff for the case.
            wait=0.04,
            rest=0.04,
            handle=Opening(
                engine=engine,
                vault=vault,
                keys=PrivateKeys(keys, INTAKE),
                contact_keys=lambda: {channel: key() for channel, key in contact_keys.items()},
                relay=relay,
                pin_key=pin_key,
                clocks=clocks,
                retry=retry,
            ).handle,
            dead_letters=submissions_letters,
        )
        deliveries = Consumer(
            settings,
            group=f"{NAME}.deliveries",
            topics=[topics.DELIVERIES],
            handle=Deliveries(
                engine=engine,
                vault=vault,
                relay=relay,
                say=speaker.say,
                pin_key=pin_key,
                clocks=clocks,
                retry=retry,
            ).handle,
            dead_letters=DeadLetters(NAME, engine),
            on_new_topic=relay.republish,
        )
        access = Consumer(
            settings,
            group=f"{NAME}.access",
            topics=[topics.ACCESS],
            handle=Access(
                engine=engine,
                vault=vault,
                keys=PrivateKeys(keys, INTAKE),
                say=speaker.say,
                pin_key=pin_key,
            ).handle,
            dead_letters=DeadLetters(NAME, engine),
        )
        consumers = {
            topics.SUBMISSIONS: opening,
            topics.DELIVERIES: deliveries,
            topics.ACCESS: access,
        }

        async def replay(message: RawMessage) -> None:
            await consumers[message.topic].replay(message)

        mail = StaffMail(settings)
        clockwork = Clockwork(
            engine,
            clocks,
            Reminders(engine, clocks, mail),
            Alerts(engine, profiles, mail, settings),
        )
        chainer = Chainer(
            engine, signing.private(keys, audit_keys.SIGNING), settings.anchors_folder
        )
        tasks: dict[str, Task] = {
            "chainer": chainer.run,
            "clockwork": clockwork.run,
            "relay": relay.run,
            "speaker": speaker.run,
            "opening": opening.run,
            "deliveries": deliveries.run,
            "access": access.run,
            "rotation": Rotation(engine, keys, settings).run,
        }
        if settings.directory is not None and settings.directory.hours:
            tasks["people"] = DirectoryImport(engine, settings.directory).run
        for number in range(settings.classify_workers):
            worker = Worker(engine=engine, vault=vault, relay=relay, clocks=clocks, retry=retry)
            tasks[f"classify-{number}"] = worker.run
        parts = Parts(
            engine=engine,
            keys=keys,
            vault=vault,
            blobs=BlobStore(settings.blobs),
            relay=relay,
            settings=settings,
            dead_letters=submissions_letters,
            masking=await stack.enter_async_context(
                open_sandbox(MASKING, children=1, seconds=30, megabytes=768)
            ),
            previews=await stack.enter_async_context(
                open_sandbox(preview.FUNCTION, children=1, seconds=15, megabytes=1024)
            ),
            replay=replay,
            timezone=settings.timezone,
            profiles=profiles,
            clocks=clocks,
            provider=await _provider(stack),
        )
        api = routers(parts)
        tasks["live"] = parts.live.run
        tasks["erasing"] = Erasing(
            engine=engine, vault=vault, blobs=parts.blobs, relay=relay, retry=retry
        ).run
        yield Service(
            NAME,
            routers=[*api, pages.router(parts, api)],
            bodies=BODIES | pages.BODIES,
            checks={
                "database": lambda: postgres.check(engine),
                "keys": lambda: postgres.check(keys_engine),
                "publishing": relay.check,
                "opening": opening.check,
                "deliveries": deliveries.check,
                "access": access.check,
            },
            notices={"staff-mail": clockwork.notice, "audit": chainer.check},
            tasks=tasks,
        )


async def _provider(stack: AsyncExitStack) -> Provider | None:
    """Of single sign-on. Raises ValueError where its settings don't fit."""
    settings = OidcSettings()
    if settings.issuer is None:
        return None
    client = await stack.enter_async_context(httpx.AsyncClient(trust_env=False))
    return Provider(settings, client)


def _contact_keys(keys: KeyFolder) -> dict[Channel, CurrentKey]:
    """The contact keys of the channels that have one; set-up makes them before we start."""
    found = {}
    for channel in Channel:
        with suppress(MissingKeyError):
            keys.public(contact_purpose(channel))
            found[channel] = CurrentKey(keys, contact_purpose(channel))
    return found
