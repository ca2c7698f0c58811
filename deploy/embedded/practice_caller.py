"""Somebody who calls the practice line, or its test double: a script presses, speaks and hangs up.

Follows the documents that the service answers by (https://www.twilio.com/docs/voice/twiml): the verbs Say, Play,
Pause, Gather, Record, Redirect and Hangup.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import TYPE_CHECKING, NoReturn
from urllib.parse import urljoin
from xml.etree.ElementTree import Element

from embedded import practice_audio
from embedded.practice_api import PracticeCall, Recording

if TYPE_CHECKING:
    from embedded.practice_line import Line

DOCUMENTS = 200
"""So many in a row without a key or a word are a circle."""

_LETTERS_A_SECOND = 14
"""Of usual speech, to reckon how long `<Say>` takes."""


class LineError(Exception):
    """The service answered what Twilio doesn't take, or not at all; the call is over."""


@dataclass(frozen=True, slots=True)
class Webhook:
    """A request of Twilio's. Sent again, it is the same to the last byte."""

    url: str
    params: Mapping[str, str]
    method: str = "POST"


@dataclass(frozen=True, slots=True)
class Heard:
    """One thing that the caller heard."""

    text: str
    language: str = ""
    """Of `<Say>`, as its attribute names it."""
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class _Gathering:
    """A `<Gather>` that waits for keys."""

    verb: Element
    digits: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Take:
    """A `<Record>` under way."""

    verb: Element
    started: datetime
    samples: bytearray = field(default_factory=bytearray)

    @property
    def seconds(self) -> float:
        return practice_audio.seconds(self.samples)


