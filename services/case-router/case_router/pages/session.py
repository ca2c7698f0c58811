"""Who asks for a page: by the session's cookie, which the sign-in page set.

A form that is sent without script can't set a header: it counts where the browser says that it comes from our
own page (Fetch Metadata). The cookie itself never comes from another site (SameSite=Strict).
"""

from __future__ import annotations

from urllib.parse import urlencode

from fastapi import Request
from fastapi.responses import RedirectResponse, Response

from case_router.api.session_cookies import REFRESH
from speakup.problems import Problem
from speakup.staff import COOKIE, Staff, Verifier, bearer

SIGN_IN = "/login"


class SignInNeededError(Exception):
    """Nobody is signed in, or the token is over."""


def token_of(request: Request) -> str | None:
    """The token that a page's request stands on."""
    found = bearer(request)
    if found is None and request.headers.get("sec-fetch-site") == "same-origin":
        found = request.cookies.get(COOKIE)
    return found


def whoever(verifier: Verifier, request: Request) -> Staff:
    """Who is signed in, with any role. Raises SignInNeededError."""
    token = token_of(request)
    staff = verifier.verify(token) if token else None
    if staff is None:
        raise SignInNeededError
    return staff


def to_sign_in(request: Request) -> Response:
    """Renews the session where it can be, else to the sign-in; both lead back here."""
    if request.method != "GET":
        raise Problem(401, "Your session is over.")
    path = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return RedirectResponse(f"{REFRESH}?" + urlencode({"next": path}), 303)
