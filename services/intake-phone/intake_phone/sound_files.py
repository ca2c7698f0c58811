"""The fixed Kazakh sounds as files: studio recordings where there are any, else made from the texts.

Made ones lie in `var/phone-sounds`, named by what they are made of: so they are made once, and anew when a
text changes. What is missing is made when the service starts, or when it is asked for.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Collection, Mapping
from pathlib import Path

from intake_phone import wav
from intake_phone.spoken import all_sounds
from speakup.events import Language
from speakup.i18n import Texts
from speakup.keys import write_file
from speakup.logs import get_logger
from speakup.sandbox import Sandbox, SandboxError

MADE_BY = "espeak-ng 1.52 kk, 1"
"""To be changed with anything that changes what is heard, so that all is made anew."""

_VERSION = 16
"""Hex digits."""

log = get_logger("intake-phone")


class SoundFiles:
    """By name."""

    def __init__(self, texts: Texts, folder: Path, studio: Path | None, voice: Sandbox) -> None:
        """Reads the studio recordings. Raises OSError where their folder can't be read."""
        self.words: Mapping[str, str] = all_sounds(texts, Language.kk)
        self._folder, self._voice = folder, voice
        self._studio: dict[str, Path] = {}
        self.refused: dict[str, str] = {}
        """Files among the studio recordings that aren't used, and why."""
        self.trouble: str | None = None
        """Why nothing can be made; the last time that something was to be made."""
        self._versions = {
            name: _version(f"{MADE_BY}\n{w}".encode()) for name, w in self.words.items()
        }
        for path in sorted(studio.iterdir()) if studio is not None else ():
            self._take(path)

    def _take(self, path: Path) -> None:
        recorded = path.read_bytes()
        try:
            if path.suffix != ".wav" or path.stem not in self.words:
                raise wav.NotForTelephoneError("no sound has this name")  # noqa: TRY301
            wav.seconds(recorded)
        except wav.NotForTelephoneError as error:
            self.refused[path.name] = str(error)
            return
        self._studio[path.stem] = path
        self._versions[path.stem] = _version(recorded)

    @property
    def recorded(self) -> Collection[str]:
        """The sounds that come from the studio."""
        return self._studio.keys()

    def version(self, name: str) -> str:
        """Another one when the sound is another one. Raises KeyError."""
        return self._versions[name]

    async def read(self, name: str) -> bytes:
        """A WAV file, made if it isn't there yet. Raises KeyError; SandboxError where it can't be made."""
        path = self._studio.get(name, self._made(name))
        try:
            return await asyncio.to_thread(path.read_bytes)
        except OSError:
            return await self._make(name)

    async def make_missing(self) -> int:
        """All that isn't there yet; returns how many. Raises SandboxError."""
        made = 0
        for name in self.words:
            if name not in self._studio and not await asyncio.to_thread(self._made(name).exists):
                await self._make(name)
                made += 1
        return made

    def _made(self, name: str) -> Path:
        return self._folder / f"{self._versions[name]}.wav"

    async def _make(self, name: str) -> bytes:
        try:
            made = await self._voice.run(self.words[name].encode())
        except SandboxError as error:
            self.trouble = str(error)
            raise
        self.trouble = None
        try:
            await asyncio.to_thread(write_file, self._made(name), made, 0o644)
        except OSError as error:
            # It is heard all the same.
            log.warning("sound_not_kept", exc_info=error)
        return made


def _version(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:_VERSION]
