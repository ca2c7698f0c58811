"""The hotline's address and its plus-addresses, which carry a case's token.

`speakup+2941080236.k3v9x2qpwt@example.kz` leads to case 2941080236. The token is an HMAC under a key of
this service, so that nobody can join a case by guessing its number.
"""

from __future__ import annotations

import base64
import hashlib
import hmac

from speakup.case_number import is_valid

_TOKEN = 10


class Addresses:
    """Tells which recipients are ours and which case a plus-address means."""

    def __init__(self, address: str, key: bytes) -> None:
        self.address = address
        self._local, _, self._domain = address.lower().rpartition("@")
        self._key = key

    @property
    def domain(self) -> str:
        """The hotline's domain."""
        return self._domain

    def accepts(self, recipient: str) -> bool:
        """Whether a mail to this recipient is ours to take (RFC 5321, 4.5.1: postmaster always is)."""
        local, _, domain = recipient.lower().rpartition("@")
        if not local:
            return domain == "postmaster"
        if domain != self._domain:
            return False
        return local in (self._local, "postmaster") or local.startswith(self._local + "+")

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

    def _token(self, number: str) -> str:
        digest = hmac.digest(self._key, b"case/" + number.encode(), hashlib.sha256)
        return base64.b32encode(digest).decode().lower()[:_TOKEN]
