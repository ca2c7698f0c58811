"""What both halves of an answer by post show, so that the mailroom puts the right letter into the right envelope."""

from __future__ import annotations

import re
from hashlib import sha256
from uuid import UUID

_SIGNS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base32 (crockford.com/base32.html): no I, L, O, U."""

_LENGTH = 7
_BITS = 5 * _LENGTH

# What is taken for another sign, or keyed in with a Kazakh or Russian keyboard: letters that look the same.
_MEANT = str.maketrans("OILОІАВЕКМНРСТХ", "01101ABEKMHPCTX")
_BETWEEN = re.compile(r"[\s\-\u2010-\u2015\u2212]+")


def post_code(reply_id: UUID) -> str:
    """Like `K7Q2-M4X`: always the same for a reply, and tells nothing of it.

    That two of 1,000 codes agree has a chance of 1 in 69,000.
    """
    bits = int.from_bytes(sha256(reply_id.bytes).digest()) >> (256 - _BITS)
    signs = "".join(_SIGNS[bits >> shift & 31] for shift in range(_BITS - 5, -1, -5))
    return _written(signs)


def parse_post_code(text: str) -> str | None:
    """The code as `post_code` writes it, or None where it can't be one.

    Case, spaces and hyphens don't matter; O is 0, I and L are 1.
    """
    signs = _BETWEEN.sub("", text).upper().translate(_MEANT)
    if len(signs) != _LENGTH or not set(signs) <= set(_SIGNS):
        return None
    return _written(signs)


def _written(signs: str) -> str:
    return f"{signs[:4]}-{signs[4:]}"
