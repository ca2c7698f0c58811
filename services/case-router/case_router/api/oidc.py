"""The pages of single sign-on: to the identity provider, back from it, and our own code."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Annotated

from fastapi import APIRouter, Cookie, Depends, Form, Query, Request
from fastapi.responses import RedirectResponse, Response

from case_router.api.local_path import local_path
from case_router.api.login_pages import TEMPLATES, same_site
from case_router.api.parts import Parts
from case_router.api.session_cookies import BROWSER_COOKIE, SessionCookies
from case_router.oidc_provider import ProviderAwayError
from case_router.oidc_sign_in import CodeAsked, Entered, OidcSignIn, SsoError
from case_router.store.oidc_logins import MINUTES
from speakup.pages import Pages

_LONGEST = 4096

Text = Annotated[str | None, Query(max_length=_LONGEST)]
Browser = Annotated[str, Cookie(alias=BROWSER_COOKIE, max_length=_LONGEST)]
Outcome = Entered | CodeAsked


def router(parts: Parts) -> APIRouter:
    """`/login/oidc`, `/login/oidc/callback` and `/login/oidc/code`; none without single sign-on."""
    routes = APIRouter(include_in_schema=False)
    if parts.provider is None:
        return routes
    door = _Door(
        OidcSignIn(
            parts.engine, parts.keys, parts.provider, parts.sign_in, parts.settings.public_url
        ),
        SessionCookies(parts.settings.public_url),
    )

    @routes.get("/login/oidc")
    async def begin(
        request: Request, next_path: Annotated[str | None, Query(alias="next")] = None
    ) -> Response:
        return await door.begin(request, local_path(next_path))

    @routes.get("/login/oidc/callback")
    async def back(
        request: Request,
        state: Text = None,
        code: Text = None,
        iss: Text = None,
        browser: Browser = "",
    ) -> Response:
        return await door.shown(request, door.sso.finish(browser, state or "", code or None, iss))

    @routes.post("/login/oidc/code", dependencies=[Depends(same_site)])
    async def with_code(
        request: Request,
        ticket: Annotated[str, Form(max_length=_LONGEST)] = "",
        totp: Annotated[str, Form(max_length=20)] = "",
        browser: Browser = "",
    ) -> Response:
        return await door.shown(request, door.sso.with_code(browser, ticket, totp), ticket)

    return routes


class _Door:
    def __init__(self, sso: OidcSignIn, cookies: SessionCookies) -> None:
        self.sso = sso
        self._cookies, self._pages = cookies, Pages(TEMPLATES)

    async def begin(self, request: Request, next_path: str) -> Response:
        try:
            begun = await self.sso.begin(next_path)
        except ProviderAwayError:
            return self._stopped(request, "sso.away", 503)
        response = RedirectResponse(begun.url, 303)
        self._cookies.set_browser(response, begun.browser, MINUTES * 60)
        return response

    async def shown(self, request: Request, work: Awaitable[Outcome], ticket: str = "") -> Response:
        """What follows: onward with a session, the question for our own code, or why not."""
        try:
            outcome = await work
        except ProviderAwayError:
            return self._stopped(request, "sso.away", 503)
        except SsoError as error:
            if str(error) == "sso.code_wrong":
                return self._code(request, ticket, str(error), 401)
            return self._stopped(request, str(error), 401)
        if isinstance(outcome, CodeAsked):
            return self._code(request, outcome.ticket)
        # Not a redirect: on a way that began at another site, browsers would leave our strict cookies behind.
        response = self._pages.show(
            request, "onward.html", to=local_path(outcome.next_path), title="sso.onward"
        )
        self._cookies.set(response, outcome.tokens)
        self._cookies.set_hint(response, outcome.hint, outcome.tokens.refresh_until)
        self._cookies.set_browser(response, "", 0)
        return response

    def _code(
        self, request: Request, ticket: str, problem: str | None = None, status: int = 200
    ) -> Response:
        return self._pages.show(
            request, "sso_code.html", status=status, ticket=ticket, problem=problem
        )

    def _stopped(self, request: Request, problem: str, status: int) -> Response:
        return self._pages.show(request, "sso_stopped.html", status=status, problem=problem)
