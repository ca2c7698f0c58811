"""Where a page may send people on to: this installation, nowhere else."""

from __future__ import annotations

from urllib.parse import urlsplit

_LONGEST = 500


def local_path(wanted: str | None, otherwise: str = "/") -> str:
    """The path with its query; `otherwise` for whatever a browser could take for another place."""
    if not wanted or len(wanted) > _LONGEST or not wanted.isascii() or not wanted.isprintable():
        return otherwise
    # Browsers read a backslash as a slash, and two slashes as the beginning of a host.
    if not wanted.startswith("/") or wanted.startswith("//") or "\\" in wanted:
        return otherwise
    try:
        parts = urlsplit(wanted)
    except ValueError:
        return otherwise
    return wanted if not parts.scheme and not parts.netloc else otherwise
