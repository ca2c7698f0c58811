"""Settings of single sign-on: environment variables with the prefix `SPEAKUP_OIDC_`."""

from __future__ import annotations

from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from case_router.installation import is_loopback
from speakup.staff import Role


def check_address(address: str) -> str:
    """The address of a provider, or of one of its endpoints: over TLS, but for this machine itself.

    Raises ValueError.
    """
    parts = urlsplit(address)
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(address)):
        raise ValueError("the address of an identity provider begins with https://")
    if not parts.hostname or parts.username is not None or parts.fragment:
        raise ValueError("the address of an identity provider is a host and a path")
    return address


class OidcSettings(BaseSettings):
    """Without `SPEAKUP_OIDC_ISSUER` there is no single sign-on."""

    model_config = SettingsConfigDict(
        env_prefix="SPEAKUP_OIDC_", frozen=True, extra="ignore", hide_input_in_errors=True
    )

    issuer: str | None = None
    """As the provider writes it in its tokens, to the letter."""
    client_id: str = ""
    client_secret: SecretStr | None = None
    """None: a public client, by PKCE alone."""
    scopes: str = "openid profile email"
    role_claim: str = "roles"
    """Of the ID token: a word or a list of words. A dot leads into an object: `realm_access.roles`."""
    roles: dict[str, Role] = Field(default_factory=dict)
    """What the claim's words mean: `{"ethics-handlers": "handler"}`."""
    second_factor_acr: frozenset[str] = frozenset()
    second_factor_amr: frozenset[str] = frozenset()
    """Values of `acr` or `amr` with which the provider vouches for a second factor. Else our own code is asked."""
    break_glass: frozenset[str] = frozenset()
    """Names of the local accounts that sign in by password although there is single sign-on."""

    @field_validator("issuer")
    @classmethod
    def _over_tls(cls, issuer: str | None) -> str | None:
        return None if issuer is None else check_address(issuer)

    @field_validator("client_id")
    @classmethod
    def _named(cls, client_id: str) -> str:
        return client_id.strip()
