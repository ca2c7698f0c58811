"""Where a request came from, for the audit log.

What a header says is believed only of a proxy that the settings name, and of its chain only the last address that no
such proxy has.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Collection
from contextvars import ContextVar

from starlette.datastructures import Headers
from starlette.types import Scope

current: ContextVar[str | None] = ContextVar("client_address", default=None)
"""Of the request that is being answered; None where there is none."""


def of(scope: Scope, proxies: Collection[str]) -> str | None:
    """An IP address; None where the server doesn't know it."""
    peer = scope.get("client")
    address = _valid(peer[0]) if peer else None
    said = ",".join(Headers(scope=scope).getlist("x-forwarded-for")).split(",")
    while address in proxies and said:
        address = _valid(said.pop()) or address
    return address


def _valid(word: str) -> str | None:
    try:
        address = ipaddress.ip_address(word.strip())
        return str(getattr(address, "ipv4_mapped", None) or address)
    except ValueError:
        return None
