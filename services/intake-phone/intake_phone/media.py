"""`/phone/sounds/…`: what Twilio plays to callers.

Fixed sounds may be kept by whoever fetches them; a caller's own are for that call alone, by an address that can't
be guessed (`addresses`). A caller waits for each: where something can't be had, they hear the next best thing.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable

from fastapi import APIRouter, Response

from intake_phone import wav
from intake_phone.addresses import Addresses
from intake_phone.call import Call, PlayTake, Speech
from intake_phone.sound_files import SoundFiles
from speakup.logs import get_logger
from speakup.problems import not_found
from speakup.sandbox import Sandbox, SandboxError

CallOf = Callable[[str], Awaitable[Call | None]]
"""What is remembered of a call, by its SID; None: nothing any more."""

Fetch = Callable[[str], Awaitable[bytes | None]]
"""A recording's WAV file at Twilio, by its SID; None: it can't be had now."""

PAUSES = (0.5, 1.0, 2.0, 4.0)
"""Seconds between the times that a recording is asked for: it may be ready a little after it ended. Twilio
waits for 15 s."""

KEEP = "public, max-age=31536000, immutable"

NOT_TO_BE_READ = "late"
"""Heard instead of words that can't be spoken: the case can't be opened now."""

_VERSION = re.compile(r"[0-9a-f]{16}")
_TOKEN = re.compile(r"[A-Za-z0-9_-]{80,100}")

log = get_logger("intake-phone")


def router(
    files: SoundFiles,
    addresses: Addresses,
    voice: Sandbox,
    call_of: CallOf,
    fetch: Fetch,
    *,
    pauses: tuple[float, ...] = PAUSES,
) -> APIRouter:
    """The routes."""
    media = _Media(files, addresses, voice, call_of, fetch, pauses)
    router = APIRouter(prefix="/phone/sounds", include_in_schema=False)
    for path, endpoint in (
        ("/own/{token}.wav", media.own),
        ("/{version}/{name}.wav", media.fixed),
    ):
        router.add_api_route(path, endpoint, methods=["GET", "HEAD"])
    return router


class _Media:
    """What the routes give."""

    def __init__(
        self,
        files: SoundFiles,
        addresses: Addresses,
        voice: Sandbox,
        call_of: CallOf,
        fetch: Fetch,
        pauses: tuple[float, ...],
    ) -> None:
        self._files, self._addresses, self._voice = files, addresses, voice
        self._call_of, self._fetch, self._pauses = call_of, fetch, pauses

    async def own(self, token: str) -> Response:
        found = self._addresses.read_own(token) if _TOKEN.fullmatch(token) else None
        call = await self._call_of(found.call_sid) if found is not None else None
        sound = found.find(call) if found is not None and call is not None else None
        match sound:
            case PlayTake(sid):
                return _wav(await self._recording(sid), "private, no-store")
            case Speech(text):
                return _wav(await self._speech(text), "private, no-store")
        raise not_found()

    async def fixed(self, version: str, name: str) -> Response:
        if not _VERSION.fullmatch(version) or name not in self._files.words:
            raise not_found()
        # A call that began before a restart may ask for the sound as it was.
        keep = KEEP if version == self._files.version(name) else "no-store"
        return _wav(await self._made(name), keep)

    async def _recording(self, sid: str) -> bytes:
        for pause in (*self._pauses, 0.0):
            recording = await self._fetch(sid)
            if recording is not None:
                return recording
            await asyncio.sleep(pause)
        log.warning("recording_not_played")
        return wav.SILENCE

    async def _speech(self, text: str) -> bytes:
        try:
            return await self._voice.run(text.encode())
        except SandboxError as error:
            log.warning("words_not_spoken", exc_info=error)
            return await self._made(NOT_TO_BE_READ)

    async def _made(self, name: str) -> bytes:
        try:
            return await self._files.read(name)
        except (SandboxError, OSError):
            log.exception("sound_missing")
            return wav.SILENCE


def _wav(content: bytes, cache_control: str) -> Response:
    return Response(content, media_type="audio/wav", headers={"cache-control": cache_control})
