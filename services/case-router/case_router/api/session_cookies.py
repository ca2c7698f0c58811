"""The cookies of a page's session: scripts can't read them, other sites can't send them.

The access token goes with every page for its ten minutes. The refresh token goes only to where it is
used: a cookie for the path that renews, and one for the path that signs out.
"""

from __future__ import annotations

import base64
import binascii
from datetime import UTC, datetime
from typing import Literal

from fastapi.responses import Response

from case_router.installation import cookies_need_tls
from case_router.sign_in import Tokens
from case_router.tokens import ACCESS_SECONDS
from speakup.staff import COOKIE

REFRESH_COOKIE = "speakup_refresh"
BROWSER_COOKIE = "speakup_oidc"
"""Of the browser in which single sign-on began. It comes along when the provider sends people back."""
HINT_COOKIE = "speakup_oidc_hint"
"""The provider's ID token, under a key of ours, for signing out there."""
OIDC = "/login/oidc"
REFRESH = "/login/refresh"
LOGOUT = "/logout"
_LONGEST_HINT = 3500  # browsers keep 4 KiB


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

    def set_browser(self, response: Response, browser: str, seconds: int) -> None:
        """When single sign-on begins, and ends. Lax: people come back from another site."""
        self._set(response, BROWSER_COOKIE, browser, OIDC, seconds, "lax")

    def set_hint(self, response: Response, hint: bytes, until: datetime) -> None:
        """After single sign-on; not where it is too long: then one signs out here alone."""
        value = base64.urlsafe_b64encode(hint).decode()
        if len(value) <= _LONGEST_HINT:
            left = int((until - datetime.now(UTC)).total_seconds())
            self._set(response, HINT_COOKIE, value, LOGOUT, left)

    def clear(self, response: Response) -> None:
        """After signing out."""
        for name, path in (
            (COOKIE, "/"),
            (REFRESH_COOKIE, REFRESH),
            (REFRESH_COOKIE, LOGOUT),
            (HINT_COOKIE, LOGOUT),
        ):
            self._set(response, name, "", path, 0)

    def _set(
        self,
        response: Response,
        name: str,
        value: str,
        path: str,
        seconds: int,
        samesite: Literal["lax", "strict"] = "strict",
    ) -> None:
        response.set_cookie(
            name,
            value,
            max_age=seconds,
            path=path,
            httponly=True,
            samesite=samesite,
            secure=self._secure,
        )


def read_hint(value: str | None) -> bytes | None:
    """What `set_hint` wrote; None where there is none."""
    try:
        return base64.urlsafe_b64decode(value) if value else None
    except (binascii.Error, ValueError):
        return None
