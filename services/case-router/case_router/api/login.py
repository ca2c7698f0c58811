"""The pages' sign-in: a form, renewing without asking, signing out."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Cookie, Depends, Form, Query, Request
from fastapi.responses import RedirectResponse, Response

from case_router.api.local_path import local_path
from case_router.api.login_pages import TEMPLATES, same_site
from case_router.api.parts import CASE_WORKERS, Parts
from case_router.api.session_cookies import (
    HINT_COOKIE,
    LOGOUT,
    REFRESH,
    REFRESH_COOKIE,
    SessionCookies,
    read_hint,
)
from case_router.oidc_sign_in import OidcSignIn
from case_router.passwords import LONGEST, TooManyWaitingError
from case_router.sign_in import CodeNeededError, RefusedError, SingleSignOnError
from speakup.pages import Pages
from speakup.staff import Role, bearer

PLACES = dict.fromkeys(CASE_WORKERS, "/cases") | {
    Role.mailroom: "/mailroom",
    Role.auditor: "/reports",
}
"""Where each role's work is."""

Next = Annotated[str | None, Query(alias="next")]
HintCookie = Annotated[str | None, Cookie(alias=HINT_COOKIE)]
RefreshCookie = Annotated[str | None, Cookie(alias=REFRESH_COOKIE)]


def router(parts: Parts) -> APIRouter:
    """`/login`, `/login/refresh` and `/logout`."""
    routes = APIRouter(include_in_schema=False)
    door = _Door(parts)

    @routes.get("/login")
    async def form(request: Request, next_path: Next = None) -> Response:
        return door.form(request, next_path)

    @routes.post("/login", dependencies=[Depends(same_site)])
    async def enter(
        request: Request,
        name: Annotated[str, Form(max_length=LONGEST)] = "",
        password: Annotated[str, Form(max_length=LONGEST)] = "",
        totp: Annotated[str, Form(max_length=20)] = "",
        next_path: Annotated[str | None, Form(alias="next")] = None,
    ) -> Response:
        return await door.enter(request, name, password, totp or None, next_path)

    @routes.get(REFRESH)
    async def renew(next_path: Next = None, token: RefreshCookie = None) -> Response:
        return await door.renew(token or "", local_path(next_path))

    @routes.post(LOGOUT, dependencies=[Depends(same_site)])
    async def leave(
        request: Request, token: RefreshCookie = None, hint: HintCookie = None
    ) -> Response:
        return await door.leave(request, token or "", read_hint(hint))

    return routes


class _Door:
    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._pages = Pages(TEMPLATES)
        self._cookies = SessionCookies(parts.settings.public_url)
        self._sso = (
            OidcSignIn(
                parts.engine, parts.keys, parts.provider, parts.sign_in, parts.settings.public_url
            )
            if parts.provider is not None
            else None
        )

    def form(
        self,
        request: Request,
        next_path: str | None,
        status: int = 200,
        problem: str | None = None,
        name: str = "",
    ) -> Response:
        token = bearer(request)
        staff = self._parts.verifier.verify(token) if token else None
        return self._pages.show(
            request,
            "login.html",
            status=status,
            next_path=local_path(next_path, ""),
            problem=problem,
            name=name,
            signed_in_as=staff.name if staff is not None else None,
            sso=self._sso is not None,
        )

    async def enter(
        self, request: Request, name: str, password: str, code: str | None, next_path: str | None
    ) -> Response:
        try:
            tokens = await self._parts.sign_in.with_password(name, password, code)
        except RefusedError:
            return self.form(request, next_path, 401, "login.refused", name)
        except CodeNeededError:
            return self.form(request, next_path, 401, "login.code_needed", name)
        except SingleSignOnError:
            return self.form(request, next_path, 401, "sso.passwords_off", name)
        except TooManyWaitingError:
            return self.form(request, next_path, 503, "login.busy", name)
        onward = local_path(next_path) if next_path else self._place_of(tokens.access)
        response = RedirectResponse(onward, 303)
        self._cookies.set(response, tokens)
        return response

    def _place_of(self, token: str) -> str:
        """Where somebody works who said no other page."""
        staff = self._parts.verifier.verify(token)
        return PLACES.get(staff.role, "/") if staff is not None else "/"

    async def renew(self, token: str, onward: str) -> Response:
        try:
            tokens = await self._parts.sign_in.refresh(token)
        except RefusedError:
            response = RedirectResponse("/login?" + urlencode({"next": onward}), 303)
            self._cookies.clear(response)
            return response
        response = RedirectResponse(onward, 303)
        self._cookies.set(response, tokens)
        return response

    async def leave(self, request: Request, token: str, hint: bytes | None) -> Response:
        await self._parts.sign_in.end(token)
        url = await self._sso.logout_url(hint) if self._sso is not None and hint else None
        # Not a redirect: a form of ours leads to no other site, whatever follows (`form-action`).
        response: Response = (
            RedirectResponse("/login", 303)
            if url is None
            else self._pages.show(request, "onward.html", to=url, title="sso.leaving")
        )
        self._cookies.clear(response)
        return response
