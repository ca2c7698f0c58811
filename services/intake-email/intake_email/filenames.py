"""A file's name as its sender chose it, made harmless. It is shown and never used as a path."""

from __future__ import annotations

import re
from unicodedata import normalize

from intake_email import marks

LENGTH = 255
"""Characters."""

# Marks that turn the direction of writing can hide what kind of file it is.
_HIDING = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ud800-\udfff\ufeff]"
)
_EXTENSIONS = {
    "message/rfc822": ".eml",
    "message/delivery-status": ".txt",
    "text/rfc822-headers": ".txt",
    "text/plain": ".txt",
    "text/html": ".html",
    "text/calendar": ".ics",
    "text/csv": ".csv",
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/gif": ".gif",
    "image/tiff": ".tif",
    "audio/mpeg": ".mp3",
    "audio/wav": ".wav",
    "application/pdf": ".pdf",
    "application/zip": ".zip",
    "application/pgp-signature": ".asc",
    "application/pkcs7-signature": ".p7s",
    "application/pkcs7-mime": ".p7m",
    "application/ms-tnef": ".dat",
}


_DOUBLE_ENDING = re.compile(
    r"\.[a-z0-9]{2,4}\s*\.(?:exe|scr|com|bat|cmd|pif|js|jse|vbs?|vbe|wsf|hta|lnk|ps1|msi|jar|html?|iso)$",
    re.IGNORECASE,
)


def marks_of_name(said: str) -> tuple[str, ...]:
    """What is odd about a name as its sender chose it."""
    bare = _HIDING.sub("", said).strip()
    found = (
        (marks.HIDDEN_NAME, len(bare) < len(said.strip())),
        (marks.PATH_IN_NAME, "/" in said or "\\" in said),
        (marks.DOUBLE_ENDING, bool(_DOUBLE_ENDING.search(bare))),
    )
    return tuple(mark for mark, holds in found if holds)


def file_name(said: str, kind: str, number: int) -> str:
    """1 to 255 characters: the last step of what the sender said, or `attachment-3.pdf`."""
    name = (
        normalize("NFC", _HIDING.sub("", said))
        .replace("\\", "/")
        .rpartition("/")[2]
        .strip()
        .strip("\"'")
    )
    if not name.strip(". "):
        return f"attachment-{number}{_EXTENSIONS.get(kind, '.bin')}"
    if len(name) <= LENGTH:
        return name
    stem, dot, extension = name.rpartition(".")
    if not dot or len(extension) > 20:
        return name[:LENGTH]
    return stem[: LENGTH - 1 - len(extension)] + dot + extension
