"""Twilio's REST API, as far as we use it: recordings and calls of one account, read and deleted.

https://www.twilio.com/docs/voice/api/recording, https://www.twilio.com/docs/voice/api/call-resource. Every address is
built here, of the account and a SID that was looked at; none is taken from a request or an answer. Of a call
nothing is read but its SID and how long it took: the caller's number goes no further than the answer's bytes.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import date
from re import Pattern
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

import httpx

from intake_phone import wav
from intake_phone.sids import CALL_SID, RECORDING_SID

VERSION = "2010-04-01"
PAGE = 500
PAGES = 1000
AUDIO_BYTES = 64 * 1024 * 1024
"""More than 20 minutes of any telephone's sound."""
OVER = ("completed", "busy", "failed", "no-answer", "canceled")
"""Of a call that has ended, however."""
SECONDS = 60.0
"""For a whole recording."""


class AwayError(Exception):
    """Twilio doesn't answer as it should: later. The text names no address."""


class NotThereError(Exception):
    """There is no such thing (yet, or any more)."""


@dataclass(frozen=True, slots=True)
class ListedCall:
    """A call that is over."""

    sid: str
    seconds: int


@dataclass(frozen=True, slots=True)
class ListedRecording:
    """A recording, there or absent."""

    sid: str
    call_sid: str
    seconds: int
    status: str
    """`processing`, `completed`, `absent`, `deleted`, ..."""


class TwilioApi:
    """A client for one account."""

    def __init__(self, base: str, account_sid: str, auth_token: str) -> None:
        self._root = f"/{VERSION}/Accounts/{account_sid}"
        self._client = httpx.AsyncClient(
            base_url=base.rstrip("/"),
            auth=(account_sid, auth_token),
            timeout=httpx.Timeout(15, connect=5),
            follow_redirects=False,
            # A proxy of the environment isn't meant for a caller's voice.
            trust_env=False,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.aclose()

    async def audio(self, sid: str) -> bytes:
        """The recording as WAV. Raises NotThereError and AwayError."""
        path = f"{self._root}/Recordings/{_checked(RECORDING_SID, sid)}.wav"
        found = bytearray()
        try:
            async with (
                asyncio.timeout(SECONDS),
                self._client.stream("GET", path) as response,
            ):
                _require(response)
                async for chunk in response.aiter_bytes():
                    found += chunk
                    if len(found) > AUDIO_BYTES:
                        raise AwayError("a recording is larger than any call")
        except (httpx.HTTPError, TimeoutError) as error:
            raise AwayError(type(error).__name__) from None
        _require_sound(bytes(found))
        return bytes(found)

    async def recording(self, sid: str) -> ListedRecording:
        """What is known of it. Raises NotThereError and AwayError."""
        path = f"{self._root}/Recordings/{_checked(RECORDING_SID, sid)}.json"
        return _recording(_json(await self._ask("GET", path)))

    async def delete_recording(self, sid: str) -> None:
        """Gone when it returns, by Twilio's own word (404). Raises AwayError."""
        await self._delete(f"{self._root}/Recordings/{_checked(RECORDING_SID, sid)}.json")

    async def delete_call(self, sid: str) -> None:
        """Likewise: the caller's number is with it."""
        await self._delete(f"{self._root}/Calls/{_checked(CALL_SID, sid)}.json")

    async def calls_of(self, day: date) -> AsyncIterator[ListedCall]:
        """Calls that began on that day (UTC) and are over. Raises AwayError."""
        async for entry in self._list("Calls", {"StartTime": day.isoformat()}):
            if entry.get("status") in OVER and CALL_SID.fullmatch(str(entry.get("sid"))):
                yield ListedCall(entry["sid"], _seconds(entry))

    async def recordings_of(self, day: date) -> AsyncIterator[ListedRecording]:
        """Recordings made on that day (UTC). Raises AwayError."""
        async for entry in self._list("Recordings", {"DateCreated": day.isoformat()}):
            recording = _recording(entry)
            if RECORDING_SID.fullmatch(recording.sid) and CALL_SID.fullmatch(recording.call_sid):
                yield recording

    async def _list(self, what: str, asked: Mapping[str, str]) -> AsyncIterator[dict[str, Any]]:
        path, query = f"{self._root}/{what}.json", {**asked, "PageSize": str(PAGE)}
        for _ in range(PAGES):
            page = _json(await self._ask("GET", path, query))
            for entry in page.get(what.lower(), ()):
                yield entry
            following = page.get("next_page_uri")
            if not following:
                return
            # Where the list goes on is Twilio's word, but only as parameters.
            query = {
                name: values[-1] for name, values in parse_qs(urlsplit(following).query).items()
            }
        raise AwayError("a list without an end")

    async def _delete(self, path: str) -> None:
        try:
            await self._ask("DELETE", path)
            await self._ask("GET", path)
        except NotThereError:
            return
        raise AwayError("deleted, but still there")

    async def _ask(
        self, method: str, path: str, query: Mapping[str, str] | None = None
    ) -> httpx.Response:
        try:
            async with asyncio.timeout(SECONDS):
                response = await self._client.request(method, path, params=query)
        except (httpx.HTTPError, TimeoutError) as error:
            raise AwayError(type(error).__name__) from None
        _require(response)
        return response


def _require(response: httpx.Response) -> None:
    if response.status_code == 404:
        raise NotThereError
    if response.status_code not in (200, 204):
        raise AwayError(f"status {response.status_code}")


def _require_sound(content: bytes) -> None:
    """An error's page, or half a file, must not take the place of what somebody said."""
    found = wav.chunks(content)
    if not found.get(b"fmt ") or not found.get(b"data"):
        raise AwayError("what should be a recording is none")


def _json(response: httpx.Response) -> dict[str, Any]:
    try:
        found: dict[str, Any] = response.json()
    except ValueError:
        raise AwayError("no JSON") from None
    if not isinstance(found, dict):
        raise AwayError("not the JSON that was asked for")
    return found


def _recording(entry: Mapping[str, Any]) -> ListedRecording:
    return ListedRecording(
        str(entry.get("sid")),
        str(entry.get("call_sid")),
        _seconds(entry),
        str(entry.get("status")),
    )


def _seconds(entry: Mapping[str, Any]) -> int:
    text = str(entry.get("duration") or "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 7 else 0


def _checked(pattern: Pattern[str], sid: str) -> str:
    """Raises ValueError for what is no SID: it would be part of an address."""
    if not pattern.fullmatch(sid):
        raise ValueError("no SID")
    return sid
