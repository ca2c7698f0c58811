"""The sending worker: the one that holds the contact key. Opens a reply, mails it through the relay,
says what became of it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage

from prometheus_client import Counter
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from intake_email import attached, once_a_day, replies
from intake_email.addresses import Addresses
from intake_email.compose import UNWRITABLE, Receipt, compose, compose_joined, deliverable
from intake_email.employer import EmployerMail, is_employers
from intake_email.hand_over import Connection, PutOffError, RefusedError, RelayAwayError
from intake_email.mail import File
from intake_email.replies import Waiting
from intake_email.sending_settings import SendingSettings
from speakup import seal, trace
from speakup.blobs import BlobStore
from speakup.events import Purpose
from speakup.i18n import Texts
from speakup.keys import PrivateKeys
from speakup.logs import get_logger
from speakup.relay import Relay
from speakup.rest import rest
from speakup.submission import Contact, Reply

SENT = Counter("speakup_mails_sent", "Replies handed to the relay", ["purpose", "result"])

AT_A_TIME = 2
"""Mails on their way to the relay: one that it thinks about for minutes doesn't hold up the others."""
REST_SECONDS = 0.1
"""After a mail: a burst of answers doesn't take the time of the burst of reports that they answer."""
LOOK_SECONDS = 1.0
"""Between two looks of each for what is due."""
LONGEST_PAUSE = 30.0
"""Seconds between two tries to reach a relay that is away."""
GIVE_UP = timedelta(days=5)
"""For how long a mail is tried that its own address's server puts off (RFC 5321, 4.5.4.1)."""

WITHHELD = (
    "The reporter's address is one of the employer's own, and nothing is sent there "
    "(the setting SPEAKUP_EMPLOYER_MAIL is `withheld`)."
)

log = get_logger("intake-email")


class _WaitsError(Exception):
    """The address has had its automatic mail of the day; this one waits on disk."""


