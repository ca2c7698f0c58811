"""The hotline's address and its plus-addresses, which carry a case's token.

`speakup+2941080236.k3v9x2qpwt@example.kz` leads to case 2941080236. The token is an HMAC under a key of
this service, so that nobody can join a case by guessing its number. Our Message-IDs carry one, too: so a
mail that came back, or an answer, is known to be about one of ours.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from uuid import UUID

from speakup.case_number import is_valid

_TOKEN = 10
_ID_TOKEN = 16

OWN_ID = re.compile(r"<[0-9a-f]{32}\.[a-z2-7]{16}@[A-Za-z0-9.-]{1,253}>")
"""What our Message-IDs look like; `Addresses.reply_of` says whether one is ours."""


class Addresses:
    """Tells which recipients are ours and which case a plus-address means.

    `neutral` is another address of the hotline's, by which it writes where its name must not be seen.
    """

    def __init__(self, address: str, key: bytes, neutral: str | None = None) -> None:
        self.address = address
        self._domain = _parts(address)[1]
        self._ours = [_parts(one) for one in (address, neutral) if one]
        self._key = key
        self.neutral = Addresses(neutral, key) if neutral else self
        """To write by where the hotline's name must not be seen."""

    @property
    def domain(self) -> str:
        """The hotline's domain."""
        return self._domain

    def accepts(self, recipient: str) -> bool:
        """Whether a mail to this recipient is ours to take (RFC 5321, 4.5.1: postmaster always is)."""
        local, domain = _parts(recipient)
        if not local:
            return domain == "postmaster"
        return any(
            domain == our_domain and (local in (ours, "postmaster") or local.startswith(ours + "+"))
            for ours, our_domain in self._ours
        )

    def for_case(self, number: str) -> str:
        """The address by which a reporter's answer finds its case."""
        local, _, domain = self.address.rpartition("@")
        return f"{local}+{number}.{self._token(number)}@{domain}"

    def case_of(self, recipient: str) -> str | None:
        """The case that a plus-address with a right token means, or None."""
        local = recipient.lower().rpartition("@")[0]
        number, _, token = local.partition("+")[2].partition(".")
        if is_valid(number) and hmac.compare_digest(token.encode(), self._token(number).encode()):
            return number
        return None

    def message_id(self, reply_id: UUID) -> str:
        """The Message-ID of a mail of ours, the same for every attempt to send it."""
        return f"<{reply_id.hex}.{self._id_token(reply_id)}@{self._domain}>"

    def reply_of(self, message_id: str) -> UUID | None:
        """The reply that one of our own Message-IDs means, or None where it isn't ours."""
        if not OWN_ID.fullmatch(message_id):
            return None
        inner, _, domain = message_id[1:-1].partition("@")
        name, _, token = inner.partition(".")
        reply_id = UUID(name)
        right = hmac.compare_digest(token, self._id_token(reply_id))
        ours = any(domain.lower() == our_domain for _, our_domain in self._ours)
        return reply_id if right and ours else None

    def _token(self, number: str) -> str:
        return self._mac(b"case/" + number.encode(), _TOKEN)

    def _id_token(self, reply_id: UUID) -> str:
        return self._mac(b"reply/" + reply_id.bytes, _ID_TOKEN)

    def _mac(self, value: bytes, length: int) -> str:
        digest = hmac.digest(self._key, value, hashlib.sha256)
        return base64.b32encode(digest).decode().lower()[:length]


def _parts(address: str) -> tuple[str, str]:
    local, _, domain = address.lower().rpartition("@")
    return local, domain
