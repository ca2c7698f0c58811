"""A test double of Twilio: the practice line, strict about what it is answered, and as unreliable as a network.

Refused with LineError, where Twilio would warn, ignore or end the call: what TwiML doesn't allow
(https://www.twilio.com/docs/voice/twiml), a document over 64 kB, another content type than XML's, an answer later than
15 s, a language that `<Say>` doesn't speak. Callbacks can be doubled, held back, shuffled and lost.
"""

from __future__ import annotations

import contextlib
import random
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import quote, urlsplit
from xml.etree.ElementTree import Element

import httpx

from embedded.practice_caller import Caller, Heard, LineError, Webhook
from embedded.practice_line import Line

__all__ = ["Caller", "Heard", "LineError", "TwilioDouble", "Webhook"]

DOCUMENT_BYTES = 64 * 1024
URL_CHARACTERS = 4500
"""Of what `<Say>` says, written as in a URL (https://www.twilio.com/docs/api/errors/13521)."""

LANGUAGES = frozenset(
    [
        "ar-AE",
        "arb",
        "bg-BG",
        "bn-IN",
        "ca-ES",
        "cmn-CN",
        "cmn-TW",
        "cs-CZ",
        "cy-GB",
        "da-DK",
        "de-AT",
        "de-DE",
        "el-GR",
        "en-AU",
        "en-GB",
        "en-GB-WLS",
        "en-IE",
        "en-IN",
        "en-NZ",
        "en-US",
        "en-ZA",
        "es-ES",
        "es-MX",
        "es-US",
        "eu-ES",
        "fi-FI",
        "fil-PH",
        "fr-BE",
        "fr-CA",
        "fr-FR",
        "gl-ES",
        "gu-IN",
        "he-IL",
        "hi-IN",
        "hu-HU",
        "id-ID",
        "is-IS",
        "it-IT",
        "ja-JP",
        "kn-IN",
        "ko-KR",
        "lt-LT",
        "lv-LV",
        "ml-IN",
        "mr-IN",
        "ms-MY",
        "nb-NO",
        "nl-BE",
        "nl-NL",
        "pa-IN",
        "pl-PL",
        "pt-BR",
        "pt-PT",
        "ro-RO",
        "ru-RU",
        "sk-SK",
        "sr-RS",
        "sv-SE",
        "ta-IN",
        "te-IN",
        "th-TH",
        "tr-TR",
        "uk-UA",
        "vi-VN",
        "yue-CN",
        "zh-CN",
        "zh-HK",
        "zh-TW",
    ]
)
"""Of https://www.twilio.com/docs/voice/twiml/say/text-speech; Kazakh isn't among them."""

BASIC = frozenset(["en-US", "en-GB", "es-ES", "fr-FR", "de-DE"])
"""Languages of the voices `man` and `woman`."""

POLLY = {
    "ru-RU": {"Maxim", "Tatyana"},
    "en-US": {"Ivy", "Joanna", "Joey", "Justin", "Kendra", "Kimberly", "Matthew", "Salli"},
    "en-GB": {"Amy", "Arthur", "Brian", "Emma"},
}
"""Voices of Amazon's in the languages that we speak."""

SSML = frozenset(
    ["break", "emphasis", "lang", "p", "phoneme", "prosody", "s", "say-as", "sub", "w"]
)

Check = Callable[[str], bool]


def _number(least: int, most: int = 10**6) -> Check:
    return lambda text: text.isascii() and text.isdigit() and least <= int(text) <= most


def _one_of(*words: str) -> Check:
    return lambda text: text in words


def _url(text: str) -> bool:
    """An absolute URL, or one relative to the document's, in the letters of RFC 3986."""
    if not re.fullmatch(r"(?:[A-Za-z0-9\-._~:/?\[\]@!$&'()*+,;=]|%[0-9A-Fa-f]{2})+", text):
        return False
    parts = urlsplit(text)
    if parts.scheme or text.startswith("//"):
        return parts.scheme in ("", "http", "https") and bool(parts.hostname)
    return True


def _events(text: str) -> bool:
    return bool(text.split()) and set(text.split()) <= {"in-progress", "completed", "absent"}


_METHOD = _one_of("GET", "POST")
_BOOLEAN = _one_of("true", "false")


class _Verb(NamedTuple):
    """What a verb may have."""

    attributes: Mapping[str, Check]
    children: frozenset[str] = frozenset()
    text: Check | None = None
    """None: no text at all."""


VERBS = {
    "Response": _Verb(
        {}, frozenset(["Say", "Play", "Pause", "Gather", "Record", "Redirect", "Hangup"])
    ),
    "Say": _Verb(
        {
            "voice": lambda text: bool(
                re.fullmatch(r"man|woman|alice|(Polly|Google)\.[\w-]+", text)
            ),
            "language": LANGUAGES.__contains__,
            "loop": _number(0, 1000),
        },
        SSML,
        lambda text: bool(text.strip()),
    ),
    "Play": _Verb({"loop": _number(0, 1000)}, text=_url),
    "Pause": _Verb({"length": _number(1)}),
    "Gather": _Verb(
        {
            # Speech isn't followed here.
            "input": _one_of("dtmf"),
            "action": _url,
            "method": _METHOD,
            "timeout": _number(1),
            "numDigits": _number(1),
            "finishOnKey": lambda text: text == "" or bool(re.fullmatch(r"[0-9#*]", text)),
            "actionOnEmptyResult": _BOOLEAN,
        },
        frozenset(["Say", "Play", "Pause"]),
    ),
    "Record": _Verb(
        {
            "action": _url,
            "method": _METHOD,
            "timeout": _number(1),
            "finishOnKey": lambda text: bool(re.fullmatch(r"[0-9#*]+", text)),
            "maxLength": _number(2, 14_400),
            "playBeep": _BOOLEAN,
            "trim": _one_of("trim-silence", "do-not-trim"),
            "recordingStatusCallback": _url,
            "recordingStatusCallbackMethod": _METHOD,
            "recordingStatusCallbackEvent": _events,
            # Twilio would hear English only, and be told every word.
            "transcribe": _one_of("false"),
        }
    ),
    "Redirect": _Verb({"method": _METHOD}, text=_url),
    "Hangup": _Verb({}),
}


