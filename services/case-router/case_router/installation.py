"""What follows from the address that people reach this installation at."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit


def is_loopback(public_url: str) -> bool:
    """Whether the address can be reached from this machine only: 127.0.0.0/8, ::1 or localhost."""
    host = urlsplit(public_url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def cookies_need_tls(public_url: str) -> bool:
    """Whether browsers must send the pages' cookies over TLS only."""
    return not (is_loopback(public_url) and urlsplit(public_url).scheme == "http")
