"""Settings of intake-email's edge, which takes mails; the sending worker has its own."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from intake_email.mailbox import Mailbox
from speakup.settings import Common


class Settings(Common):
    """Variables with the prefix `SPEAKUP_`."""

    smtp_host: str = "127.0.0.1"
    smtp_port: int = Field(default=2525, ge=0, le=65535)
    smtp_hostname: str = "speakup.localhost"
    """What the server calls itself."""
    smtp_tls_cert: Path | None = None
    """PEM chain for STARTTLS; by default a self-signed one is made in `var/tls`."""
    smtp_tls_key: Path | None = None
    smtp_message_bytes: int = 40 * 1024 * 1024
    smtp_connections: int = Field(default=64, ge=1)
    """Served at a time; more wait for their greeting, as do those of one address beyond a half."""

    lmtp_host: str = "127.0.0.1"
    lmtp_port: int | None = Field(default=None, ge=0, le=65535)
    """For a mail server that hands mails on by LMTP (RFC 2033); off by default."""
    lmtp_socket: Path | None = None
    """The same on a Unix socket; its folder's rights say who may connect."""

    imap_mailboxes: tuple[Mailbox, ...] = ()
    """A JSON list of mailboxes to be read and emptied."""
    imap_poll_seconds: float = Field(default=60, gt=0)
    """How often each is looked at; where the server knows IDLE, a new mail is taken at once anyway."""

    authserv_id: str | None = None
    """Of the company's own mail server, whose Authentication-Results (RFC 8601) are noted."""
    clamd: str | None = None
    """`host:port` or the path of a unix socket; its verdict is noted."""
    parse_children: int = Field(default=2, ge=1)
    parse_seconds: float = Field(default=10, gt=0)