class Caller:
    """Somebody on the line: hears, presses, speaks, hangs up."""

    def __init__(self, line: Line, call: PracticeCall) -> None:
        self._line, self.call = line, call
        self.heard: list[Heard] = []
        """Everything, from the beginning."""
        self.keys = ""
        """All that were pressed."""
        self.seconds = 0.0
        """How long the call has taken, as reckoned from what was heard and said."""
        self.is_over = False
        self._since = 0
        self._url, self._documents = line.voice_url, 0
        self._verbs: deque[Element] = deque()
        self._gathering: _Gathering | None = None
        self._take: _Take | None = None

    @property
    def said(self) -> str:
        """What was heard since the caller last did something."""
        return " ".join(heard.text for heard in self.heard[self._since :])

    @property
    def is_recorded(self) -> bool:
        """Whether there was the beep, so that what is spoken now is kept."""
        return self._take is not None

    @property
    def is_asked(self) -> bool:
        """Whether keys are waited for."""
        return self._gathering is not None

    async def rings(self) -> None:
        """The first request."""
        await self._ask(self._line.voice_url)

    async def hears(self, *texts: str) -> None:
        """Make sure that these were heard since the caller last did something. Raises AssertionError."""
        said = _plain(self.said)
        for text in texts:
            if _plain(text) not in said:
                raise AssertionError(f"{text!r} is not in what was heard: {said!r}")

    async def press(self, keys: str) -> None:
        """Press one key after the other; what is said meanwhile is cut short."""
        for key in keys:
            self.keys += key
            if (gathering := self._gathering) is not None:
                await self._gather(gathering, key)
            elif (take := self._take) is not None:
                if key in take.verb.get("finishOnKey", "1234567890*#"):
                    await self._end_take(take, key)
            else:
                self._nobody_listens()

    async def waits(self) -> None:
        """Do nothing until the line gives up waiting."""
        if (gathering := self._gathering) is not None:
            self.seconds += int(gathering.verb.get("timeout", "5"))
            await self._end_gathering(gathering)
        elif (take := self._take) is not None:
            self.seconds += int(take.verb.get("timeout", "5"))
            await self._end_take(take, "")
        else:
            self._nobody_listens()

    async def speaks(self, audio: bytes) -> None:
        """Speak this WAV into the recording; it goes on until a key, silence (`waits`) or its full length."""
        take = self._take
        if take is None:
            self._nobody_listens()
        take.samples.extend(practice_audio.samples(audio))
        longest = int(take.verb.get("maxLength", "3600"))
        if take.seconds >= longest:
            del take.samples[longest * practice_audio.RATE * 2 :]
            await self._end_take(take, "")

    async def hangs_up(self) -> None:
        """Put the receiver down, wherever the call is."""
        if self.is_over:
            self._nobody_listens()
        self.call.status = "completed"
        if self._take is not None:
            await self._end_take(self._take, "hangup")
        await self._end()

    def _nobody_listens(self) -> NoReturn:
        state = "the call is over" if self.is_over else "the line waits for something else"
        raise AssertionError(f"{state}; last heard: {self.said!r}")

    # What the service's documents say.

    async def _ask(
        self,
        url: str,
        method: str = "POST",
        params: Mapping[str, str] | None = None,
        *,
        then: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        """Ask for a document and follow it; `then` is done as soon as it is there, whatever it says."""
        self._documents += 1
        if self._documents > DOCUMENTS:
            await self._end()
            raise LineError("the documents go in a circle")
        webhook = Webhook(url, {**self.call.parameters(), **(params or {})}, method)
        try:
            try:
                root = await self._line.ask(webhook)
            finally:
                if then is not None:
                    await then()
        except LineError:
            await self._end()
            raise
        self.call.status = "in-progress"
        self._url, self._verbs = url, deque(root)
        await self._follow()

    async def _follow(self) -> None:
        """Go on until the caller is waited for, or the call is over."""
        while self._verbs:
            verb = self._verbs.popleft()
            if verb.tag == "Gather":
                for nested in verb:
                    await self._sound(nested)
                self._gathering = _Gathering(verb)
                return
            if verb.tag == "Record":
                self._hear(Heard("[beep]", seconds=0.5), verb.get("playBeep", "true") == "true")
                self._take = _Take(verb, datetime.now(UTC))
                return
            if verb.tag == "Redirect":
                await self._ask(self._there(verb.text), verb.get("method", "POST"))
                return
            if verb.tag == "Hangup":
                break
            await self._sound(verb)
        await self._end()

    async def _sound(self, verb: Element) -> None:
        """Something that is heard, or a pause."""
        if verb.tag == "Say":
            text = " ".join("".join(verb.itertext()).split())
            heard = Heard(text, verb.get("language", ""), len(text) / _LETTERS_A_SECOND)
            self._hear(heard, int(verb.get("loop", "1")))
        elif verb.tag == "Play":
            try:
                text, seconds = await self._line.listen(self._there(verb.text))
            except LineError:
                await self._end()
                raise
            self._hear(Heard(text, seconds=seconds), int(verb.get("loop", "1")))
        elif verb.tag == "Pause":
            seconds = int(verb.get("length", "1"))
            self.seconds += seconds
            await asyncio.sleep(seconds * self._line.pace)

    def _hear(self, heard: Heard, times: int) -> None:
        for _ in range(times):
            self.heard.append(heard)
            self.seconds += heard.seconds

    def _there(self, address: str | None) -> str:
        """An address in a document is relative to the document's own."""
        return urljoin(self._url, (address or "").strip())

    async def _end(self) -> None:
        """The call is over, by whomever."""
        self.is_over = True
        self._gathering = self._take = None
        self._verbs.clear()
        await self._line.end(self.call)

    # <Gather>

    async def _gather(self, gathering: _Gathering, key: str) -> None:
        if key in gathering.verb.get("finishOnKey", "#"):
            await self._end_gathering(gathering, key)
            return
        gathering.digits.append(key)
        if len(gathering.digits) == int(gathering.verb.get("numDigits", "0")):
            await self._end_gathering(gathering)

    async def _end_gathering(self, gathering: _Gathering, finished_by: str = "") -> None:
        self._gathering = None
        self._since, self._documents = len(self.heard), 0
        verb, digits = gathering.verb, "".join(gathering.digits)
        if digits or verb.get("actionOnEmptyResult", "false") == "true":
            await self._ask(
                self._there(verb.get("action")),
                verb.get("method", "POST"),
                {"Digits": digits, "FinishedOnKey": finished_by, "msg": "Gather End"},
            )
        else:
            await self._follow()

    # <Record>

    async def _end_take(self, take: _Take, digits: str) -> None:
        self._take = None
        self._since, self._documents = len(self.heard), 0
        self.seconds += take.seconds
        recording = self._line.api.add_recording(
            self.call, take.started, take.seconds, practice_audio.wav(bytes(take.samples))
        )

        async def told() -> None:
            await self._tell_of(recording, take.verb)

        if not take.samples:
            # Nothing was recorded: no request to the action; on with the next verb, if somebody is there.
            await told()
            if digits != "hangup":
                await self._follow()
            return
        action, method = self._there(take.verb.get("action")), take.verb.get("method", "POST")
        params = {
            "RecordingSid": recording.sid,
            "RecordingUrl": recording.url,
            "RecordingDuration": str(recording.seconds),
            "Digits": digits,
        }
        if digits != "hangup":
            await self._ask(action, method, params, then=told)
            return
        # What is answered isn't followed any more.
        with contextlib.suppress(LineError):
            await self._line.ask(Webhook(action, {**self.call.parameters(), **params}, method))
        await told()

    async def _tell_of(self, recording: Recording, verb: Element) -> None:
        """The recording's status callback, where one is wanted."""
        url = verb.get("recordingStatusCallback")
        wanted = verb.get("recordingStatusCallbackEvent", "completed").split()
        status = "absent" if recording.status == "absent" else "completed"
        if url is None or status not in wanted:
            return
        params = {
            "AccountSid": self.call.account_sid,
            "CallSid": self.call.sid,
            "RecordingSid": recording.sid,
            "RecordingUrl": recording.url,
            "RecordingStatus": status,
            "RecordingDuration": str(recording.seconds),
            "RecordingChannels": "1",
            "RecordingStartTime": format_datetime(recording.started),
            "RecordingSource": "RecordVerb",
            "RecordingTrack": "inbound",
            "ErrorCode": "0",
        }
        method = verb.get("recordingStatusCallbackMethod", "POST")
        await self._line.tell(Webhook(self._there(url), params, method))


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())
