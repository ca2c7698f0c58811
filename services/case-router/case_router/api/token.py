"""Tokens: the password and refresh grants of OAuth 2.0 (RFC 6749, 4.3 and 6), and the exchange of a personal
access token for one that every service verifies (RFC 8693).
"""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Form
from pydantic import Field

from case_router.api.answers import Answer, problems
from case_router.api.parts import PREFIX, Parts
from case_router.passwords import LONGEST, TooManyWaitingError
from case_router.personal_tokens import PersonalTokens
from case_router.sign_in import CodeNeededError, RefusedError, SignIn, SingleSignOnError, Tokens
from case_router.tokens import ACCESS_SECONDS, SCOPED_SECONDS
from speakup.problems import Problem

EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
_ACCESS = "urn:ietf:params:oauth:token-type:access_token"


class AccessAnswer(Answer):
    """RFC 6749, 5.1."""

    access_token: str = Field(description="Sent as `Authorization: Bearer …`.")
    token_type: Literal["bearer"] = "bearer"  # noqa: S105 - not a secret
    expires_in: int = Field(default=ACCESS_SECONDS, description="Seconds.")


class TokenAnswer(AccessAnswer):
    """After signing in."""

    refresh_token: str = Field(description="Good for one use within 12 hours of signing in.")


class ExchangeAnswer(AccessAnswer):
    """RFC 8693, 2.2.1."""

    expires_in: int = Field(default=SCOPED_SECONDS, description="Seconds.")
    issued_token_type: str = _ACCESS
    scope: str = Field(examples=["cases:read"])


def router(parts: Parts) -> APIRouter:
    """`POST /token`."""
    routes = APIRouter(prefix=PREFIX, tags=["account"])
    personal = PersonalTokens(parts.engine, parts.keys)

    @routes.post("/token", summary="Sign in", responses=problems(401, 422, 503))
    async def token(
        grant_type: Annotated[
            Literal["password", "refresh_token", "urn:ietf:params:oauth:grant-type:token-exchange"],
            Form(),
        ],
        username: Annotated[str, Form(max_length=LONGEST)] = "",
        password: Annotated[str, Form(max_length=LONGEST)] = "",
        totp: Annotated[
            str | None,
            Form(max_length=20, description="The code, once a second factor is enrolled."),
        ] = None,
        refresh_token: Annotated[str, Form(max_length=LONGEST)] = "",
        subject_token: Annotated[
            str, Form(max_length=LONGEST, description="A personal access token.")
        ] = "",
        scope: Annotated[
            str | None, Form(max_length=LONGEST, description="Fewer scopes than the token has.")
        ] = None,
    ) -> TokenAnswer | ExchangeAnswer:
        """With `username` and `password` (and `totp`), or with a `refresh_token`, which is over then:
        one that is used twice ends the whole sign-in. Another system exchanges a personal access token, sent as
        `subject_token`. Five failures lock an account for half a minute,
        more of them for longer, up to a quarter of an hour; it looks like a wrong password.
        """
        if grant_type == EXCHANGE:
            return await _exchange(personal, subject_token, scope)
        if grant_type == "refresh_token":
            tokens = await _refresh(parts.sign_in, refresh_token)
        else:
            tokens = await sign_in(parts.sign_in, username, password, totp)
        return TokenAnswer(access_token=tokens.access, refresh_token=tokens.refresh)

    return routes


async def sign_in(door: SignIn, name: str, password: str, code: str | None) -> Tokens:
    """Tokens, or a Problem that doesn't tell which of the values is wrong."""
    try:
        return await door.with_password(name, password, code or None)
    except RefusedError:
        raise _refusal(
            "Name, password or code is wrong, or the account is locked for a while after failures."
        ) from None
    except CodeNeededError:
        raise _refusal(
            "Send the code of your authenticator app as well, as `totp`.", totp="required"
        ) from None
    except SingleSignOnError:
        raise _refusal(
            "People sign in at /login by single sign-on here, not by password. For another system make a personal "
            "access token."
        ) from None
    except TooManyWaitingError:
        raise too_many() from None


async def _refresh(door: SignIn, token: str) -> Tokens:
    try:
        return await door.refresh(token)
    except RefusedError:
        raise _refusal("The sign-in is over. Sign in again with name and password.") from None


async def _exchange(personal: PersonalTokens, token: str, scope: str | None) -> ExchangeAnswer:
    try:
        access = await personal.exchange(token, scope)
    except RefusedError:
        raise _refusal(
            "The personal access token is wrong or over, or has none of the scopes. Its owner can make another."
        ) from None
    return ExchangeAnswer(access_token=access.token, scope=access.scope)


def _refusal(detail: str, **more: object) -> Problem:
    headers = {"WWW-Authenticate": "Bearer"}
    return Problem(401, detail, headers=headers, error="invalid_grant", **more)


def too_many() -> Problem:
    """Hashing passwords is kept to what the machine can bear."""
    return Problem(
        503, "Too many people sign in at this moment. Try again.", headers={"Retry-After": "5"}
    )
