"""Senders and Message-IDs as keyed HMACs: they can be compared, and tell nothing to who lacks the key."""

from __future__ import annotations

import hashlib
import hmac
import re
import unicodedata

import idna

SIZE = 16
"""Bytes of an HMAC."""

_PLAIN_DOMAIN = re.compile(r"(?!.*xn--)[a-z0-9]+(?:[.-][a-z0-9]+)*", re.ASCII | re.IGNORECASE)
_GMAIL = frozenset({"gmail.com", "googlemail.com"})


class Origins:
    """Makes the HMACs."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def sender(self, author: str, answer_to: str) -> bytes | None:
        """Of who wrote a mail and where they want their answer; None where either isn't known.

        Both must be the same for two mails to be of one person: else somebody who writes in another's name
        would have the answers sent to themselves.
        """
        if not author or not answer_to:
            return None
        return self._mac(b"sender", f"{normalised(author)}\n{normalised(answer_to)}")

    def message(self, message_id: str) -> bytes | None:
        """Of a Message-ID as it stands; None for ""."""
        return self._mac(b"message", message_id) if message_id else None

    def _mac(self, purpose: bytes, value: str) -> bytes:
        # A sender's word may hold lone surrogates.
        told = value.encode("utf-8", "surrogatepass")
        return hmac.digest(self._key, purpose + b"\x00" + told, hashlib.sha256)[:SIZE]


def normalised(address: str) -> str:
    """One spelling for the spellings of one mailbox, and never one for two mailboxes.

    Case goes: by RFC 5321 (2.4) it may matter to the left of the @, but no provider gives two people
    addresses that differ in it. Dots and `+words` go only at Gmail, which says that they don't matter.
    Domains are compared in ASCII (IDNA 2008, so that ß and ss stay two).
    """
    local, _, domain = unicodedata.normalize("NFC", address).strip().rpartition("@")
    local, domain = local.lower(), _ascii(domain.rstrip("."))
    if domain in _GMAIL:
        local, domain = local.partition("+")[0].replace(".", ""), "gmail.com"
    return f"{local}@{domain}"


def _ascii(domain: str) -> str:
    if _PLAIN_DOMAIN.fullmatch(domain):
        # What IDNA leaves as it is, but for case.
        return domain.lower()
    try:
        return idna.encode(domain, uts46=True).decode("ascii").lower()
    except (idna.IDNAError, UnicodeError):
        # Underscores and the like: compared as they are.
        return domain.lower()
