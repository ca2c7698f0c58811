"""Words of notes as keyed hashes, so that their writer finds them and the database alone tells nothing."""

from __future__ import annotations

import hashlib
import hmac
import re
import unicodedata

SHORTEST = 2
MOST = 2000
"""Words of a note that are kept; a longer one is found by its beginning."""
_BYTES = 8

_WORD = re.compile(r"\w+")


def hashed(key: bytes, text: str) -> list[bytes]:
    """Of each word, without regard to case or order; each once."""
    words = _WORD.findall(unicodedata.normalize("NFC", text).casefold())
    kept = dict.fromkeys(word for word in words if len(word) >= SHORTEST)
    return [
        hmac.digest(key, f"speakup/note-word/{word}".encode(), hashlib.sha256)[:_BYTES]
        for word in list(kept)[:MOST]
    ]
