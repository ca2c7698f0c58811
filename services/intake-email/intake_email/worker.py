"""`python -m intake_email.worker`: the sending worker as a process of its own, the only one with the contact key.

Replies from Kafka, out by the relay host. It takes no mail and holds no port but that of its health.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path

from intake_email import once_a_day
from intake_email.addresses import Addresses
from intake_email.replies import taking
from intake_email.send import Sender
from intake_email.sending_settings import SendingSettings
from speakup import postgres, topics
from speakup.blobs import BlobStore
from speakup.consume import Consumer
from speakup.dead_letters import DeadLetters
from speakup.events import Channel
from speakup.i18n import Texts
from speakup.keys import KeyFolder, PrivateKeys, contact_purpose
from speakup.process import run
from speakup.relay import Relay
from speakup.service import Service

NAME = "intake-email-worker"
GROUP = "intake-email"
"""Of the consumer of replies."""
SHOWS_ITSELF = (
    "mails to the employer's own domains come from the hotline's address: set "
    "SPEAKUP_EMAIL_NEUTRAL_ADDRESS, whose mails must reach us, too, or SPEAKUP_EMPLOYER_MAIL=withheld"
)
MIGRATIONS = Path(__file__).parent / "migrations"


@asynccontextmanager
async def open_worker() -> AsyncIterator[Service]:
    """The worker, sending. Raises ValueError where a company's own text can't be used."""
    settings = SendingSettings()
    texts = Texts(settings.texts)
    await postgres.prepare(settings, "email", MIGRATIONS)
    async with AsyncExitStack() as stack:
        engine = postgres.open_engine(settings.database("email"))
        stack.push_async_callback(engine.dispose)
        keys = KeyFolder(settings.keys_folder)
        purpose = contact_purpose(Channel.email)
        # The outbox is shared with the edge: whoever comes first publishes a row, the edge settles it.
        relay = Relay(NAME, engine, settings, (topics.SUBMISSIONS, topics.DELIVERIES))
        hmac_key = keys.secret("email-hmac")
        take = Consumer(
            settings,
            group=GROUP,
            topics=[topics.REPLIES],
            handle=taking(engine, relay, retry=settings.outbox_retry_seconds),
            dead_letters=DeadLetters(NAME, engine),
        )
        sender = Sender(
            engine=engine,
            relay=relay,
            keys=PrivateKeys(keys, purpose),
            texts=texts,
            addresses=Addresses(settings.email_address, hmac_key, settings.email_neutral_address),
            blobs=BlobStore(settings.blobs),
            hmac_key=hmac_key,
            settings=settings,
        )

        async def has_key() -> str | None:
            return None if keys.private(purpose) else f"there is no private key of {purpose}"

        async def neutral_sender() -> str | None:
            return SHOWS_ITSELF if settings.shows_itself else None

        yield Service(
            NAME,
            checks={
                "database": lambda: postgres.check(engine),
                "publishing": relay.check,
                "replies": take.check,
                "contact-key": has_key,
            },
            notices={"neutral-sender": neutral_sender},
            tasks={
                "relay": relay.run,
                "replies": take.run,
                "send": sender.run,
                "forget": partial(once_a_day.forget, engine),
            },
        )


if __name__ == "__main__":
    run([open_worker], SendingSettings())
