"""Ids that come out the same however often a webhook comes, so that a repetition is seen as one.

Those made of Twilio's SIDs are keyed: whoever has the telephone company's list of calls and our events can't tell
which call became which case.
"""

from __future__ import annotations

import hashlib
import hmac
from uuid import UUID, uuid5


class Ids:
    """Of submissions, recordings and calls, by what Twilio calls them."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def submission_id(self, call_sid: str, n: int = 0) -> UUID:
        """Of a call's `n`-th message, from 0."""
        return self._id("submission", call_sid, str(n))

    def recording_id(self, recording_sid: str) -> UUID:
        """Of a recording."""
        return self._id("recording", recording_sid)

    def call_id(self, call_sid: str) -> UUID:
        """Of a call's end, and of what happens once in a call."""
        return self._id("call", call_sid)

    def _id(self, *parts: str) -> UUID:
        mac = hmac.digest(self._key, "/".join(parts).encode(), hashlib.sha256)
        return UUID(bytes=mac[:16], version=4)


def amendment_id(about: UUID, word: str) -> UUID:
    """Of what is added to a submission or a recording: the amendment's name, or more where it comes again."""
    return uuid5(about, word)
