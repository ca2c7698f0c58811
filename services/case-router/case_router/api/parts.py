"""What the router's HTTP face is made of."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from fastapi import Depends, Request
from fastapi.security import OAuth2PasswordBearer
from sqlalchemy.ext.asyncio import AsyncEngine

from case_router.live import Live
from case_router.lookout import Lookout
from case_router.oidc_provider import Provider
from case_router.sign_in import SignIn
from case_router.store.clocks import Clocks
from case_router.store.profiles import Profiles
from case_router.store.vault import Vault
from speakup.blobs import BlobStore
from speakup.dead_letters import DeadLetters, RawMessage
from speakup.keys import KeyFolder
from speakup.relay import Relay
from speakup.sandbox import Sandbox
from speakup.settings import Common
from speakup.staff import Role, Staff, Verifier, require, require_reader

PREFIX = "/api/v1"

CASE_WORKERS = frozenset({Role.handler, Role.officer, Role.chair})
"""Who sees cases at all; which of them, says `store.access`."""

IN_THE_DOCS = Depends(
    OAuth2PasswordBearer(f"{PREFIX}/token", auto_error=False, refreshUrl=f"{PREFIX}/token")
)
"""Shows in the OpenAPI document that a token is needed; `caller` is what asks for it."""


@dataclass(frozen=True)
class Parts:
    """All that the routes use. The keys folder holds `token-signing` and `accounts` by now."""

    engine: AsyncEngine
    keys: KeyFolder
    vault: Vault
    blobs: BlobStore
    relay: Relay
    settings: Common
    dead_letters: DeadLetters
    masking: Sandbox
    """Runs `case_router.voice`."""
    previews: Sandbox
    """Runs `case_router.preview`."""
    replay: Callable[[RawMessage], Awaitable[None]]
    timezone: ZoneInfo
    """Of the dates on letters."""
    profiles: Profiles
    clocks: Clocks
    lookout: Lookout = field(default_factory=Lookout)
    provider: Provider | None = None
    """Of single sign-on, where it is configured."""
    verifier: Verifier = field(init=False)
    sign_in: SignIn = field(init=False)
    live: Live = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "verifier", Verifier(self.keys))
        by_password = None if self.provider is None else self.provider.settings.break_glass
        sign_in = SignIn(self.engine, self.keys, self.settings, by_password)
        object.__setattr__(self, "sign_in", sign_in)
        object.__setattr__(self, "live", Live(self.engine))

    def caller(self, roles: Collection[Role]) -> Callable[[Request], Awaitable[Staff]]:
        """A dependency: the caller, who has one of these roles; else 401 or 404."""
        return require(self.verifier, roles)

    def reader(self) -> Callable[[Request], Awaitable[Staff]]:
        """A dependency: the caller, who may be shown narratives; else 401, 404 or 403."""
        return require_reader(self.verifier, CASE_WORKERS, what="What reporters wrote")
