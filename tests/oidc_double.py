"""A small, strict OpenID provider in memory: what a client does wrong, it refuses; what it is told to do wrong, it does."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, parse_qsl, unquote, urlencode, urlsplit

import httpx
from joserfc import jwt
from joserfc.jwk import ECKey, Key, KeyParameters, RSAKey

ISSUER = "https://id.example.kz/realms/company"
CLIENT, SECRET = "speak-up", "a secret: with + and %"
CALLBACK = "http://127.0.0.1:8000/login/oidc/callback"
_KEYS: dict[str, Key] = {}


def key(algorithm: str, name: str) -> Key:
    """A key pair, made once: RSA takes its time."""
    if name not in _KEYS:
        parameters: KeyParameters = {"kid": name, "use": "sig", "alg": algorithm}
        _KEYS[name] = (
            ECKey.generate_key("P-256", parameters)
            if algorithm == "ES256"
            else RSAKey.generate_key(2048, parameters)
        )
    return _KEYS[name]


@dataclass
class Double:
    """The provider. `person` is who sits at the browser; `claims` are laid over the ID token's own (None: left out)."""

    algorithm: str = "RS256"
    person: dict[str, Any] = field(default_factory=lambda: {"sub": "7f3a", "roles": ["handlers"]})
    claims: dict[str, Any] = field(default_factory=dict)
    document: dict[str, Any] = field(default_factory=dict)
    key_name: str = "first"
    published: list[str] = field(default_factory=lambda: ["first"])
    signed_by: Key | None = None
    header: dict[str, Any] = field(default_factory=dict)
    status: int = 200
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    raw_token: str | None = None

    def client(self) -> httpx.AsyncClient:
        """Reaches the provider, and nothing else."""
        return httpx.AsyncClient(transport=httpx.MockTransport(self._answer))

    def authorize(self, url: str, **changed: str) -> dict[str, str]:
        """The person signs in: the query of the way back."""
        query = dict(parse_qsl(urlsplit(url).query, strict_parsing=True))
        assert url.startswith(f"{ISSUER}/authorize?")
        assert query["response_type"] == "code"
        assert query["client_id"] == CLIENT
        assert query["redirect_uri"] == CALLBACK
        assert "openid" in query["scope"].split()
        assert query["code_challenge_method"] == "S256"
        assert len(query["code_challenge"]) == 43
        assert len(query["state"]) >= 32
        assert len(query["nonce"]) >= 32
        code = secrets.token_urlsafe(16)
        self.codes[code] = query
        return {"state": query["state"], "code": code, "iss": ISSUER} | changed

    def _answer(self, request: httpx.Request) -> httpx.Response:
        address = str(request.url)
        self.asked.append(address)
        if self.status != 200:
            return httpx.Response(self.status, headers={"location": "http://169.254.169.254/"})
        if address == f"{ISSUER}/.well-known/openid-configuration":
            return httpx.Response(200, json=self._document())
        if address == f"{ISSUER}/keys":
            keys = [key(self.algorithm, name).as_dict(private=False) for name in self.published]
            strange = {"kty": "AKP", "kid": "of tomorrow", "alg": "ML-DSA-44", "pub": "AA"}
            return httpx.Response(200, json={"keys": [*keys, strange]})
        if address == f"{ISSUER}/token" and request.method == "POST":
            return self._token(request)
        return httpx.Response(404)

    def _document(self) -> dict[str, Any]:
        return {
            "issuer": ISSUER,
            "authorization_endpoint": f"{ISSUER}/authorize",
            "token_endpoint": f"{ISSUER}/token",
            "jwks_uri": f"{ISSUER}/keys",
            "end_session_endpoint": f"{ISSUER}/logout",
            "authorization_response_iss_parameter_supported": True,
        } | self.document

    def _token(self, request: httpx.Request) -> httpx.Response:
        form = {name: values[0] for name, values in parse_qs(request.content.decode()).items()}
        known = base64.b64decode(request.headers["authorization"].removeprefix("Basic ")).decode()
        assert [unquote(half) for half in known.split(":")] == [CLIENT, SECRET]
        # A code is good once.
        begun = self.codes.pop(form.get("code", ""), None)
        challenge = hashlib.sha256(form["code_verifier"].encode()).digest()
        if (
            begun is None
            or form["grant_type"] != "authorization_code"
            or form["redirect_uri"] != begun["redirect_uri"]
            or base64.urlsafe_b64encode(challenge).decode().rstrip("=") != begun["code_challenge"]
        ):
            return httpx.Response(400, json={"error": "invalid_grant"})
        token = self.raw_token or self._id_token(begun["nonce"])
        return httpx.Response(
            200, json={"access_token": "opaque", "token_type": "Bearer", "id_token": token}
        )

    def _id_token(self, nonce: str) -> str:
        now = int(time.time())
        own = {"iss": ISSUER, "aud": CLIENT, "iat": now, "exp": now + 300, "nonce": nonce}
        claims = own | self.person | self.claims
        header = {"alg": self.algorithm, "kid": self.key_name} | self.header
        signing = self.signed_by or key(self.algorithm, self.key_name)
        kept = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode(header, kept, signing, algorithms=[header["alg"]])


def unsigned(claims: Mapping[str, Any]) -> str:
    """An ID token with the algorithm `none`."""
    return f"{_coded({'alg': 'none', 'typ': 'JWT'})}.{_coded(claims)}."


def with_secret(secret: bytes, claims: Mapping[str, Any]) -> str:
    """An ID token signed by HMAC."""
    signed = f"{_coded({'alg': 'HS256', 'kid': 'first'})}.{_coded(claims)}"
    code = hmac.digest(secret, signed.encode(), "sha256")
    return f"{signed}.{base64.urlsafe_b64encode(code).decode().rstrip('=')}"


def _coded(half: Mapping[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(dict(half)).encode()).decode().rstrip("=")


def query(**values: str) -> str:
    """Of an address."""
    return urlencode(values)
