"""The audit log's chain: each link is a hash of the one before and of all that its entry says.

Whoever changes, removes, adds or moves an entry afterwards changes a hash; whoever makes the hashes anew
can't sign the heads; whoever cuts off the end, heads and all, is found by the anchors kept elsewhere.
Pure: what is verified comes as rows.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

START = bytes(32)
"""What the first link is chained to."""
FRESH = timedelta(minutes=5)
"""So long an entry may wait for its link, and a link for a signature over it."""


class Entry(NamedTuple):
    """A line of the log."""

    entry: int
    at: datetime
    account_id: UUID | None
    action: str
    case_number: str | None
    object: str | None
    address: str | None


class Link(NamedTuple):
    """Where an entry stands in the chain."""

    position: int
    """From 1 on, without gaps."""
    entry: int
    hash: bytes


class Head(NamedTuple):
    """The chain's end, as it was signed."""

    position: int
    signed_at: datetime
    signature: bytes


class Anchor(NamedTuple):
    """A head that is kept elsewhere, with the hash that it is of."""

    head: Head
    hash: bytes


class Line(NamedTuple):
    """What the database holds at one place; an entry without a link comes after all links."""

    link: Link | None
    entry: Entry | None
    head: Head | None = None


class Fault(NamedTuple):
    """The first thing that isn't right."""

    position: int
    what: str


def link_hash(before: bytes, position: int, entry: Entry) -> bytes:
    """Of a link: 32 bytes."""
    said = [
        position,
        entry.entry,
        entry.at.astimezone(UTC).isoformat(timespec="microseconds"),
        str(entry.account_id) if entry.account_id is not None else None,
        entry.action,
        entry.case_number,
        entry.object,
        entry.address,
    ]
    return hashlib.sha256(before + json.dumps(said).encode()).digest()


def signed(position: int, head: bytes, signed_at: datetime) -> bytes:
    """What a signature is over."""
    at = signed_at.astimezone(UTC).isoformat(timespec="microseconds")
    return f"speakup/audit/{position}/{head.hex()}/{at}".encode()


class Verification:
    """Takes the log line by line, by position; memory doesn't grow with it."""

    def __init__(
        self, key: Ed25519PublicKey, *, now: datetime, anchors: Sequence[Anchor] = ()
    ) -> None:
        self._key, self._now = key, now
        self._anchors = sorted(anchors, key=lambda anchor: anchor.head.position, reverse=True)
        self._position, self._hash, self._covered = 0, START, 0
        self._last_at: datetime | None = None

    @property
    def position(self) -> int:
        """How far it has got."""
        return self._position

    def feed(self, line: Line) -> Fault | None:
        """What isn't right with the next line."""
        if line.link is None:
            return self._unlinked(line.entry)
        wanted = self._position + 1
        if line.link.position != wanted:
            return Fault(wanted, "a link is missing")
        if line.entry is None or line.entry.entry != line.link.entry:
            return Fault(wanted, "the entry of a link is missing")
        if link_hash(self._hash, wanted, line.entry) != line.link.hash:
            return Fault(wanted, "an entry or its link was changed")
        self._position, self._hash, self._last_at = wanted, line.link.hash, line.entry.at
        return self._signed(line.head) or self._anchored()

    def end(self, beyond: Head | None) -> Fault | None:
        """What isn't right with the end; `beyond`: the first head of a position that has no link."""
        if beyond is not None or self._anchors:
            return Fault(self._position + 1, "the end was cut off: a signed head lies beyond it")
        old = self._last_at is not None and self._now - self._last_at > FRESH
        if self._covered < self._position and old:
            return Fault(self._covered + 1, "nobody has signed the log from here on")
        return None

    def _signed(self, head: Head | None) -> Fault | None:
        if head is None:
            return None
        try:
            self._key.verify(head.signature, signed(head.position, self._hash, head.signed_at))
        except InvalidSignature:
            return Fault(self._position, "the signature of a head is false")
        self._covered = self._position
        return None

    def _anchored(self) -> Fault | None:
        while self._anchors and self._anchors[-1].head.position == self._position:
            anchor = self._anchors.pop()
            if anchor.hash != self._hash:
                return Fault(self._position, "an anchor says otherwise")
            if fault := self._signed(anchor.head):
                return fault
        return None

    def _unlinked(self, entry: Entry | None) -> Fault | None:
        if entry is not None and self._now - entry.at > FRESH:
            return Fault(self._position + 1, f"entry {entry.entry} was never chained")
        return None
