"""Whether a webhook is Twilio's: its signature over the public URL, the raw query and every parameter.

https://www.twilio.com/docs/usage/security#validating-requests, by Twilio's own validator.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qsl

from starlette.datastructures import ImmutableMultiDict
from starlette.requests import Request
from twilio.request_validator import RequestValidator

FIELDS = 200
"""Parameters of a webhook, at most; Twilio sends about forty."""


class NotSignedError(Exception):
    """It may come from anybody."""


class Signed:
    """Reads webhooks that are signed with our account's token."""

    def __init__(self, auth_token: str, public_url: str) -> None:
        self._validator = RequestValidator(auth_token)
        self._base = public_url.rstrip("/")

    async def parameters(self, request: Request) -> Mapping[str, str]:
        """The webhook's parameters; of one that comes twice, the last. Raises NotSignedError."""
        path = request.scope.get("raw_path", request.url.path.encode()).decode("latin-1")
        query = request.scope["query_string"].decode("latin-1")
        url = f"{self._base}{path}{'?' + query if query else ''}"
        try:
            pairs = parse_qsl(
                (await request.body()).decode(),
                keep_blank_values=True,
                errors="strict",
                max_num_fields=FIELDS,
            )
        except ValueError:
            raise NotSignedError("no form") from None
        # The validator asks for all values of a name.
        given = ImmutableMultiDict(pairs)
        signature = request.headers.get("x-twilio-signature", "")
        if not signature or not self._validator.validate(url, given, signature):
            raise NotSignedError("the signature doesn't fit")
        return dict(pairs)
