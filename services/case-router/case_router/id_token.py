"""Checks an ID token (OpenID Connect Core 1.0, 3.1.3.7). Plain values, no I/O; by authlib and joserfc."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import Key, KeySet, import_key

ALGORITHMS = ("RS256", "PS256", "ES256", "ES384", "RS384", "RS512", "EdDSA", "Ed25519")
"""With a key pair: a provider's secret is known to every application, and `none` to everybody."""
LEEWAY_SECONDS = 60
"""By which clocks may differ."""
_LONGEST_SUBJECT = 255


class IdTokenError(Exception):
    """It isn't for us, not for this sign-in, not by this provider, or not now. The text is a word for the log."""


class UnknownKeyError(IdTokenError):
    """Signed with a key that isn't in the set: it may be a new one."""


def read_keys(document: Mapping[str, Any]) -> KeySet:
    """The keys that sign, of a JWK set; those of a kind that we don't know are left out. Raises ValueError."""
    found = document.get("keys")
    if not isinstance(found, list):
        raise ValueError("no set of keys")  # noqa: TRY004 - what the provider sent, not what we were given
    return KeySet([key for one in found if (key := _read_key(one)) is not None])


def _read_key(found: object) -> Key | None:
    if not isinstance(found, dict) or found.get("kty") not in ("RSA", "EC", "OKP"):
        return None
    if found.get("use", "sig") != "sig":
        return None
    try:
        return import_key(found)
    except (JoseError, ValueError, TypeError, KeyError):
        return None


def check(
    token: str,
    keys: KeySet,
    *,
    issuer: str,
    client_id: str,
    nonce: str,
    access_token: str | None,
    now: float,
) -> dict[str, Any]:
    """Its claims. Raises IdTokenError, UnknownKeyError."""
    try:
        read = jwt.decode(token, keys, algorithms=list(ALGORITHMS))
    except InvalidKeyIdError:
        raise UnknownKeyError("unknown_key") from None
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise IdTokenError(type(error).__name__) from None
    claims = CodeIDToken(
        read.claims,
        read.header,
        options={
            "iss": {"essential": True, "value": issuer},
            "aud": {"essential": True, "value": client_id},
        },
        params={"client_id": client_id, "nonce": nonce, "access_token": access_token},
    )
    try:
        claims.validate(now=math.floor(now), leeway=LEEWAY_SECONDS)
    except (JoseError, ValueError, TypeError) as error:
        raise IdTokenError(type(error).__name__) from None
    subject = claims["sub"]
    if not isinstance(subject, str) or not 0 < len(subject) <= _LONGEST_SUBJECT:
        raise IdTokenError("subject")
    return dict(claims)
