"""The cookies of a page's session: scripts can't read them, other sites can't send them.

The access token goes with every page for its ten minutes. The refresh token goes only to where it is
used: a cookie for the path that renews, and one for the path that signs out.
"""

from __future__ import annotations

from datetime import UTC, datetime

from fastapi.responses import Response

from case_router.installation import cookies_need_tls
from case_router.sign_in import Tokens
from case_router.tokens import ACCESS_SECONDS
from speakup.staff import COOKIE

REFRESH_COOKIE = "speakup_refresh"
REFRESH = "/login/refresh"
LOGOUT = "/logout"


class SessionCookies:
    """Sets and clears them."""

    def __init__(self, public_url: str) -> None:
        self._secure = cookies_need_tls(public_url)

    def set(self, response: Response, tokens: Tokens) -> None:
        """After signing in, and after renewing."""
        self._set(response, COOKIE, tokens.access, "/", ACCESS_SECONDS)
        left = int((tokens.refresh_until - datetime.now(UTC)).total_seconds())
        for path in (REFRESH, LOGOUT):
            self._set(response, REFRESH_COOKIE, tokens.refresh, path, left)

    def clear(self, response: Response) -> None:
        """After signing out."""
        for name, path in ((COOKIE, "/"), (REFRESH_COOKIE, REFRESH), (REFRESH_COOKIE, LOGOUT)):
            self._set(response, name, "", path, 0)

    def _set(self, response: Response, name: str, value: str, path: str, seconds: int) -> None:
        response.set_cookie(
            name,
            value,
            max_age=seconds,
            path=path,
            httponly=True,
            samesite="strict",
            secure=self._secure,
        )
