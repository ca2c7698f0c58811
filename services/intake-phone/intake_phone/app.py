"""Wires intake-phone: webhooks in, submissions and questions to the router out, recordings fetched behind them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path

from intake_phone import access, webhooks
from intake_phone.call import Call
from intake_phone.calls import Calls
from intake_phone.doing import Doing
from intake_phone.fetch import Fetcher
from intake_phone.forget import forgetting
from intake_phone.gone import CallDeleter
from intake_phone.reconcile import Reconciler
from intake_phone.settings import Settings
from intake_phone.signature import Signed
from intake_phone.sounding import open_sounds
from intake_phone.twilio_api import AwayError, NotThereError, TwilioApi
from speakup import postgres, topics
from speakup.blobs import BlobStore
from speakup.consume import Consumer
from speakup.dead_letters import DeadLetters
from speakup.keys import KeyFolder
from speakup.keys_in_use import saying
from speakup.relay import Relay
from speakup.service import Service
from speakup.settle import settling

NAME = "intake-phone"
MIGRATIONS = Path(__file__).parent / "migrations"


@asynccontextmanager
async def open_service() -> AsyncIterator[Service]:
    """The service; without an account at Twilio it says so and does nothing else."""
    settings = Settings()
    account_sid, auth_token = settings.twilio_account_sid, settings.twilio_auth_token
    if account_sid is None or auth_token is None:
        yield Service(NAME, routers=[webhooks.not_connected()], notices={"line": _not_connected})
        return
    await postgres.prepare(settings, "phone", MIGRATIONS)
    async with AsyncExitStack() as stack:
        # Each call on the line may ask at once.
        engine = postgres.open_engine(settings.database("phone"), pool_size=10)
        stack.push_async_callback(engine.dispose)
        keys = KeyFolder(settings.keys_folder)
        retry = settings.outbox_retry_seconds
        relay = Relay(
            NAME, engine, settings, (topics.SUBMISSIONS, topics.ACCESS, topics.DELIVERIES)
        )
        api = await stack.enter_async_context(
            TwilioApi(settings.twilio_api_base, account_sid, auth_token.get_secret_value())
        )

        async def call_of(call_sid: str) -> Call | None:
            return await calls.remembered(call_sid)

        sounds = await stack.enter_async_context(
            open_sounds(settings, keys.secret("phone-calls"), call_of, partial(_audio, api))
        )
        calls = Calls(
            engine=engine,
            relay=relay,
            doing=Doing(keys),
            call_key=keys.secret("phone-calls"),
            settings=settings,
            voice=sounds.speaker,
        )
        signed = Signed(auth_token.get_secret_value(), settings.public_url)
        dead_letters = DeadLetters(NAME, engine)
        settle = Consumer(
            settings,
            group=f"{NAME}.settle",
            topics=[topics.CASES],
            handle=settling(engine),
            dead_letters=dead_letters,
            on_new_topic=relay.republish,
        )
        hear = Consumer(
            settings,
            group=f"{NAME}.access",
            topics=[topics.ACCESS],
            # A caller waits.
            wait=0.04,
            rest=0.04,
            handle=access.taking(engine),
            dead_letters=dead_letters,
        )
        fetcher = Fetcher(
            engine=engine,
            relay=relay,
            api=api,
            blobs=BlobStore(settings.blobs),
            keys=keys,
            retry=retry,
        )
        deleter = CallDeleter(engine, api)
        yield Service(
            NAME,
            routers=[sounds.router, webhooks.router(calls, signed, account_sid)],
            bodies=webhooks.BODIES,
            checks={
                "database": lambda: postgres.check(engine),
                "publishing": relay.check,
                "settling": settle.check,
                "access": hear.check,
            },
            notices={
                "recordings": fetcher.notice,
                "calls": deleter.notice,
                "sounds": sounds.notice,
            },
            tasks={
                "relay": relay.run,
                "sounds": sounds.make_missing,
                "fetch": fetcher.run,
                "delete-calls": deleter.run,
                "reconcile": Reconciler(engine, api, calls).run,
                "settle": settle.run,
                "access": hear.run,
                "forget": forgetting(engine, calls),
                "keys-in-use": saying(NAME, engine, relay, keys, retry=retry),
            },
        )


async def _audio(api: TwilioApi, recording_sid: str) -> bytes | None:
    """A recording for its caller to hear again; None: not now."""
    try:
        return await api.audio(recording_sid)
    except (AwayError, NotThereError):
        return None


async def _not_connected() -> str:
    return webhooks.NOT_CONNECTED