@dataclass(frozen=True, slots=True)
class Sender:
    """Sends what is due, a few mails at a time."""

    engine: AsyncEngine
    relay: Relay
    keys: PrivateKeys
    texts: Texts
    addresses: Addresses
    blobs: BlobStore
    hmac_key: bytes
    settings: SendingSettings

    async def run(self, stop: asyncio.Event) -> None:
        """Send until told to stop."""
        async with asyncio.TaskGroup() as group:
            for _ in range(AT_A_TIME):
                group.create_task(self._send_until(stop))

    async def _send_until(self, stop: asyncio.Event) -> None:
        connection = Connection(self.settings)
        try:
            await self._send_by(connection, stop)
        finally:
            await connection.close()

    async def _send_by(self, connection: Connection, stop: asyncio.Event) -> None:
        pause = LOOK_SECONDS
        while not stop.is_set():
            try:
                busy = await self.send_next(connection)
            except RelayAwayError as error:
                log.warning("mail_relay_away", exc_info=error.__cause__ or error)
                pause = min(max(pause, 0.5) * 2, LONGEST_PAUSE)
            except (SQLAlchemyError, OSError) as error:
                log.warning("sender_waits", exc_info=error)
                pause = 2.0
            else:
                pause = REST_SECONDS if busy else LOOK_SECONDS
                if not busy:
                    await connection.close_unused()
            await rest(stop, pause)

    async def send_next(self, connection: Connection) -> bool:
        """Send what is due first; whether anything was. Raises RelayAwayError, SQLAlchemyError, OSError."""
        reply = await replies.take(self.engine)
        if reply is not None:
            with trace.within(reply.traceparent):
                await self._try(reply, connection)
        return reply is not None

    async def _try(self, reply: Waiting, connection: Connection) -> None:
        # What goes out in one mail; more than the one where acknowledgements are joined.
        group = [reply]
        try:
            await self._send(group, connection)
        except _WaitsError:
            SENT.labels(reply.purpose, "joined").inc()
        except RelayAwayError:
            await replies.postpone(self.engine, reply, 1, counts=False)
            raise
        except PutOffError:
            await self._put_off(group)
        except (RefusedError, seal.CannotOpenError) as error:
            await self._failed(group, str(error))
        except (SQLAlchemyError, OSError):
            raise
        except Exception as error:
            # One mail never ends the process.
            log.exception("mail_unsendable", reply_id=reply.reply_id, exc_info=error)
            await self._failed(group, "The mail could not be written.")
        else:
            retry = self.settings.outbox_retry_seconds
            await replies.delivered(self.engine, self.relay, group, retry=retry)
            SENT.labels(reply.purpose, "delivered").inc(len(group))

    async def _failed(self, group: Sequence[Waiting], reason: str) -> None:
        retry = self.settings.outbox_retry_seconds
        await replies.failed(self.engine, self.relay, group, reason, retry=retry)
        SENT.labels(group[0].purpose, "failed").inc(len(group))

    async def _put_off(self, group: Sequence[Waiting]) -> None:
        first = group[0]
        if datetime.now(UTC) - first.accepted_at > GIVE_UP:
            await self._failed(group, "The address's mail server put the mail off for five days.")
            return
        wait = min(60.0 * 2 ** min(first.attempts, 10), 3600.0)
        await replies.postpone(self.engine, first, wait, counts=True)
        SENT.labels(first.purpose, "put_off").inc()

    async def _send(self, group: list[Waiting], connection: Connection) -> None:
        reply = group[0]
        contact = Contact.model_validate_json(
            self.keys[reply.contact.key_id].open(
                reply.contact, seal.contact_info(reply.submission_id)
            )
        )
        try:
            recipient = deliverable(contact.address)
            neutral = self._is_neutral(recipient.rpartition("@")[2])
            if reply.purpose is Purpose.acknowledgement:
                message = await self._acknowledgement(group, contact, recipient, neutral=neutral)
            else:
                message = await self._written(reply, contact, neutral=neutral)
        except UNWRITABLE:
            raise RefusedError("The address that the reporter gave can't be written to.") from None
        # A null return path keeps robots from answering an acknowledgement (RFC 3834, 3.3); the
        # failure of a handler's mail comes back to its case.
        addresses = self.addresses.neutral if neutral else self.addresses
        sender = (
            ""
            if reply.purpose is Purpose.acknowledgement
            else addresses.for_case(reply.case_number)
        )
        # Megabytes of attachments are encoded here; for a few words a thread takes longer than they do.
        raw = await asyncio.to_thread(message.as_bytes) if _has_files(message) else bytes(message)
        await connection.hand_over(
            we=addresses.domain,
            message=raw,
            sender=sender,
            recipient=recipient,
        )

    def _is_neutral(self, domain: str) -> bool:
        """Raises RefusedError where nothing may be sent to the domain."""
        settings = self.settings
        if not is_employers(domain, settings.employer_domains):
            return False
        if settings.employer_mail is EmployerMail.withheld:
            raise RefusedError(WITHHELD)
        return settings.employer_mail is EmployerMail.neutral

    def _words(self, reply: Waiting) -> Reply:
        return Reply.model_validate_json(
            self.keys[reply.content.key_id].open(reply.content, seal.reply_info(reply.reply_id))
        )

    async def _written(self, reply: Waiting, contact: Contact, *, neutral: bool) -> EmailMessage:
        words = self._words(reply)
        files = await attached.fetch(self.blobs, words)
        pdf = await attached.explanation(reply.case_number, words, reply.language)
        return await asyncio.to_thread(
            self._compose, reply, contact, words, [*pdf, *files], neutral=neutral
        )

    def _compose(
        self,
        reply: Waiting,
        contact: Contact,
        words: Reply,
        files: Sequence[File] = (),
        *,
        neutral: bool,
    ) -> EmailMessage:
        return compose(
            texts=self.texts,
            addresses=self.addresses,
            reply_id=reply.reply_id,
            case_number=reply.case_number,
            purpose=reply.purpose,
            language=reply.language,
            contact=contact,
            reply=words,
            files=files,
            neutral=neutral,
        )

    async def _acknowledgement(
        self, group: list[Waiting], contact: Contact, recipient: str, *, neutral: bool
    ) -> EmailMessage:
        """Adds to `group` what is joined. Raises _WaitsError where the address has had its mail."""
        reply = group[0]
        address, mailbox = (
            once_a_day.address_mac(self.hmac_key, one)
            for one in (recipient, once_a_day.mailbox_of(recipient))
        )
        others = await once_a_day.claim(
            self.engine, reply.reply_id, address, mailbox, lease=replies.LEASE
        )
        if others is None:
            raise _WaitsError
        group += [replies.waiting(row) for row in others]
        receipts = []
        for one in group:
            receipts.append(Receipt(one.case_number, self._words(one).pin or ""))
            # Thousands of them, where somebody floods the hotline: others get their turn.
            await asyncio.sleep(0)
        if len(group) == 1:
            words = Reply(pin=receipts[0].pin or None)
            return self._compose(reply, contact, words, neutral=neutral)
        return compose_joined(
            texts=self.texts,
            addresses=self.addresses,
            reply_id=reply.reply_id,
            receipts=receipts,
            languages=[one.language for one in group],
            contact=contact,
            neutral=neutral,
        )


def _has_files(message: EmailMessage) -> bool:
    return message.get_content_type() == "multipart/mixed"
