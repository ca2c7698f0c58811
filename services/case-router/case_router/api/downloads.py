"""Files from strangers as downloads that no browser opens by itself (RFC 6266, RFC 8187)."""

from __future__ import annotations

import unicodedata
from urllib.parse import quote

from fastapi.responses import Response

_LONGEST = 120
_UNSAFE = frozenset('/\\:*?"<>|%;')


def download(content: bytes, name: str, instead: str) -> Response:
    """Bytes under a name that is safe on every system; `instead` where nothing is left of it."""
    name = safe_name(name) or instead
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return Response(
        content,
        media_type="application/octet-stream",
        headers={
            "content-disposition": (
                f'attachment; filename="{safe_name(plain) or instead}"; '
                f"filename*=UTF-8''{quote(name, safe='')}"
            ),
            "x-content-type-options": "nosniff",
        },
    )


def safe_name(name: str) -> str:
    """Without folders, control and formatting characters (which can turn a name's end round)."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    kept = "".join(
        "_" if char in _UNSAFE else char for char in last if unicodedata.category(char)[0] != "C"
    )
    return kept.strip(". ")[-_LONGEST:]
