"""The SMTP server (RFC 5321): takes mails for the hotline's addresses and says 250 when they are on disk."""

from __future__ import annotations

import asyncio
import logging
import re
import ssl
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import ClassVar

from aiosmtpd.smtp import SMTP, Envelope, Session, syntax
from prometheus_client import Counter as Metric

from intake_email.accept import Acceptor
from intake_email.addresses import Addresses
from intake_email.data import read_data
from intake_email.settings import Settings
from speakup import trace
from speakup.logs import get_logger

REFUSED = Metric("speakup_mails_refused", "Mails not accepted, by SMTP reply code", ["code"])

TIMEOUT = 300.0
"""Seconds of silence after which a connection is closed (RFC 5321, 4.5.3.2.7 asks for 5 minutes)."""

log = get_logger("intake-email")


class Door:
    """Serves so many connections at a time; the others wait for their greeting, none is refused.

    One address gets half of the places at most, so that a burst from one doesn't keep others out. (A company's
    mail server is one address, and sends by some 20 connections at a time.)
    """

    def __init__(self, places: int) -> None:
        self._free = asyncio.Semaphore(places)
        self._each = max(1, places // 2)
        self._by_peer: Counter[str] = Counter()
        self._left = asyncio.Condition()

    @asynccontextmanager
    async def place(self, peer: str) -> AsyncIterator[None]:
        """Hold a place for a connection."""
        async with self._left:
            await self._left.wait_for(lambda: self._by_peer[peer] < self._each)
            self._by_peer[peer] += 1
        try:
            async with self._free:
                yield
        finally:
            async with self._left:
                self._by_peer[peer] -= 1
                if not self._by_peer[peer]:
                    del self._by_peer[peer]
                self._left.notify_all()


class _Hooks:
    """aiosmtpd looks through all names of two objects for each connection, which takes as long as a short
    dialogue: this shows it those that it looks for.
    """

    _hooks: ClassVar[list[str]]

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls._hooks = [name for name in dir(cls) if name.startswith(("smtp_", "auth_", "handle_"))]

    def __dir__(self) -> list[str]:
        return self._hooks


class Handler(_Hooks):
    """What the server asks us at each step of the dialogue."""

    def __init__(self, acceptor: Acceptor, addresses: Addresses) -> None:
        self._acceptor, self._addresses = acceptor, addresses

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: object
    ) -> str:
        """One recipient a transaction, and only ours."""
        if not self._addresses.accepts(address):
            REFUSED.labels("550").inc()
            return "550 5.1.1 This server takes mail for the hotline's address only"
        if envelope.rcpt_tos:
            return "452 4.5.3 One recipient at a time, please send the others after this one"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(  # noqa: N802 - aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        """250 only after the mail is on disk; anything else means: send it again."""
        raw = envelope.content
        if not isinstance(raw, bytes):
            raise TypeError("decode_data must be off")
        with trace.within(None):
            try:
                await self._acceptor.accept(
                    raw, _text(envelope.mail_from), _text(envelope.rcpt_tos[0])
                )
            except Exception as error:
                log.warning("mail_not_accepted", code=451, bytes=len(raw), exc_info=error)
                REFUSED.labels("451").inc()
                return "451 4.3.0 Can't store the message now, please send it again later"
        return "250 2.0.0 OK, we have your message"

    async def handle_exception(self, error: Exception) -> str:
        """Nothing of the error's text goes out: it may quote the mail."""
        log.error("smtp_failed", exc_info=error)
        return "451 4.3.0 Something failed on our side, please send it again later"


def _text(address: str | None) -> str:
    """An address without the surrogates by which aiosmtpd keeps bytes that are no UTF-8."""
    return (address or "").encode("utf-8", "surrogateescape").decode("utf-8", "replace")


_WORD = r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+"
_USUAL = re.compile(
    rf"\s*<({_WORD}(?:\.{_WORD})*@[a-z0-9-]+(?:\.[a-z0-9-]+)*)>(?: +([a-z0-9].*))?",
    re.ASCII | re.IGNORECASE,
)
"""An address in angle brackets without quotes or comments, and the parameters after it."""


class Protocol(_Hooks, SMTP):
    """One connection."""

    # What the reader holds at a time.
    line_length_limit = 1024 * 1024

    def __init__(
        self, handler: Handler, door: Door, settings: Settings, tls: ssl.SSLContext | None
    ) -> None:
        super().__init__(
            handler,
            data_size_limit=settings.smtp_message_bytes,
            enable_SMTPUTF8=True,
            hostname=settings.smtp_hostname,
            ident="Speak Up",
            tls_context=tls,
            timeout=TIMEOUT,
            auth_exclude_mechanism=("LOGIN", "PLAIN"),
            loop=asyncio.get_running_loop(),
        )
        self._door, self._most = door, settings.smtp_message_bytes

    def _getaddr(self, arg: str) -> tuple[str | None, str | None]:
        # What aiosmtpd does with email's whole grammar took a sixth of the time of a mail.
        usual = _USUAL.fullmatch(arg)
        if usual:
            return usual[1], usual[2] or ""
        try:
            return super()._getaddr(arg)
        except IndexError:
            # The grammar's own way of failing at a lone `<` or quote: malformed, not our fault.
            return None, None

    @syntax("DATA")
    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802 - aiosmtpd's name
        """The mail, in our own way (data.py). What is wrong with the command is said in aiosmtpd's."""
        if arg or self.envelope is None or not self.envelope.rcpt_tos:
            await super().smtp_DATA(arg)
            return
        await self.push("354 End data with <CR><LF>.<CR><LF>")
        content = await read_data(self._reader, self._most, self._reset_timeout)
        if content is None:
            REFUSED.labels("552").inc()
            answer = f"552 5.3.4 This server takes mails of up to {self._most} bytes"
        else:
            self.envelope.content = self.envelope.original_content = content
            answer = await self._call_handler_hook("DATA")
        self._set_post_data_state()  # type: ignore[no-untyped-call]
        await self.push(answer)

    async def _handle_client(self) -> None:
        peer = self.session.peer if self.session is not None else None
        async with self._door.place(str(peer[0]) if peer else ""):
            await super()._handle_client()


@asynccontextmanager
async def listen(
    settings: Settings, acceptor: Acceptor, addresses: Addresses, tls: ssl.SSLContext
) -> AsyncIterator[asyncio.Server]:
    """Listen as long as the context is open. Raises OSError where the port is taken."""
    # Its lines quote envelopes.
    logging.getLogger("mail").setLevel(logging.CRITICAL)
    handler, door = Handler(acceptor, addresses), Door(settings.smtp_connections)
    server = await asyncio.get_running_loop().create_server(
        lambda: Protocol(handler, door, settings, tls),
        settings.smtp_host,
        settings.smtp_port,
        backlog=1024,
    )
    try:
        yield server
    finally:
        server.close()
