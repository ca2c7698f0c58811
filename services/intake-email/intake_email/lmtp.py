"""The LMTP server (RFC 2033): the same as by SMTP, for a mail server that stands in front of us.

It takes one recipient a transaction (the next one is put off with 452), so that the one answer after the
data is that recipient's own.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import SMTP, Envelope, Session

from intake_email.accept import Acceptor
from intake_email.addresses import Addresses
from intake_email.settings import Settings
from intake_email.smtp import Door, Handler, Protocol

_ANYBODY = 0o666
"""Of the Unix socket: its folder's rights decide."""


class _Handler(Handler):
    async def handle_EHLO(  # noqa: N802 - aiosmtpd's name
        self,
        _server: SMTP,
        session: Session,
        _envelope: Envelope,
        hostname: str,
        responses: list[str],
    ) -> list[str]:
        """Announces PIPELINING, which an LMTP server has to (RFC 2033, 5)."""
        session.host_name = hostname
        return [*responses[:-1], "250-PIPELINING", responses[-1]]


class _Protocol(LMTP, Protocol):
    """LMTP's greeting, and all else as in our SMTP."""


@asynccontextmanager
async def listen(
    settings: Settings, acceptor: Acceptor, addresses: Addresses, tls: ssl.SSLContext
) -> AsyncIterator[list[asyncio.Server]]:
    """Listen where the settings say, if anywhere, as long as the context is open.

    Raises OSError where the port is taken or the socket can't be made.
    """
    handler, door = _Handler(acceptor, addresses), Door(settings.smtp_connections)
    loop, servers = asyncio.get_running_loop(), []
    try:
        if settings.lmtp_port is not None:
            servers.append(
                await loop.create_server(
                    lambda: _Protocol(handler, door, settings, tls),
                    settings.lmtp_host,
                    settings.lmtp_port,
                    backlog=1024,
                )
            )
        if settings.lmtp_socket is not None:
            servers.append(
                await loop.create_unix_server(
                    # Nobody listens in on a Unix socket.
                    lambda: _Protocol(handler, door, settings, None),
                    str(settings.lmtp_socket),
                    backlog=1024,
                )
            )
            _open_to_all(settings.lmtp_socket)
        yield servers
    finally:
        for server in servers:
            server.close()


def _open_to_all(path: Path) -> None:
    path.chmod(_ANYBODY)
