"""One's own account: who one is, the password, the second factor."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from fastapi import APIRouter, Depends
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from case_router.account import NotNowError, OwnAccount
from case_router.api.answers import Answer, problems
from case_router.api.parts import IN_THE_DOCS, PREFIX, Parts
from case_router.api.token import too_many
from case_router.passwords import LONGEST, SHORTEST, TooManyWaitingError
from speakup.problems import Problem
from speakup.staff import Role, Staff


class Whoami(Answer):
    """Who the token stands for."""

    name: str
    role: Role
    narratives: bool = Field(description="Whether what reporters wrote may be shown.")


class TotpBegun(Answer):
    """For an authenticator app; shown this once."""

    secret: str
    uri: str = Field(examples=["otpauth://totp/Speak%20Up:officer?secret=…&issuer=Speak%20Up"])


class Body(BaseModel):
    """Refuses what it doesn't know, and never quotes it."""

    model_config = ConfigDict(hide_input_in_errors=True, extra="forbid")


class CodeBody(Body):
    """A code of the authenticator app."""

    code: str = Field(max_length=20, examples=["123456"])


class PasswordBody(Body):
    """The password and the one to take its place."""

    current: SecretStr = Field(max_length=LONGEST)
    new: SecretStr = Field(max_length=LONGEST, description=f"At least {SHORTEST} characters.")


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except NotNowError as error:
        raise Problem(409, str(error)) from None
    except TooManyWaitingError:
        raise too_many() from None


def router(parts: Parts) -> APIRouter:
    """`/account`."""
    routes = APIRouter(prefix=PREFIX, tags=["account"], dependencies=[IN_THE_DOCS])
    own = OwnAccount(parts.engine, parts.keys, parts.sign_in.passwords)
    anybody = Depends(parts.caller(frozenset(Role)))

    @routes.get("/account", summary="Who am I", responses=problems(401))
    async def whoami(staff: Staff = anybody) -> Whoami:
        """As the token says."""
        return Whoami.model_validate(staff)

    @routes.post("/account/totp", summary="Begin a second factor", responses=problems(401, 409))
    async def begin_totp(staff: Staff = anybody) -> TotpBegun:
        """Add the secret to an authenticator app, then confirm with a code. Until then nothing has
        changed.
        """
        with _told():
            begun = await own.begin_totp(staff)
        return TotpBegun.model_validate(begun)

    @routes.post(
        "/account/totp/confirm",
        summary="Confirm the second factor",
        status_code=204,
        response_class=Response,
        responses=problems(401, 409, 422),
    )
    async def confirm_totp(body: CodeBody, staff: Staff = anybody) -> None:
        """From now on each sign-in asks for a code. All sign-ins of the account are over: sign in
        again, with the next code.
        """
        with _told():
            await own.confirm_totp(staff, body.code)

    @routes.post(
        "/account/password",
        summary="Change the password",
        status_code=204,
        response_class=Response,
        responses=problems(401, 409, 422, 503),
    )
    async def change_password(body: PasswordBody, staff: Staff = anybody) -> None:
        """All sign-ins of the account are over: sign in again."""
        with _told():
            await own.change_password(
                staff, body.current.get_secret_value(), body.new.get_secret_value()
            )

    return routes
