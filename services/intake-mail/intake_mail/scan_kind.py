"""What a scan file is, told by its content alone, and whether it is whole: no picture is decoded here.

A format's mark must stand at the very start. Refused besides: a picture with a PDF's mark where readers still look
for one (the first 1,024 bytes, ISO 32000-1, annex H), and anything that a ZIP's directory ends, as unpackers read files
from behind. Scanners and phones append bytes of their own to a good file: they are tolerated, and never come along.
"""

from __future__ import annotations

import re
import struct
from enum import StrEnum

MAX_BYTES = 100 * 2**20
"""Of a file; a page at 600 dpi in colour, badly packed, has 30 MB."""

_PDF = b"%PDF-"
_PDF_IS_SOUGHT = 1024
_DIRECTORY, _DIRECTORY_BYTES, _COMMENT_BYTES = b"PK\5\6", 22, 65535
_OBJECT = re.compile(rb"\d\s+\d+\s+obj\b")
_HEIC = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}
_MOST_BOXES = 1000


class Kind(StrEnum):
    """A format that is taken, by its media type."""

    pdf = "application/pdf"
    tiff = "image/tiff"
    jpeg = "image/jpeg"
    png = "image/png"
    heic = "image/heic"


class RefusedError(Exception):
    """It can't be opened; `code` says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def kind_of(content: bytes) -> Kind:
    """Raises RefusedError: `empty`, `too_large`, `not_a_scan`, `broken`."""
    if not content:
        raise RefusedError("empty")
    if len(content) > MAX_BYTES:
        raise RefusedError("too_large")
    kind = _by_mark(content)
    if kind is None or _is_something_else_too(content, kind):
        raise RefusedError("not_a_scan")
    if (kind is Kind.pdf and _pdf_is_cut(content)) or (kind is Kind.heic and _heic_is_cut(content)):
        raise RefusedError("broken")
    return kind


def _by_mark(content: bytes) -> Kind | None:
    if content.startswith(_PDF):
        return Kind.pdf
    if content.startswith((b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")):
        return Kind.tiff
    if content.startswith(b"\xff\xd8\xff"):
        return Kind.jpeg
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return Kind.png
    if content[4:8] == b"ftyp" and content[8:12] in _HEIC:
        return Kind.heic
    return None


def _is_something_else_too(content: bytes, kind: Kind) -> bool:
    return (kind is not Kind.pdf and _PDF in content[:_PDF_IS_SOUGHT]) or _is_zip(content)


def _is_zip(content: bytes) -> bool:
    """Whether its end is a ZIP's directory (APPNOTE 4.3.16) that lies within the file."""
    at = content.rfind(_DIRECTORY, max(0, len(content) - _DIRECTORY_BYTES - _COMMENT_BYTES))
    if at < 0 or len(content) - at < _DIRECTORY_BYTES:
        return False
    size, start = struct.unpack_from("<II", content, at + 12)
    return bool(size <= at and start <= at)


def _pdf_is_cut(content: bytes) -> bool:
    """Whether no end follows the last object. One that was updated, or is made for the web, has several ends."""
    end = content.rfind(b"%%EOF")
    return end < 0 or _OBJECT.search(content, end) is not None


def _heic_is_cut(content: bytes) -> bool:
    """Whether a box (ISO/IEC 14496-12) reaches beyond the file."""
    at = 0
    for _ in range(_MOST_BOXES):
        if len(content) - at < 8:
            return False
        size = int.from_bytes(content[at : at + 4], "big")
        if size == 1:
            size = int.from_bytes(content[at + 8 : at + 16], "big")
        if size == 0 or not content[at + 4 : at + 8].isalnum():
            # To the end of the file; or bytes that were appended.
            return False
        if size < 8 or size > len(content) - at:
            return True
        at += size
    return True