class TwilioDouble(Line):
    """The line, strict, and with faults that a test turns on."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self.times = 1
        """How often each request is sent; of those within a call the last answer is followed."""
        self.holds = False
        """Callbacks stay in `held` until `release`."""
        self.held: list[Webhook] = []
        self.loses: Callable[[Webhook], bool] = lambda _: False
        """Which requests never arrive; one within a call ends it."""
        self.statuses: list[int] = []
        """What callbacks were answered by."""

    async def send(self, webhook: Webhook) -> httpx.Response:
        """As often as is set."""
        if self.loses(webhook):
            raise LineError("11200: the request is lost")
        for _ in range(self.times - 1):
            await super().send(webhook)
        return await super().send(webhook)

    async def tell(self, webhook: Webhook) -> None:
        """Now, or later."""
        if self.holds:
            self.held.append(webhook)
        else:
            await self.deliver(webhook)

    async def release(self, order: random.Random | None = None) -> None:
        """Send what was held back; shuffled, where something to shuffle by is given."""
        self.holds = False
        held, self.held = self.held, []
        if order is not None:
            order.shuffle(held)
        for webhook in held:
            await self.deliver(webhook)

    async def deliver(self, webhook: Webhook) -> None:
        """Send a callback, whatever becomes of it."""
        self.sent.append(webhook)
        with contextlib.suppress(LineError):
            self.statuses.append((await self.send(webhook)).status_code)

    async def replay(self, webhooks: Sequence[Webhook]) -> list[int]:
        """Send requests as they were sent before, and give the statuses of the answers."""
        return [(await self.send(webhook)).status_code for webhook in webhooks]

    def read(self, answer: httpx.Response) -> Element:
        """The document, if Twilio would take it."""
        kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
        if answer.status_code == 200 and kind not in ("text/xml", "application/xml"):
            raise LineError(f"12300: {kind or 'nothing'} is no type of TwiML")
        if len(answer.content) > DOCUMENT_BYTES:
            raise LineError(f"11750: {len(answer.content)} bytes are more than 64 kB")
        root = super().read(answer)
        if root.tag != "Response":
            raise LineError(f"12100: the root is <{root.tag}>")
        require_valid(root)
        return root


def require_valid(verb: Element) -> None:
    """Raises LineError for what TwiML doesn't allow."""
    if verb.tag not in VERBS:
        raise LineError(f"12200: <{verb.tag}> is no verb that we use")
    rule = VERBS[verb.tag]
    _require_attributes(verb, rule)
    _require_text(verb, rule)
    for child in verb:
        if child.tag not in rule.children:
            raise LineError(f"12200: <{child.tag}> can't stand in <{verb.tag}>")
        if child.tag not in SSML:
            require_valid(child)
    if verb.tag == "Say":
        _require_voice(verb)


def _require_attributes(verb: Element, rule: _Verb) -> None:
    for name, value in verb.attrib.items():
        if name not in rule.attributes:
            raise LineError(f"12200: <{verb.tag}> has no attribute {name}")
        if not rule.attributes[name](value):
            raise LineError(f"12200: {value!r} is nothing for {name} of <{verb.tag}>")


def _require_text(verb: Element, rule: _Verb) -> None:
    if rule.text is None:
        around = [verb.text, *(child.tail for child in verb)]
        if any((text or "").strip() for text in around):
            raise LineError(f"12200: <{verb.tag}> has no text")
    elif not rule.text("".join(verb.itertext()).strip()):
        raise LineError(f"12200: the text of <{verb.tag}> is nothing for it")


def _require_voice(say: Element) -> None:
    """A voice speaks its languages, and so many characters at a time."""
    voice, language = say.get("voice", "woman"), say.get("language", "en-US")
    maker, _, name = voice.partition(".")
    if maker in ("man", "woman"):
        # Without a voice the account's default speaks, which knows every language of the list.
        knows, most = "voice" not in say.attrib or language in BASIC, 4096
    elif maker == "Polly":
        knows, most = name.partition("-")[0] in POLLY.get(language, ()), 3000
    elif maker == "Google":
        knows, most = name.startswith(f"{language}-"), 5000
    else:
        knows, most = True, 4096
    if not knows:
        raise LineError(f"13512: {voice} doesn't speak {language}")
    if maker not in ("Polly", "Google") and len(say):
        raise LineError(f"12200: {voice} takes plain text only")
    said = "".join(say.itertext())
    if len(said.encode()) > most or len(quote(said)) > URL_CHARACTERS:
        raise LineError(f"13521: more than {most} bytes, or {URL_CHARACTERS} written for a URL")
