"""Any text, however long or odd, as a bounded number of short pieces to be embedded.

The embedder's time grows faster than the text (75 s for 120,000 characters), so it is given pieces of
whole sentences, never the text.
"""

from __future__ import annotations

import re
import unicodedata

PIECE = 250
"""Characters of a usual piece; no piece is longer than 1.5 times this."""

HEAD, TAIL = 12_000, 4_000
"""Characters looked at from either end; a report's point is seldom in the middle of a book."""

_END_OF_SENTENCE = re.compile(r"(?<=[.!?…])\s+|[\r\n]+")
_NOT_TEXT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


def clean(text: str) -> str:
    """The text cut to HEAD + TAIL characters, normalized (NFKC), without control characters."""
    plain = unicodedata.normalize("NFKC", _cut(text))
    # Normalizing may expand a character eighteenfold, and the embedder reads a C string up to NUL.
    return _NOT_TEXT.sub(" ", _cut(plain)).strip()


def pieces(text: str) -> list[str]:
    """The pieces of a clean text, those that matter most first: two of the beginning, one of the end."""
    found: list[str] = []
    current = ""
    for sentence in _sentences(text):
        if current and len(current) + len(sentence) >= PIECE:
            found.append(current)
            current = sentence
        else:
            current = f"{current} {sentence}".strip()
    if current:
        found.append(current)
    return _by_weight(found)


def _cut(text: str) -> str:
    return text if len(text) <= HEAD + TAIL else f"{text[:HEAD]}\n{text[-TAIL:]}"


def _sentences(text: str) -> list[str]:
    found: list[str] = []
    for part in _END_OF_SENTENCE.split(text):
        rest = part.strip()
        while len(rest) > PIECE * 3 // 2:
            space = rest.rfind(" ", PIECE // 2, PIECE)
            at = space if space > 0 else PIECE
            found.append(rest[:at])
            rest = rest[at:].lstrip()
        if rest:
            found.append(rest)
    return found


def _by_weight(found: list[str]) -> list[str]:
    first, last = 0, len(found) - 1
    ordered: list[str] = []
    while first <= last:
        if len(ordered) % 3 == 2:
            ordered.append(found[last])
            last -= 1
        else:
            ordered.append(found[first])
            first += 1
    return ordered
