"""Who is asking: access tokens of staff, as every service verifies them (EdDSA, by the public key)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from fastapi import Request

from speakup import scopes
from speakup.problems import Problem, not_found
from speakup.scopes import Scope

ISSUER = "speakup"
COOKIE = "speakup_session"
"""Carries the access token for the pages; scripts can't read it, other sites can't send it."""
PAGE_HEADER = "speak-up-page"
PUBLIC_KEY_FILE = "tokens.pem"
PERSONAL = "suk_"
"""How a personal access token begins, which no service but the router can verify."""


class Role(StrEnum):
    """What somebody may do (design.md, 6)."""

    mailroom = "mailroom"
    handler = "handler"
    officer = "officer"
    chair = "chair"
    auditor = "auditor"
    admin = "admin"


@dataclass(frozen=True, slots=True)
class Staff:
    """A member of staff who has shown who they are."""

    account_id: str
    name: str
    role: Role
    narratives: bool
    """Whether narratives may be shown: with a second factor, or on a loopback installation."""
    scopes: frozenset[Scope] | None = None
    """Of a token made for another system: it does no more than this. None: they signed in themselves."""


class PublicFiles(Protocol):
    """A `KeyFolder`, or no more than its public half."""

    def read_file(self, name: str) -> bytes:
        """The file `public/<name>`."""


@dataclass(frozen=True, slots=True)
class PublicFolder:
    """The public half of a folder of keys, for a service that opens nothing (reporting)."""

    folder: Path

    def read_file(self, name: str) -> bytes:
        """The file. Raises FileNotFoundError, upon which a request is answered 503."""
        return (self.folder / "public" / name).read_bytes()


class Verifier:
    """Verifies access tokens by the router's public key."""

    def __init__(self, keys: PublicFiles) -> None:
        self._keys = keys
        self._key: Ed25519PublicKey | None = None

    def verify(self, token: str) -> Staff | None:
        """Who signed in with the token themselves; None where it is false or over, or made for another system."""
        staff = self.verify_any(token)
        return staff if staff is not None and staff.scopes is None else None

    def verify_any(self, token: str) -> Staff | None:
        """The same, and whom a system's token stands for: who calls this looks at its scopes."""
        try:
            self._key = self._key or public_key(self._keys.read_file(PUBLIC_KEY_FILE))
            claims = jwt.decode(
                token,
                self._key,
                algorithms=["EdDSA"],
                issuer=ISSUER,
                options={"require": ["exp", "sub", "iss"]},
            )
            return Staff(
                str(claims["sub"]),
                str(claims["name"]),
                Role(claims["role"]),
                claims.get("narratives") is True,
                scopes.read(claims["scope"]) if "scope" in claims else None,
            )
        except (jwt.InvalidTokenError, KeyError, ValueError):
            return None


def public_key(pem: bytes) -> Ed25519PublicKey:
    """A key to verify with. Raises ValueError."""
    key = load_pem_public_key(pem)
    if not isinstance(key, Ed25519PublicKey):
        raise ValueError("not a key of EdDSA")  # noqa: TRY004 - what the file holds, not what we were given
    return key


def bearer(request: Request) -> str | None:
    """The token of a request: from its Authorization header, or from the pages' cookie.

    The cookie counts for a change only beside the header that our own pages' scripts set: another site can't
    make a browser send that (it would have to ask first, by CORS, and nobody answers).
    """
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token:
        return token.strip()
    if request.method in ("GET", "HEAD") or PAGE_HEADER in request.headers:
        return request.cookies.get(COOKIE)
    return None


def require(verifier: Verifier, roles: Collection[Role]) -> Callable[[Request], Awaitable[Staff]]:
    """A FastAPI dependency: the caller, who has one of these roles.

    Answers 401 without a valid token; 404 with another role, as for what isn't there; 403 with a token made for
    another system whose scopes don't hold for the request.
    """

    # Not a plain function: FastAPI would give each a thread, and a thread takes longer than the check.
    async def caller(request: Request) -> Staff:
        token = bearer(request)
        staff = verifier.verify_any(token) if token else None
        if staff is None:
            raise Problem(401, _how(token), headers={"WWW-Authenticate": "Bearer"})
        if staff.role not in roles:
            raise not_found()
        _check_scopes(staff, request)
        return staff

    return caller


def _how(token: str | None) -> str:
    if token and token.startswith(PERSONAL):
        return (
            "A personal access token is exchanged first: POST it to /api/v1/token as `subject_token` and send the "
            "access token that it gives."
        )
    return "Sign in first: POST name and password to /api/v1/token and send the access token."


def _check_scopes(staff: Staff, request: Request) -> None:
    if staff.scopes is None:
        return
    needed = scopes.needed(request.method, request.scope["path"])
    if needed is None:
        raise Problem(
            403, "A token made for another system can't do this. Sign in yourself.", scope=None
        )
    if not needed <= staff.scopes:
        words = scopes.written(needed)
        raise Problem(
            403,
            f"This takes a token with the scopes {words}. Make one, or exchange yours for all it has.",
            headers={"WWW-Authenticate": f'Bearer error="insufficient_scope", scope="{words}"'},
            scope=words,
        )


def require_reader(
    verifier: Verifier, roles: Collection[Role], *, what: str
) -> Callable[[Request], Awaitable[Staff]]:
    """A FastAPI dependency: the caller, who may be shown narratives besides; else 401, 404 or 403.

    `what` begins the sentence: "What reporters wrote".
    """
    known = require(verifier, roles)

    async def caller(request: Request) -> Staff:
        staff = await known(request)
        if not staff.narratives:
            raise Problem(
                403,
                f"{what} is shown only after signing in with a second factor. Enrol one: POST "
                "/api/v1/account/totp, add the secret to an authenticator app, POST its code to "
                "/api/v1/account/totp/confirm, and sign in again with the next code as `totp`.",
            )
        return staff

    return caller
