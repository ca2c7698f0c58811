"""Encoded words in header values (RFC 2047), as leniently as mail programs read them."""

from __future__ import annotations

import re
from itertools import groupby

from intake_email.charsets import decode, tidy
from intake_email.transfer import from_base64, from_quoted_printable

_WORD = re.compile(r"=\?([^?*\s]{1,60})(?:\*[^?\s]*)?\?([bBqQ])\?([^?]*)\?=")
_BETWEEN = re.compile(r"(\?=)\s+(?==\?[^?\s]+\?[bBqQ]\?)")
_SPACE = re.compile(r"\s+")


def decode_words(value: str) -> str:
    """The value as one clean line."""
    if "=?" in value:
        value = "".join(_pieces(_BETWEEN.sub(r"\1", value)))
    return _SPACE.sub(" ", tidy(value)).strip()


def _pieces(value: str) -> list[str]:
    pieces: list[str] = []
    end = 0
    words: list[tuple[str, str, str]] = []
    for word in _WORD.finditer(value):
        if word.start() > end:
            pieces += [*_decoded(words), value[end : word.start()]]
            words = []
        words.append((word[1].lower(), word[2].lower(), word[3]))
        end = word.end()
    return [*pieces, *_decoded(words), value[end:]]


def _decoded(words: list[tuple[str, str, str]]) -> list[str]:
    """Neighbours of one charset are joined first: some programs split within a character."""
    return [
        decode(b"".join(_content(encoding, text) for _, encoding, text in group), charset)
        for charset, group in groupby(words, key=lambda word: word[0])
    ]


def _content(encoding: str, text: str) -> bytes:
    content = text.encode("utf-8", "replace")
    if encoding == "b":
        return from_base64(content)
    return from_quoted_printable(content.replace(b"_", b" "))
