"""Addresses of what is played to a caller.

Fixed sounds are no secret: name and version stand in the address. What is one caller's (a handler's words, the
caller's own recording) has an address that tells nothing, can't be guessed and serves for one call only: it
names the call and what is to be found in what is remembered of it. The words themselves are in no address.
"""

from __future__ import annotations

import hashlib
import hmac
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from typing import NamedTuple

from intake_phone.call import Call, PlayTake, Speech
from intake_phone.read_out import portions
from speakup import seal
from speakup.events import Language

OWN_SECONDS = 4 * 3600
"""As long as a call can take at Twilio. It ends earlier with what is remembered of the call."""

_CONTEXT = "speakup/phone/own"
_TIME, _DIGEST = 5, 16
"""Bytes."""


class Own(NamedTuple):
    """Something of a call's own."""

    call_sid: str
    digest: bytes

    def find(self, call: Call) -> PlayTake | Speech | None:
        """What it is, if the call still knows it."""
        known: list[PlayTake | Speech] = [PlayTake(take.sid) for take in call.takes]
        if call.view is not None:
            known += [Speech(portion.text, Language.kk) for portion in portions(call.view)]
        return next((one for one in known if _digest(one) == self.digest), None)


class Addresses:
    """Makes them, and reads those that it made."""

    def __init__(self, public_url: str, secret: bytes, version: Callable[[str], str]) -> None:
        """`secret`: of which a key is derived. `version`: of a fixed sound, by its name; 16 hex digits."""
        self._base = f"{public_url.rstrip('/')}/phone/sounds"
        self._key = hmac.digest(secret, _CONTEXT.encode(), hashlib.sha256)
        self._version = version

    def fixed(self, name: str) -> str:
        """Of a sound that everybody may hear: it changes when the sound does."""
        return f"{self._base}/{self._version(name)}/{name}.wav"

    def own(self, call_sid: str, one: PlayTake | Speech) -> str:
        """Of a sound for the caller alone."""
        until = int(time.time()) + OWN_SECONDS
        plain = until.to_bytes(_TIME, "big") + bytes.fromhex(call_sid[2:]) + _digest(one)
        token = urlsafe_b64encode(seal.lock(self._key, plain, _CONTEXT)).rstrip(b"=").decode()
        return f"{self._base}/own/{token}.wav"

    def read_own(self, token: str) -> Own | None:
        """What it stands for; None: nothing, or nothing any more."""
        try:
            locked = urlsafe_b64decode(token + "=" * (-len(token) % 4))
            plain = seal.unlock(self._key, locked, _CONTEXT)
        except (ValueError, seal.CannotOpenError):
            return None
        until, sid, digest = plain[:_TIME], plain[_TIME:-_DIGEST], plain[-_DIGEST:]
        if int.from_bytes(until, "big") < time.time():
            return None
        return Own(f"CA{sid.hex()}", digest)


def _digest(one: PlayTake | Speech) -> bytes:
    words = f"take {one.sid}" if isinstance(one, PlayTake) else f"{one.language} {one.text}"
    return hashlib.sha256(words.encode()).digest()[:_DIGEST]
