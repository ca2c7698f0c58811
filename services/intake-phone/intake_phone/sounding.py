"""Wiring of what callers hear: texts, files, the voice for Kazakh, and the routes that play them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from fastapi import APIRouter

from intake_phone import media
from intake_phone.addresses import Addresses
from intake_phone.prompts import Speaker
from intake_phone.settings import Settings
from intake_phone.sound_files import SoundFiles
from speakup.i18n import Texts
from speakup.logs import get_logger
from speakup.sandbox import SandboxError, open_sandbox

VOICE = "intake_phone.speech:speak"
VOICE_SECONDS, VOICE_MEGABYTES = 8, 512
"""For about a minute of speech, which takes a quarter of a second."""

log = get_logger("intake-phone")


@dataclass(frozen=True, slots=True)
class Sounds:
    """What the service needs of it."""

    speaker: Speaker
    router: APIRouter
    files: SoundFiles

    async def make_missing(self, stop: asyncio.Event) -> None:
        """A task: the Kazakh sounds that aren't there yet. Those that are asked for meanwhile don't wait for it."""
        try:
            made = await self.files.make_missing()
            if made:
                log.info("sounds_made", count=made)
        except SandboxError:
            log.exception("sounds_not_made")
        await stop.wait()

    async def notice(self) -> str | None:
        """For the admin: what isn't heard as it should be."""
        said = [f"Kazakh can't be spoken: {self.files.trouble}"] if self.files.trouble else []
        if self.files.refused:
            refused = "; ".join(f"{name}: {why}" for name, why in self.files.refused.items())
            said.append(f"in SPEAKUP_PHONE_SOUNDS aren't used: {refused}")
        return "; ".join(said) or None


@asynccontextmanager
async def open_sounds(
    settings: Settings, secret: bytes, call_of: media.CallOf, fetch: media.Fetch
) -> AsyncIterator[Sounds]:
    """`secret`: of the calls.

    Raises OSError where the folder of studio recordings can't be read, ValueError for a company's own text with a
    placeholder that nobody fills.
    """
    texts = Texts(settings.texts)
    async with open_sandbox(
        VOICE, children=1, seconds=VOICE_SECONDS, megabytes=VOICE_MEGABYTES
    ) as voice:
        files = SoundFiles(texts, settings.var / "phone-sounds", settings.phone_sounds, voice)
        addresses = Addresses(settings.public_url, secret, files.version)
        yield Sounds(
            Speaker(texts, settings.timezone, addresses),
            media.router(files, addresses, voice, call_of, fetch),
            files,
        )
