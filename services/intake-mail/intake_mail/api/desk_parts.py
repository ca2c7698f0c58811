"""What the routes of letters are made of, and who may use them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date, datetime

from fastapi import Depends, Request
from fastapi.security import OAuth2PasswordBearer

from intake_mail.desk import Desk
from intake_mail.folder import Folder
from intake_mail.parts import Parts
from intake_mail.taking import Taking
from speakup.staff import Role, Staff, Verifier, require, require_reader

PREFIX = "/api/v1/letters"
IN_THE_DOCS = Depends(
    OAuth2PasswordBearer("/api/v1/token", auto_error=False, refreshUrl="/api/v1/token")
)
"""Shows in the OpenAPI document that a token is needed; the dependencies below ask for it."""

Caller = Callable[[Request], Awaitable[Staff]]


@dataclass(frozen=True)
class DeskParts:
    """What the routes use."""

    parts: Parts
    desk: Desk
    taking: Taking
    folder: Folder | None
    verifier: Verifier

    def today(self) -> date:
        """Where the mailroom is."""
        return datetime.now(self.parts.settings.timezone).date()

    def clerk(self) -> Caller:
        """A dependency: somebody of the mailroom; else 401 or 404."""
        return require(self.verifier, {Role.mailroom})

    def keeper(self) -> Caller:
        """A dependency: who may read the register; else 401 or 404."""
        return require(self.verifier, {Role.mailroom, Role.auditor})

    def reader(self) -> Caller:
        """A dependency: somebody of the mailroom who may be shown what letters say; else 401, 404 or 403."""
        return reader(self.verifier)


def reader(verifier: Verifier) -> Caller:
    """The same for routes that have no desk."""
    what = "What letters say, and to whom,"
    return require_reader(verifier, {Role.mailroom}, what=what)
