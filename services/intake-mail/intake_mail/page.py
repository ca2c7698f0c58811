"""The mailroom's page `/mailroom`: where letters are scanned, read, corrected and sent.

The page is a frame with a script that asks the API (`/api/v1/letters`) under the reader's own session: nothing of a
letter is in what is served here.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import get_date_format, get_month_names
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, RedirectResponse
from starlette.responses import Response

from speakup.events import Language, Person, Relation
from speakup.i18n import language_of, texts
from speakup.pages import NAMES, Pages, StaticPages
from speakup.problems import Problem, not_found
from speakup.staff import Role, Staff, Verifier, bearer

HERE = Path(__file__).parent
PREFIX = "mailroom."


def router(verifier: Verifier, zone: ZoneInfo) -> APIRouter:
    """The page, what its script needs, and `/mailroom/alive`, where renewing a session ends.

    `zone`: where the mailroom is, as its days begin there and not where a browser thinks that it is.
    """
    routes = APIRouter(include_in_schema=False)
    pages = Pages(HERE / "templates")
    static = StaticPages(HERE / "static")

    @routes.get("/mailroom")
    async def mailroom(request: Request) -> Response:
        staff = _signed_in(verifier, request)
        if staff is None:
            return _to_sign_in(request)
        if staff.role is not Role.mailroom:
            raise not_found()
        return pages.show(
            request,
            "mailroom.html",
            who=staff.name,
            zone=zone.key,
            names=[(code.value, name) for code, name in NAMES.items()],
            relations=[one.value for one in Relation],
            persons=[one.value for one in Person],
        )

    @routes.get("/mailroom/alive")
    async def alive(request: Request) -> Response:
        if _signed_in(verifier, request) is None:
            raise Problem(401, "Sign in first.")
        return Response(status_code=204)

    @routes.get("/mailroom/texts")
    async def words(request: Request) -> Response:
        return JSONResponse(_words(language_of(request)), headers={"cache-control": "no-cache"})

    @routes.get("/mailroom/static/{name}")
    async def script(request: Request, name: str) -> Response:
        return await static.get_response(name, request.scope)

    return routes


def _signed_in(verifier: Verifier, request: Request) -> Staff | None:
    token = bearer(request)
    return verifier.verify(token) if token else None


def _to_sign_in(request: Request) -> Response:
    # The language that was asked for goes along.
    lang = f"&lang={language_of(request)}" if "lang" in request.query_params else ""
    return RedirectResponse(f"/login?next=/mailroom{lang}", 303)


def _words(language: Language) -> dict[str, Any]:
    """The script's texts, and how a day is written: browsers don't all know Kazakh."""
    return {
        "texts": {
            name.removeprefix(PREFIX): text
            for name, text in texts().names(language).items()
            if name.startswith(PREFIX)
        },
        "day": get_date_format("medium", locale=language.value).pattern,
        "months": [get_month_names("abbreviated", locale=language.value)[n] for n in range(1, 13)],
    }
