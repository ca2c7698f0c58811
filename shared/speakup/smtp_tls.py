"""TLS to a mail server: verified where it is required, opportunistic elsewhere."""

from __future__ import annotations

import ssl
from functools import cache


@cache
def tls_context(*, required: bool) -> ssl.SSLContext:
    """Kept: reading the certificates of all authorities takes longer than sending a mail."""
    context = ssl.create_default_context()
    if not required:
        # Opportunistic TLS (RFC 7435): better than none, and a wrong certificate is no reason for none.
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
