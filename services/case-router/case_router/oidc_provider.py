"""The identity provider: where its endpoints are, its keys, and what a code of it stands for.

Only the issuer of the settings is asked, and what its own document names: over TLS, without following anybody
elsewhere, for a few seconds, for a bounded answer.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

import httpx
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri, prepare_token_request
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from joserfc.jwk import KeySet

from case_router import id_token
from case_router.id_token import IdTokenError, UnknownKeyError
from case_router.installation import is_loopback
from case_router.oidc_settings import OidcSettings, check_address
from speakup.logs import get_logger

TIMEOUT_SECONDS = 5
_ANSWER_BYTES = 256 * 1024
_FRESH_SECONDS = 3600
_AGAIN_SECONDS = 10
"""A key that isn't known has the keys fetched anew, but not more often."""

log = get_logger("case-router")


class ProviderAwayError(Exception):
    """The provider isn't reached, or its document makes no sense: later it may."""


class ProviderRefusedError(Exception):
    """The provider doesn't take the code, or its ID token isn't good. The text is a word for the log."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who came."""

    subject: str
    claims: Mapping[str, Any]
    token: str
    """The ID token, which the provider wants to see at sign-out."""


@dataclass(frozen=True, slots=True)
class _Metadata:
    authorization: str
    token: str
    keys: str
    end_session: str | None
    answers_with_issuer: bool
    secret_in_body: bool
    until: float


