"""Personal access tokens as strings: `suk_`, 40 random letters and digits, 6 that check them.

Prefix and checksum are for scanners that look for secrets in code: a find is sure without asking us.
"""

from __future__ import annotations

import re
import secrets
import string
import zlib

from speakup.staff import PERSONAL

_ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
_RANDOM, _CHECK = 40, 6
PATTERN = re.compile(rf"{PERSONAL}[0-9A-Za-z]{{{_RANDOM + _CHECK}}}")


def make() -> str:
    """A new one: 238 random bits."""
    body = PERSONAL + "".join(secrets.choice(_ALPHABET) for _ in range(_RANDOM))
    return body + _checksum(body)


def is_whole(token: str) -> bool:
    """Whether it can be one of ours: nothing is lost or mistyped."""
    if PATTERN.fullmatch(token) is None:
        return False
    return token[-_CHECK:] == _checksum(token[:-_CHECK])


def _checksum(body: str) -> str:
    """CRC-32 in base 62, as GitHub's tokens have it."""
    left, digits = zlib.crc32(body.encode()), ""
    for _ in range(_CHECK):
        left, digit = divmod(left, len(_ALPHABET))
        digits = _ALPHABET[digit] + digits
    return digits
