"""One mailbox that is read by IMAP: where it is and how to get in."""

from __future__ import annotations

import hashlib
import ipaddress
from pathlib import Path
from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

_FROZEN = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class OAuth(BaseModel):
    """Where access tokens for XOAUTH2 are asked for (RFC 6749).

    Without `refresh_token_file` by client credentials (4.4), as Microsoft 365 has it; with it by a refresh
    token (6), which is written back when the server gives a new one.
    """

    model_config = _FROZEN

    token_url: str
    """`https://login.microsoftonline.com/<tenant>/oauth2/v2.0/token`, for example."""
    client_id: str
    client_secret: SecretStr | None = None
    client_secret_file: Path | None = None
    scope: str = ""
    """`https://outlook.office365.com/.default`, for example."""
    refresh_token_file: Path | None = None

    @model_validator(mode="after")
    def _is_safe(self) -> Self:
        url = urlsplit(self.token_url)
        if url.scheme != "https" and not is_loopback(url.hostname or ""):
            raise ValueError("token_url must begin with https://")
        return self


class Mailbox(BaseModel):
    """An item of SPEAKUP_IMAP_MAILBOXES. One of password, password_file, token_file, oauth is needed."""

    model_config = _FROZEN

    host: str = Field(min_length=1)
    port: int | None = Field(default=None, ge=1, le=65535)
    """993 by default, 143 without TLS from the first byte."""
    security: Literal["tls", "starttls", "none"] = "tls"
    """The certificate is always verified; `none` only on loopback."""
    ca_file: Path | None = None
    """PEM of the company's own authority."""
    user: str = Field(min_length=1)
    folder: str = "INBOX"
    password: SecretStr | None = None
    password_file: Path | None = None
    token_file: Path | None = None
    """An access token that something else keeps fresh; read anew for every connection."""
    oauth: OAuth | None = None

    @model_validator(mode="after")
    def _is_sound(self) -> Self:
        ways = (self.password, self.password_file, self.token_file, self.oauth)
        if sum(way is not None for way in ways) != 1:
            raise ValueError("one of password, password_file, token_file and oauth is needed")
        if self.security == "none" and not is_loopback(self.host):
            raise ValueError("security none is for loopback only")
        return self

    @property
    def key(self) -> str:
        """Names the mailbox in our tables, wherever it stands in the list."""
        name = "\n".join((self.host.lower(), self.user, self.folder))
        return hashlib.sha256(name.encode()).hexdigest()[:32]

    @property
    def tcp_port(self) -> int:
        """Where to connect."""
        return self.port or (993 if self.security == "tls" else 143)


def is_loopback(host: str) -> bool:
    """Whether what is sent to this host stays on this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"
