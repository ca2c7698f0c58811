"""Mails to the employer's own domains: whoever runs its mail servers may see that somebody wrote to us."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum


class EmployerMail(StrEnum):
    """What is sent to the employer's own domains."""

    withheld = "withheld"
    """Nothing; the handler is told so."""
    neutral = "neutral"
    """Mails whose sender and subject tell nothing of a hotline, and whose body says no more than it must."""
    normal = "normal"
    """The same as anywhere."""


def is_employers(domain: str, domains: Iterable[str]) -> bool:
    """Whether a domain (in ASCII) is one of `domains` (in any form) or below one of them."""
    domain = domain.lower().rstrip(".")
    return any(domain == own or domain.endswith(f".{own}") for own in map(_ascii, domains))


def _ascii(domain: str) -> str:
    return domain.strip().lower().strip(".@").encode("idna").decode()
