"""Which role a person has who came by single sign-on. Plain values, no I/O.

An identity provider's administrator must not be able to make themselves an officer: what a claim gives by itself is
handler at most. It takes away at once, whatever the role.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from speakup.staff import Role

_FREE = (Role.handler, Role.auditor, Role.mailroom)
"""What a claim can give by itself; the first that is claimed holds."""


def claimed(claims: Mapping[str, Any], path: str, meanings: Mapping[str, Role]) -> frozenset[Role]:
    """The roles that the ID token claims."""
    found: Any = claims
    # A claim's own name can have dots in it (a URL, at some providers).
    for step in [path] if path in claims else path.split("."):
        found = found.get(step) if isinstance(found, Mapping) else None
    words = [found] if isinstance(found, str) else found if isinstance(found, list) else []
    return frozenset(meanings[w] for w in words if isinstance(w, str) and w in meanings)


def decide(claimed: frozenset[Role], local: Role | None) -> Role | None:
    """The role; `local` is what the account has here, None for a new one. None: none at all.

    Officer, chair and admin stay while they are claimed, and come from people here (`grant_role`).
    Who is claimed to be an officer or chair is a handler until then; who is claimed to be an admin, nothing.
    """
    if claimed & {Role.officer, Role.chair}:
        claimed |= {Role.handler}
    if local in claimed:
        return local
    return next((role for role in _FREE if role in claimed), None)
