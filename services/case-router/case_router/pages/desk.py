"""What all pages of case work share: their frame, who reads them, and how a refusal looks."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from case_router.api.parts import CASE_WORKERS, Parts
from case_router.pages.inside import Api
from case_router.pages.session import SignInNeededError, to_sign_in, token_of, whoever
from case_router.pages.words import Words
from speakup.i18n import language_of, texts
from speakup.pages import Pages
from speakup.problems import Problem, not_found
from speakup.staff import Role, Staff

HERE = Path(__file__).parent
MENU = (("inbox", "/cases"), ("day", "/cases/day"), ("board", "/cases/board"))
_CSP = (
    "default-src 'none'; style-src 'self'; img-src 'self'; media-src 'self'; script-src 'self'; "
    "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
"""As everywhere, and sound: a caller's message is heard on the page."""


@dataclass(frozen=True)
class Desk:
    """Shows pages to whoever works on cases."""

    parts: Parts
    api: Api
    _pages: Pages = field(default_factory=lambda: Pages(HERE / "templates"))

    def worker(self, request: Request) -> Staff:
        """A dependency: who asks, and sees cases at all. Raises SignInNeededError, Problem 404."""
        staff = whoever(self.parts.verifier, request)
        if staff.role not in CASE_WORKERS:
            raise not_found()
        return staff

    def words(self, request: Request) -> Words:
        """For the page's values."""
        return Words(language_of(request), self.parts.timezone)

    def show(
        self, request: Request, template: str, *, status: int = 200, **values: object
    ) -> Response:
        """A page; without its frame where htmx asks for it, which puts it into the page that is there."""
        words = self.words(request)
        known = texts().names(language_of(request))
        token = token_of(request)
        staff = self.parts.verifier.verify(token) if token else None
        response = self._pages.show(
            request,
            template,
            status=status,
            base="bare.html" if is_htmx(request) else "desk.html",
            staff=staff,
            manages=staff is not None and staff.role in (Role.officer, Role.chair),
            words=words,
            label=lambda group, name: known.get(f"cases.{group}.{name}", str(name)),
            path=request.url.path,
            menu=MENU,
            **values,
        )
        response.headers["content-security-policy"] = _CSP
        response.headers["vary"] = "HX-Request"
        return response

    def refusal(self, request: Request, error: HTTPException) -> Response:
        """In the reader's words, with the API's sentence beside them; a form that was sent stays as it is."""
        more = error.more if isinstance(error, Problem) else {}
        found = more.get("errors", [])
        response = self.show(
            request,
            "refusal.html",
            status=error.status_code,
            code=error.status_code,
            detail=error.detail,
            errors=found if isinstance(found, list) else [],
        )
        response.headers["hx-retarget"] = "#problem"
        response.headers["hx-reswap"] = "innerHTML"
        response.headers["hx-reselect"] = ".wrong"
        return response


def is_htmx(request: Request) -> bool:
    """Whether a part of a page is asked for. A page fetched from the history is asked for whole."""
    return "hx-request" in request.headers and "hx-history-restore-request" not in request.headers


def page_route(desk: Desk) -> type[APIRoute]:
    """Routes whose refusals are pages."""

    class PageRoute(APIRoute):
        def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
            handle = super().get_route_handler()

            async def told(request: Request) -> Response:
                try:
                    return await handle(request)
                except SignInNeededError:
                    return _sign_in(desk, request)
                except RequestValidationError:
                    return desk.refusal(request, Problem(422, "Some of the values don't fit."))
                except HTTPException as error:
                    return desk.refusal(request, error)

            return told

    return PageRoute


def _sign_in(desk: Desk, request: Request) -> Response:
    if is_htmx(request):
        return desk.refusal(request, Problem(401, ""))
    try:
        return to_sign_in(request)
    except Problem as error:
        return desk.refusal(request, error)
