"""What another system may do with a token made for it: the one table that says so. Plain values, no I/O.

A token that carries scopes (RFC 6749, 3.3) opens what is listed here and nothing else, so a new route is closed
to it until somebody adds a line. Accounts, approvals, unsealing and making tokens are not to be added.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from enum import StrEnum


class Scope(StrEnum):
    """What a token can be made for."""

    cases_read = "cases:read"
    """Facts of cases, without a word of what reporters wrote."""
    cases_write = "cases:write"
    """Changes of cases."""
    narratives_read = "narratives:read"
    """What reporters wrote and said, and what they were answered."""
    reports_read = "reports:read"
    """Statistics."""
    letters_read = "letters:read"
    """The mailroom's register and drafts."""
    letters_write = "letters:write"
    """Adding letters and working on them."""


_NUMBER = r"/api/v1/cases/[^/]+"
_LETTERS = r"/api/v1/letters(?:/.*)?"
# The parts of a case that are read, and those that are changed, by the first word after its number.
_READ = "files|submissions|attachments|recordings|transcripts|replies|notes|tasks|links|timeline"
_CHANGED = "assignment|status|triage|replies|transcripts|recordings|notes|tasks|files|attachments|links|alert"
_CASES, _WORDS = Scope.cases_read, Scope.narratives_read

_RULES: tuple[tuple[str, re.Pattern[str], frozenset[Scope]], ...] = tuple(
    (methods, re.compile(path), frozenset(needed))
    for methods, path, needed in (
        ("GET", r"/api/v1/account", ()),
        ("GET", r"/api/v1/cases", (_CASES,)),
        ("GET", r"/api/v1/handlers", (_CASES,)),
        ("GET", r"/api/v1/events", (_CASES,)),
        ("GET", _NUMBER, (_CASES, _WORDS)),
        ("GET", rf"{_NUMBER}/alert", (_CASES,)),
        ("GET", rf"{_NUMBER}/(?:{_READ})(?:/.*)?", (_CASES, _WORDS)),
        ("POST", r"/api/v1/cases", (Scope.cases_write,)),
        ("POST PUT PATCH DELETE", rf"{_NUMBER}/(?:{_CHANGED})(?:/.*)?", (Scope.cases_write,)),
        ("GET", r"/api/v1/reports/(?:summary|annual)(?:/.*)?", (Scope.reports_read,)),
        ("GET", _LETTERS, (Scope.letters_read,)),
        ("POST PUT PATCH", _LETTERS, (Scope.letters_write,)),
    )
)


def needed(method: str, path: str) -> frozenset[Scope] | None:
    """The scopes that a request takes, all of them; None: no token made for a system will do."""
    for methods, pattern, scopes in _RULES:
        if method in methods.split() and pattern.fullmatch(path):
            return scopes
    return None


def read(claim: object) -> frozenset[Scope]:
    """The scopes of a token's `scope` claim: words parted by spaces. What isn't known gives nothing."""
    known = {scope.value for scope in Scope}
    words = claim.split() if isinstance(claim, str) else ()
    return frozenset(Scope(word) for word in words if word in known)


def written(scopes: Collection[Scope]) -> str:
    """The `scope` claim, in an order that doesn't change."""
    return " ".join(sorted(scopes))
