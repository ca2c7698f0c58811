"""The practice line's account: made once, kept in `var/practice-line`, known to the services and to `make demo`.

It stands in for an account at Twilio where none is set, so that calls work on this machine alone.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from embedded import ports
from embedded.postgres_folder import write_private

FILE = "practice-line"


class Credentials(NamedTuple):
    """What an account at Twilio consists of, and where its API is."""

    account_sid: str
    auth_token: str
    port: int
    """Of the API, on loopback; something listens there only while somebody calls."""

    @property
    def api_base(self) -> str:
        """In the place of `https://api.twilio.com`."""
        return f"http://{ports.HOST}:{self.port}"

    @property
    def environment(self) -> Mapping[str, str]:
        """As the services take it."""
        return {
            "SPEAKUP_TWILIO_ACCOUNT_SID": self.account_sid,
            "SPEAKUP_TWILIO_AUTH_TOKEN": self.auth_token,
            "SPEAKUP_TWILIO_API_BASE": self.api_base,
        }


def make() -> Credentials:
    """New ones."""
    return Credentials(f"AC{secrets.token_hex(16)}", secrets.token_hex(16), ports.free_port())


def ensure(var: Path) -> Credentials:
    """Those of this installation, made where they aren't there yet; the file has mode 600."""
    file = var / FILE
    if not file.exists():
        write_private(file, "".join(f"{word}\n" for word in make()))
    return read(var)


def read(var: Path) -> Credentials:
    """Those of this installation. Raises FileNotFoundError where none were made."""
    account_sid, auth_token, port = (var / FILE).read_text().split()
    return Credentials(account_sid, auth_token, int(port))
