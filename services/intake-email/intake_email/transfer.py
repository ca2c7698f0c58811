"""Content-Transfer-Encodings undone. What isn't in its declared encoding is left as it is."""

from __future__ import annotations

import binascii
import re
from contextlib import suppress

_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/]+")
_STRAY = re.compile(rb"[^A-Za-z0-9+/=\s]")
_STRAY_SHARE = 0.03
_PIECES = 1_000_000
"""Each padded, in one content: some encode line by line. With more it is left as it is."""
_PIECE = re.compile(rb"[^=]+")
_LINE = re.compile(rb"[^\r\n]+")
_UU_BEGIN = re.compile(rb"^begin [0-7]{3,4} [^\r\n]*\r?\n", re.MULTILINE)


def undo(content: bytes, encoding: str) -> bytes:
    """The content as it was before it was encoded for its way."""
    match encoding.strip().strip("\"'").lower():
        case "base64":
            return from_base64(content)
        case "quoted-printable":
            return from_quoted_printable(content)
        case "x-uuencode" | "uuencode" | "uue" | "x-uue":
            return _from_uu(content)
    return content


def from_quoted_printable(content: bytes) -> bytes:
    """Never fails: a `=` that begins nothing stays."""
    return binascii.a2b_qp(content)


def from_base64(content: bytes) -> bytes:
    """With padding missing, in the middle or wrong; with a few stray characters."""
    start = content[:4000]
    if len(_STRAY.findall(start)) > _STRAY_SHARE * len(start):
        return content
    if content.find(b"=", 0, max(0, len(content) - 6)) < 0:
        with suppress(binascii.Error):
            return binascii.a2b_base64(content)
    if content.count(b"=") > _PIECES:
        return content
    return b"".join(_padded(piece[0]) for piece in _PIECE.finditer(content))


def _padded(piece: bytes) -> bytes:
    kept = _NOT_BASE64.sub(b"", piece)
    if len(kept) % 4 == 1:
        kept = kept[:-1]
    return binascii.a2b_base64(kept + b"=" * (-len(kept) % 4))


def _from_uu(content: bytes) -> bytes:
    begin = _UU_BEGIN.search(content)
    if not begin:
        return content
    end = content.find(b"\nend", begin.end())
    lines = []
    for found in _LINE.finditer(content, begin.end(), end if end >= 0 else len(content)):
        line = found[0]
        # Some encoders write too many characters: take what the line's length says.
        count = (((line[0] - 32) & 63) * 4 + 5) // 3
        with suppress(binascii.Error):
            lines.append(binascii.a2b_uu(line[:count]))
    return b"".join(lines)
