"""Wiring: what reporting is made of. What opens here also closes here."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from reporting import api, pages, set_aside
from reporting.consume import Recorder
from reporting.settings import Settings
from speakup import postgres
from speakup.consume import Consumer
from speakup.dead_letters import DeadLetters
from speakup.say import Speaker
from speakup.service import Service
from speakup.staff import PublicFolder, Verifier
from speakup.topics import CASES, DELIVERIES

NAME = "reporting"
MIGRATIONS = Path(__file__).parent / "migrations"


@asynccontextmanager
async def open_service() -> AsyncIterator[Service]:
    """The service, on its own database. Raises what PostgreSQL raises where that is away."""
    settings = Settings()
    await postgres.prepare(settings, NAME, MIGRATIONS)
    engine = postgres.open_engine(settings.database(NAME))
    try:
        speaker = Speaker(NAME, settings, [DELIVERIES])
        letters = DeadLetters(NAME, engine)
        consumer = Consumer(
            settings,
            group=NAME,
            topics=[CASES],
            handle=Recorder(engine, speaker, settings.timezone).handle,
            dead_letters=letters,
        )
        verifier = Verifier(PublicFolder(settings.keys_folder))
        yield Service(
            NAME,
            routers=[
                api.router(engine, settings, verifier),
                set_aside.router(letters, consumer, verifier),
                pages.router(engine, settings, verifier),
            ],
            checks={"database": partial(postgres.check, engine), "consumer": consumer.check},
            tasks={"consumer": consumer.run, "speaker": speaker.run},
        )
    finally:
        await engine.dispose()
