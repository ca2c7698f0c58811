"""The alert webhook: JSON with case number and link, signed."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import datetime

import httpx

SECONDS = 10.0
HEADER = "Speak-Up-Signature"
"""`t=<seconds since 1970>,v1=<HMAC-SHA256 of "<t>.<body>" in hexadecimal>`."""


class NotPostedError(Exception):
    """It has to be tried again; the text is a word. `away`: nobody answers there."""

    def __init__(self, reason: str, *, away: bool = False) -> None:
        super().__init__(reason)
        self.away = away


def signature(secret: str, body: bytes, now: datetime) -> str:
    """The header's value."""
    seconds = int(now.timestamp())
    mac = hmac.digest(secret.encode(), f"{seconds}.".encode() + body, hashlib.sha256)
    return f"t={seconds},v1={mac.hex()}"


async def post(url: str, secret: str, number: str, link: str, now: datetime) -> None:
    """Raises NotPostedError unless it is answered 2xx."""
    body = json.dumps({"case_number": number, "link": link}).encode()
    headers = {"Content-Type": "application/json", HEADER: signature(secret, body, now)}
    try:
        async with httpx.AsyncClient(timeout=SECONDS, follow_redirects=False) as client:
            answer = await client.post(url, content=body, headers=headers)
    except httpx.HTTPError as error:
        raise NotPostedError(type(error).__name__, away=True) from None
    if not answer.is_success:
        raise NotPostedError(f"status_{answer.status_code}")
