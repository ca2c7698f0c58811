"""A telephone line without a telephone: calls the service as Twilio does and follows what it answers.

    async with Line(credentials, "http://127.0.0.1:8000/phone/voice") as line:
        async with line.call() as caller:
            await caller.hears("for English, press 3")
            await caller.press("3")

Each request is signed (https://www.twilio.com/docs/usage/webhooks/webhooks-security) and has the parameters of
https://www.twilio.com/docs/voice/twiml#request-parameters. Time is counted, not waited for, but in `<Pause>`.
What the caller hears is text: the words of `<Say>`, and for `<Play>` what `words` knows of the address.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import hmac
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import UTC, datetime
from email.utils import format_datetime
from types import TracebackType
from typing import Self
from urllib.parse import urlencode, urlsplit
from xml.etree.ElementTree import Element, ParseError, fromstring

import httpx

from embedded import practice_audio
from embedded.practice_api import Api, PracticeCall, Recording
from embedded.practice_caller import Caller, LineError, Webhook
from embedded.practice_credentials import Credentials

ANSWER_SECONDS = 15.0
"""Twilio waits no longer for an answer."""

AUDIO = frozenset(
    f"audio/{kind}"
    for kind in ("mpeg", "wav", "wave", "x-wav", "aiff", "x-aifc", "x-aiff", "x-gsm", "gsm", "ulaw")
)
"""Types that `<Play>` takes (https://www.twilio.com/docs/voice/twiml/play)."""

LANGUAGE_KEYS = {"kk": "1", "ru": "2", "en": "3"}


def sign(auth_token: str, url: str, params: Mapping[str, str]) -> str:
    """`X-Twilio-Signature`: HMAC-SHA1 over the URL and all parameters, blank ones too, sorted by name."""
    text = url + "".join(name + params[name] for name in sorted(params))
    digest = hmac.digest(auth_token.encode(), text.encode(), hashlib.sha1)
    return base64.b64encode(digest).decode()


class Line:
    """A number that can be called, and Twilio's REST API beside it."""

    def __init__(
        self,
        credentials: Credentials,
        voice_url: str,
        *,
        status_url: str | None = None,
        words: Callable[[str], str] = lambda url: urlsplit(url).path.rpartition("/")[2],
        pace: float = 1.0,
        instead: tuple[str, str] = ("", ""),
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        """`status_url`: told of each call's end. `pace`: how much of a `<Pause>` is really waited. `instead`:
        the service's public URL and where it is really reached, as behind a proxy. `transport`: how it is
        reached, where that isn't the network.
        """
        self.credentials, self.voice_url, self.status_url = credentials, voice_url, status_url
        self.words, self.pace = words, pace
        self._public, self._near = instead
        self.answer_seconds = ANSWER_SECONDS
        self.sent: list[Webhook] = []
        self.api = Api(credentials)
        self._client = httpx.AsyncClient(timeout=60, transport=transport)

    async def __aenter__(self) -> Self:
        """Raises OSError where the API's port is taken."""
        await self.api.open()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        where: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close what was opened."""
        await self._client.aclose()
        await self.api.close()

    @property
    def recordings(self) -> list[Recording]:
        """All that are at Twilio now, oldest first."""
        return list(self.api.recordings.values())

    @property
    def calls(self) -> list[PracticeCall]:
        """All that are at Twilio now, oldest first."""
        return list(self.api.calls.values())

    @contextlib.asynccontextmanager
    async def call(
        self, language: str | None = None, *, number: str = "+77010000000"
    ) -> AsyncIterator[Caller]:
        """Call; with a language, its key is pressed first. Whoever is still there at the end hangs up."""
        caller = Caller(self, self.api.add_call(number))
        await caller.rings()
        if language is not None:
            await caller.press(LANGUAGE_KEYS[language])
        try:
            yield caller
        finally:
            if not caller.is_over:
                await caller.hangs_up()

    async def send(self, webhook: Webhook) -> httpx.Response:
        """Send a request, signed. Raises LineError where nothing comes back in time."""
        headers = {"User-Agent": "TwilioProxy/1.1", "Accept": "*/*"}
        if webhook.method == "GET":
            query = urlencode(webhook.params)
            joined = "&" if urlsplit(webhook.url).query else "?"
            url = f"{webhook.url}{joined}{query}" if query else webhook.url
            signed, body = sign(self.credentials.auth_token, url, {}), None
        else:
            url, body = webhook.url, urlencode(webhook.params).encode()
            signed = sign(self.credentials.auth_token, url, webhook.params)
            headers["Content-Type"] = "application/x-www-form-urlencoded; charset=UTF-8"
        headers["X-Twilio-Signature"] = signed
        try:
            async with asyncio.timeout(self.answer_seconds):
                return await self._client.request(
                    webhook.method, self._reached(url), content=body, headers=headers
                )
        except TimeoutError:
            raise LineError(f"11205: no answer in {self.answer_seconds:g} s") from None
        except httpx.TransportError:
            raise LineError("11200: the service doesn't answer") from None

    def _reached(self, url: str) -> str:
        is_public = self._public and url.startswith(self._public)
        return self._near + url.removeprefix(self._public) if is_public else url

    async def ask(self, webhook: Webhook) -> Element:
        """A request within a call, and the document that it is answered by. Raises LineError."""
        self.sent.append(webhook)
        return self.read(await self.send(webhook))

    async def tell(self, webhook: Webhook) -> None:
        """A callback: nobody waits for its answer, and one that isn't taken is lost."""
        self.sent.append(webhook)
        with contextlib.suppress(LineError):
            await self.send(webhook)

    async def end(self, call: PracticeCall) -> None:
        """A call is over: the number's status callback."""
        call.status, call.ended = "completed", datetime.now(UTC)
        if self.status_url is None:
            return
        seconds = int((call.ended - call.started).total_seconds())
        params = {
            **call.parameters(),
            "CallDuration": str(seconds),
            "Duration": str(seconds // 60 + 1),
            "Timestamp": format_datetime(call.ended),
            "CallbackSource": "call-progress-events",
            "SequenceNumber": "0",
        }
        await self.tell(Webhook(self.status_url, params))

    def read(self, answer: httpx.Response) -> Element:
        """The document's root. Raises LineError."""
        if answer.status_code != 200:
            raise LineError(f"11200: answered by {answer.status_code}")
        try:
            return fromstring(answer.content)  # noqa: S314 - our own service's
        except ParseError:
            raise LineError("12100: the answer is no XML") from None

    async def listen(self, url: str) -> tuple[str, float]:
        """What is heard of a `<Play>`: text, and how long it takes in seconds. Raises LineError."""
        own = self.api.recording_at(url)
        if own is not None:
            return f"[recording {own.sid}]", own.seconds
        answer = await self.send(Webhook(url, {}, "GET"))
        kind = answer.headers.get("content-type", "").partition(";")[0]
        if answer.status_code != 200:
            raise LineError(f"11200: what is to be played is answered by {answer.status_code}")
        if kind not in AUDIO:
            raise LineError(f"12300: {kind or 'nothing'} is no type of audio")
        return self.words(url), practice_audio.length(answer.content)
