"""Collecting from a mailbox: take what is new, expunge what has become a case, wait, for ever.

A message is expunged only once its case is opened. Until then it is in the mailbox as well as in the outbox;
whatever fails in between, it is read again and is the same submission.
"""

from __future__ import annotations

import asyncio
import imaplib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from prometheus_client import Counter, Gauge
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from intake_email import taken
from intake_email.accept import Acceptor
from intake_email.addresses import Addresses
from intake_email.credentials import Credentials, NoTokenError
from intake_email.envelope import envelope_of
from intake_email.imap import Connection, LoginError
from intake_email.left import Left, Message
from intake_email.mailbox import Mailbox
from intake_email.settings import Settings
from speakup import postgres, trace
from speakup.logs import get_logger
from speakup.rest import rest

TAKEN = Counter("speakup_mailbox_mails_taken", "Mails taken from a mailbox", ["mailbox"])
AWAY = Gauge("speakup_mailbox_away", "1 while a mailbox can't be read", ["mailbox"])

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 60.0
"""Seconds between two tries to reach a mailbox that is away."""
IDLE_LOOK = 1.0
"""Seconds after which a waiting thread sees that it is to stop."""

P = ParamSpec("P")
T = TypeVar("T")
log = get_logger("intake-email")


class MailboxAwayError(Exception):
    """The mailbox can't be read now: no connection, no entry, or no sense in its answer."""


class Collector:
    """Reads one mailbox. `index` is its place in the settings' list: what metrics and logs call it."""

    def __init__(
        self,
        index: int,
        mailbox: Mailbox,
        *,
        engine: AsyncEngine,
        acceptor: Acceptor,
        addresses: Addresses,
        settings: Settings,
    ) -> None:
        self._index, self._mailbox = index, mailbox
        self._engine, self._acceptor, self._addresses = engine, acceptor, addresses
        self._most, self._poll = settings.smtp_message_bytes, settings.imap_poll_seconds
        self._credentials = Credentials(mailbox)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=f"imap-{index}")
        self._left = Left(index)
        self._away: str | None = None
        self._pause = FIRST_PAUSE

    async def notice(self) -> str | None:
        """For the admin: what is wrong with this mailbox, or None."""
        if self._away:
            return f"mailbox {self._index} can't be read ({self._away}); it is tried again"
        if self._left.too_large:
            count = len(self._left.too_large)
            return f"mailbox {self._index} holds {count} mails larger than {self._most} bytes"
        return None

    async def run(self, stop: asyncio.Event) -> None:
        """Collect until told to stop. Nothing that fails ends it, or another mailbox."""
        try:
            while not stop.is_set():
                try:
                    await self._read(stop)
                except MailboxAwayError as error:
                    self._is_away(error)
                except Exception as error:
                    log.warning("mailbox_waits", id=self._index, exc_info=error)
                await rest(stop, self._pause)
                self._pause = min(self._pause * 2, LONGEST_PAUSE)
        finally:
            self._thread.shutdown(wait=False, cancel_futures=True)

    def _is_away(self, error: MailboxAwayError) -> None:
        cause = error.__cause__
        if isinstance(cause, LoginError):
            self._credentials.refused()
        self._away = type(cause).__name__
        AWAY.labels(self._index).set(1)
        log.warning("mailbox_away", id=self._index, exc_info=cause)

    async def _read(self, stop: asyncio.Event) -> None:
        """One connection, until it breaks or all stops."""
        try:
            secret = await self._credentials.secret()
        except (OSError, NoTokenError) as error:
            raise MailboxAwayError from error
        connection = await self._call(Connection, self._mailbox, secret)
        try:
            while not stop.is_set():
                await self._look(connection, stop)
                await self._wait_for_more(connection, stop)
        finally:
            connection.drop()

    async def _call(self, do: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """What it returns, from the mailbox's thread. Raises MailboxAwayError."""
        try:
            return await asyncio.get_running_loop().run_in_executor(
                self._thread, lambda: do(*args, **kwargs)
            )
        except (OSError, imaplib.IMAP4.error, ValueError, LookupError) as error:
            raise MailboxAwayError from error

    async def _look(self, connection: Connection, stop: asyncio.Event) -> None:
        """Take what is new, expunge what is settled."""
        validity, uids = await self._call(connection.look)
        self._away = None
        AWAY.labels(self._index).set(0)
        known = await taken.known(self._engine, self._mailbox.key, validity)
        new = [uid for uid in uids if uid not in known]
        self._left.keep_only({(validity, uid) for uid in new})
        sizes = await self._call(connection.sizes, new)
        for uid in new:
            if stop.is_set():
                return
            message = validity, uid
            if sizes.get(uid, 0) > self._most:
                self._left.leave(message)
            elif self._left.is_due(message):
                await self._take(connection, message)
        await self._expunge(connection, validity, set(uids))
        self._pause = FIRST_PAUSE

    async def _take(self, connection: Connection, message: Message) -> None:
        validity, uid = message
        self._left.trying(message)
        raw = await self._call(connection.fetch, uid, self._most + 1)
        if raw is None:
            return
        if len(raw) > self._most:
            self._left.leave(message)
            return
        sender, recipient = envelope_of(raw, self._addresses)
        with trace.within(None):
            try:
                submission_id = await self._acceptor.accept(raw, sender, recipient)
            except Exception as error:
                if isinstance(error, SQLAlchemyError) or postgres.is_unavailable(error):
                    # Not this message's fault.
                    self._left.taken(message)
                    raise
                log.warning("mail_not_accepted", id=self._index, bytes=len(raw), exc_info=error)
                return
        await taken.remember(self._engine, self._mailbox.key, validity, uid, submission_id)
        self._left.taken(message)
        TAKEN.labels(self._index).inc()

    async def _expunge(self, connection: Connection, validity: int, there: set[int]) -> None:
        settled = await taken.settled(self._engine, self._mailbox.key, validity)
        gone = settled & there
        if gone and not await self._call(connection.expunge, sorted(gone)):
            log.warning("mailbox_not_expunged", id=self._index, count=len(gone))
            gone = set()
        await taken.forget_others(self._engine, self._mailbox.key, validity, there - gone)

    async def _wait_for_more(self, connection: Connection, stop: asyncio.Event) -> None:
        """Until the server tells of something, or it is time to look again, or to stop."""
        if not connection.can_idle:
            await rest(stop, self._poll)
            return
        loop = asyncio.get_running_loop()
        until = loop.time() + self._poll
        await self._call(connection.idle)
        while not stop.is_set() and (left := until - loop.time()) > 0:
            if await self._call(connection.is_told, min(IDLE_LOOK, left)):
                break
        await self._call(connection.idle_done)
