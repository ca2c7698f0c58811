"""Personal access tokens: for other systems, with less than the account's rights."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends
from fastapi.responses import Response
from pydantic import AfterValidator, Field, StringConstraints

from case_router.account import NotNowError
from case_router.api.account import Body
from case_router.api.answers import Answer, problems
from case_router.api.parts import IN_THE_DOCS, PREFIX, Parts
from case_router.personal_tokens import LONGEST_DAYS, PersonalTokens
from case_router.store.rows import AnyRow
from speakup.problems import Problem, not_found
from speakup.scopes import Scope
from speakup.staff import Role, Staff


def _printable(name: str) -> str:
    if not name.isprintable():
        raise ValueError("has characters that can't be shown")
    return name


Name = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=80),
    AfterValidator(_printable),
]


class TokenBody(Body):
    """What a token is for."""

    name: Name = Field(description="Which system has it.", examples=["risk register"])
    scopes: list[Scope] = Field(min_length=1, max_length=len(Scope), examples=[["cases:read"]])
    days: int = Field(default=90, ge=1, le=LONGEST_DAYS, description="How long it can be used.")


class TokenFacts(Answer):
    """A token, without the token."""

    token_id: UUID
    name: str
    scopes: list[Scope]
    made_at: datetime
    expires_at: datetime
    used_at: datetime | None = Field(description="When it was last exchanged.")


class TokenMade(TokenFacts):
    """With the token, shown this once."""

    token: str = Field(examples=["suk_…"])


class TokenList(Answer):
    """Those that can be used, newest first; twenty at most."""

    items: list[TokenFacts]


def router(parts: Parts) -> APIRouter:
    """`/account/tokens`."""
    routes = APIRouter(prefix=PREFIX, tags=["account"], dependencies=[IN_THE_DOCS])
    tokens = PersonalTokens(parts.engine, parts.keys)
    anybody = Depends(parts.caller(frozenset(Role)))

    @routes.post(
        "/account/tokens",
        summary="Make a token for another system",
        status_code=201,
        responses=problems(401, 403, 409, 422),
    )
    async def make(body: TokenBody, staff: Staff = anybody) -> TokenMade:
        """The token is shown this once. The other system exchanges it at `POST /api/v1/token` for access tokens
        that do what the scopes say, on the cases that the account sees, and nothing with accounts, approvals or
        reporters' identities. It is over with the account, when the account is reset, or when it is ended here.
        """
        try:
            token, row = await tokens.make(staff, body.name, set(body.scopes), body.days)
        except NotNowError as error:
            raise Problem(409, str(error)) from None
        return TokenMade(token=token, **_facts(row).model_dump())

    @routes.get("/account/tokens", summary="List one's tokens", responses=problems(401, 403))
    async def list_tokens(staff: Staff = anybody) -> TokenList:
        """Those that can be used."""
        return TokenList(items=[_facts(row) for row in await tokens.list(staff)])

    @routes.delete(
        "/account/tokens/{token_id}",
        summary="End a token",
        status_code=204,
        response_class=Response,
        responses=problems(401, 403, 404, 422),
    )
    async def end(token_id: UUID, staff: Staff = anybody) -> None:
        """It can't be exchanged any more; an access token that it gave lasts five minutes at most."""
        if not await tokens.end(staff, token_id):
            raise not_found()

    return routes


def _facts(row: AnyRow) -> TokenFacts:
    return TokenFacts.model_validate(row)