class Provider:
    """One issuer, as a client of it. `now` is the time in seconds since 1970."""

    def __init__(
        self,
        settings: OidcSettings,
        client: httpx.AsyncClient,
        now: Callable[[], float] = time.time,
    ) -> None:
        if settings.issuer is None or not settings.client_id:
            raise ValueError(
                "single sign-on needs SPEAKUP_OIDC_ISSUER and SPEAKUP_OIDC_CLIENT_ID, both"
            )
        self.settings, self.issuer = settings, settings.issuer
        self._client, self._now = client, now
        self._known: _Metadata | None = None
        self._keys: KeySet | None = None
        self._keys_at = 0.0

    async def login_url(self, *, redirect_uri: str, state: str, nonce: str, verifier: str) -> str:
        """Where the browser goes to sign in. Raises ProviderAwayError."""
        metadata = await self._metadata()
        return str(
            prepare_grant_uri(
                metadata.authorization,
                client_id=self.settings.client_id,
                response_type="code",
                redirect_uri=redirect_uri,
                scope=self.settings.scopes,
                state=state,
                nonce=nonce,
                code_challenge=create_s256_code_challenge(verifier),
                code_challenge_method="S256",
                acr_values=" ".join(sorted(self.settings.second_factor_acr)) or None,
            )
        )

    async def logout_url(self, token: str, redirect_uri: str) -> str | None:
        """Where the browser goes to sign out there, too (RP-Initiated Logout 1.0); None where it can't."""
        try:
            metadata = await self._metadata()
        except ProviderAwayError:
            return None
        if metadata.end_session is None:
            return None
        query = {
            "id_token_hint": token,
            "client_id": self.settings.client_id,
            "post_logout_redirect_uri": redirect_uri,
        }
        joint = "&" if "?" in metadata.end_session else "?"
        return f"{metadata.end_session}{joint}{urlencode(query)}"

    async def is_answer_of(self, issuer: str | None) -> bool:
        """Whether an answer with this `iss` is this provider's (RFC 9207). Raises ProviderAwayError."""
        if issuer is None:
            return not (await self._metadata()).answers_with_issuer
        return issuer == self.issuer

    async def identity(
        self, *, code: str, redirect_uri: str, verifier: str, nonce: str
    ) -> Identity:
        """Whom the code stands for. Raises ProviderAwayError, ProviderRefusedError."""
        answer = await self._exchange(code, redirect_uri, verifier)
        token, access = answer.get("id_token"), answer.get("access_token")
        if not isinstance(token, str):
            raise ProviderRefusedError("no_id_token")
        access = access if isinstance(access, str) else None
        try:
            claims = await self._check(token, access, nonce)
        except IdTokenError as error:
            raise ProviderRefusedError(str(error)) from None
        return Identity(claims["sub"], claims, token)

    async def _check(self, token: str, access: str | None, nonce: str) -> dict[str, Any]:
        def check(keys: KeySet) -> dict[str, Any]:
            return id_token.check(
                token,
                keys,
                issuer=self.issuer,
                client_id=self.settings.client_id,
                nonce=nonce,
                access_token=access,
                now=self._now(),
            )

        try:
            return check(await self._key_set())
        except UnknownKeyError:
            if self._now() - self._keys_at < _AGAIN_SECONDS:
                raise
        return check(await self._key_set(anew=True))

    async def _exchange(self, code: str, redirect_uri: str, verifier: str) -> dict[str, Any]:
        metadata = await self._metadata()
        client_id, secret = self.settings.client_id, self.settings.client_secret
        fields = {"code": code, "code_verifier": verifier, "redirect_uri": redirect_uri}
        auth = None
        if secret is None or metadata.secret_in_body:
            fields["client_id"] = client_id
        if secret is not None and metadata.secret_in_body:
            fields["client_secret"] = secret.get_secret_value()
        elif secret is not None:
            # RFC 6749, 2.3.1: both are form-encoded first.
            auth = httpx.BasicAuth(
                quote(client_id, safe=""), quote(secret.get_secret_value(), safe="")
            )
        body = prepare_token_request("authorization_code", **fields)
        headers = {"content-type": "application/x-www-form-urlencoded"}
        status, answer = await self._ask(
            "POST", metadata.token, content=body, headers=headers, auth=auth
        )
        if status != 200:
            error = answer.get("error")
            raise ProviderRefusedError("code_used" if error == "invalid_grant" else "code_refused")
        return answer

    async def _metadata(self) -> _Metadata:
        if self._known is None or self._known.until < self._now():
            address = self.issuer.rstrip("/") + "/.well-known/openid-configuration"
            document = await self._document(address)
            try:
                self._known = self._read(document)
            except (KeyError, TypeError, ValueError) as error:
                log.warning("oidc_document_unusable", reason=type(error).__name__)
                raise ProviderAwayError from None
        return self._known

    def _read(self, document: Mapping[str, Any]) -> _Metadata:
        if document["issuer"] != self.issuer:
            raise ValueError("another issuer's document")
        end = document.get("end_session_endpoint")
        methods = document.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        return _Metadata(
            authorization=self._endpoint(document["authorization_endpoint"]),
            token=self._endpoint(document["token_endpoint"]),
            keys=self._endpoint(document["jwks_uri"]),
            end_session=None if end is None else self._endpoint(end),
            answers_with_issuer=document.get("authorization_response_iss_parameter_supported")
            is True,
            secret_in_body="client_secret_basic" not in methods,
            until=self._now() + _FRESH_SECONDS,
        )

    def _endpoint(self, address: str) -> str:
        # A provider elsewhere has no business on this machine.
        if is_loopback(check_address(address)) and not is_loopback(self.issuer):
            raise ValueError("an endpoint on this machine")
        return address

    async def _key_set(self, *, anew: bool = False) -> KeySet:
        if anew or self._keys is None or self._keys_at + _FRESH_SECONDS < self._now():
            document = await self._document((await self._metadata()).keys)
            try:
                self._keys, self._keys_at = id_token.read_keys(document), self._now()
            except ValueError:
                raise ProviderAwayError from None
        return self._keys

    async def _document(self, address: str) -> dict[str, Any]:
        status, answer = await self._ask("GET", address)
        if status != 200:
            log.warning("oidc_document_missing", status=status)
            raise ProviderAwayError
        return answer

    async def _ask(self, method: str, address: str, **more: Any) -> tuple[int, dict[str, Any]]:
        body = bytearray()
        try:
            async with self._client.stream(
                method, address, follow_redirects=False, timeout=TIMEOUT_SECONDS, **more
            ) as answer:
                async for piece in answer.aiter_bytes():
                    body += piece
                    if len(body) > _ANSWER_BYTES:
                        raise ProviderAwayError
        except httpx.HTTPError as error:
            log.warning("oidc_provider_away", reason=type(error).__name__)
            raise ProviderAwayError from None
        if answer.status_code >= 500:
            raise ProviderAwayError
        try:
            read = json.loads(body)
        except ValueError:
            read = None
        return answer.status_code, read if isinstance(read, dict) else {}
