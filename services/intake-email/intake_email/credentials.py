"""What a mailbox is opened with: a password, or an access token, which is asked for again in time."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from pathlib import Path

import httpx

from intake_email.mailbox import Mailbox, OAuth
from speakup.keys import write_file

ANSWER_SECONDS = 15.0
EARLY = 60.0
"""Seconds before its end at which a token is asked for anew."""


class NoTokenError(Exception):
    """The token server didn't give a token; the text is its error code at most."""


@dataclass(frozen=True, slots=True)
class Secret:
    """A password, or an access token for XOAUTH2."""

    text: str
    is_token: bool


class Credentials:
    """Of one mailbox."""

    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox
        self._token, self._until = "", 0.0

    async def secret(self) -> Secret:
        """Raises OSError where a file can't be read, NoTokenError where there is no token to be had."""
        mailbox = self._mailbox
        if mailbox.password is not None:
            return Secret(mailbox.password.get_secret_value(), is_token=False)
        if mailbox.password_file is not None:
            return Secret(await _read(mailbox.password_file), is_token=False)
        if mailbox.token_file is not None:
            return Secret(await _read(mailbox.token_file), is_token=True)
        if mailbox.oauth is None:
            raise ValueError("a mailbox without credentials")
        if time.monotonic() >= self._until:
            self._token, seconds = await _ask(mailbox.oauth)
            self._until = time.monotonic() + seconds - EARLY
        return Secret(self._token, is_token=True)

    def refused(self) -> None:
        """The server didn't take it: ask for another one next time."""
        self._until = 0.0


async def _read(path: Path) -> str:
    return (await asyncio.to_thread(path.read_text)).strip()


async def _ask(oauth: OAuth) -> tuple[str, float]:
    """A token and for how many seconds it is good."""
    form = {"client_id": oauth.client_id, "grant_type": "client_credentials"}
    if oauth.client_secret is not None:
        form["client_secret"] = oauth.client_secret.get_secret_value()
    elif oauth.client_secret_file is not None:
        form["client_secret"] = await _read(oauth.client_secret_file)
    if oauth.scope:
        form["scope"] = oauth.scope
    if oauth.refresh_token_file is not None:
        form["grant_type"] = "refresh_token"
        form["refresh_token"] = await _read(oauth.refresh_token_file)
    try:
        async with httpx.AsyncClient(timeout=ANSWER_SECONDS) as client:
            answer = await client.post(oauth.token_url, data=form)
        answer.raise_for_status()
        said = answer.json()
        token, seconds = str(said["access_token"]), float(said.get("expires_in", 300))
    except (httpx.HTTPError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise NoTokenError from error
    new = said.get("refresh_token")
    if oauth.refresh_token_file is not None and new and new != form["refresh_token"]:
        await asyncio.to_thread(write_file, oauth.refresh_token_file, str(new).encode(), 0o600)
    return token, seconds
