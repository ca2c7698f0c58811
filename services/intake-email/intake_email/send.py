"""The sending worker: the one that holds the contact key. Opens a reply, mails it through the relay,
says what became of it."""

from __future__ import annotations

import asyncio
import ssl
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache

import aiosmtplib
from prometheus_client import Counter
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from intake_email import replies
from intake_email.addresses import Addresses
from intake_email.compose import UNWRITABLE, compose, deliverable
from intake_email.settings import Settings
from speakup import seal, trace
from speakup.events import Purpose
from speakup.i18n import Texts
from speakup.keys import PrivateKeys
from speakup.logs import get_logger
from speakup.relay import Relay
from speakup.submission import Contact, Reply

SENT = Counter("speakup_mails_sent", "Mails handed to the relay", ["purpose", "result"])

LOOK_SECONDS = 0.5
ANSWER_SECONDS = 600.0
LONGEST_PAUSE = 30.0
"""Seconds between two tries to reach a relay that is away."""
GIVE_UP = timedelta(days=5)
"""For how long a mail is tried that its own address's server puts off (RFC 5321, 4.5.4.1)."""

log = get_logger("intake-email")


class RelayAwayError(Exception):
    """The company's mail server doesn't answer, or refuses us rather than this mail."""


class PutOffError(Exception):
    """The mail was put off (4xx)."""


class RefusedError(Exception):
    """The mail was refused for good (5xx); the text is fit for a handler and holds no address."""


@dataclass(frozen=True, slots=True)
class Sender:
    """Sends what is due, one mail after another."""

    engine: AsyncEngine
    relay: Relay
    keys: PrivateKeys
    texts: Texts
    addresses: Addresses
    settings: Settings

    async def run(self, stop: asyncio.Event) -> None:
        """Send until told to stop."""
        pause = LOOK_SECONDS
        while not stop.is_set():
            try:
                busy = await self._send_next()
            except RelayAwayError as error:
                log.warning("mail_relay_away", exc_info=error.__cause__ or error)
                pause = min(max(pause, 0.5) * 2, LONGEST_PAUSE)
            except (SQLAlchemyError, OSError) as error:
                log.warning("sender_waits", exc_info=error)
                pause = 2.0
            else:
                pause = 0 if busy else LOOK_SECONDS
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), pause or 0.001)

    async def _send_next(self) -> bool:
        reply = await replies.take(self.engine)
        if reply is None:
            return False
        retry = self.settings.outbox_retry_seconds
        with trace.within(reply.traceparent):
            try:
                await self._send(reply)
            except RelayAwayError:
                await replies.postpone(self.engine, reply, 1, counts=False)
                raise
            except PutOffError:
                await self._put_off(reply)
            except (RefusedError, seal.CannotOpenError) as error:
                await replies.failed(self.engine, self.relay, reply, str(error), retry=retry)
                SENT.labels(reply.purpose, "failed").inc()
            except (SQLAlchemyError, OSError):
                raise
            except Exception as error:
                # One mail never ends the process.
                log.exception("mail_unsendable", reply_id=reply.reply_id, exc_info=error)
                reason = "The mail could not be written."
                await replies.failed(self.engine, self.relay, reply, reason, retry=retry)
            else:
                await replies.delivered(self.engine, self.relay, reply, retry=retry)
                SENT.labels(reply.purpose, "delivered").inc()
        return True

    async def _put_off(self, reply: replies.Waiting) -> None:
        if datetime.now(UTC) - reply.accepted_at > GIVE_UP:
            reason = "The address's mail server put the mail off for five days."
            retry = self.settings.outbox_retry_seconds
            await replies.failed(self.engine, self.relay, reply, reason, retry=retry)
        else:
            wait = min(60.0 * 2 ** min(reply.attempts, 10), 3600.0)
            await replies.postpone(self.engine, reply, wait, counts=True)
        SENT.labels(reply.purpose, "put_off").inc()

    async def _send(self, reply: replies.Waiting) -> None:
        contact = Contact.model_validate_json(
            self.keys[reply.contact.key_id].open(
                reply.contact, seal.contact_info(reply.submission_id)
            )
        )
        words = Reply.model_validate_json(
            self.keys[reply.content.key_id].open(reply.content, seal.reply_info(reply.reply_id))
        )
        try:
            message = compose(
                texts=self.texts,
                addresses=self.addresses,
                reply_id=reply.reply_id,
                case_number=reply.case_number,
                purpose=reply.purpose,
                language=reply.language,
                contact=contact,
                reply=words,
            )
        except UNWRITABLE:
            raise RefusedError("The address that the reporter gave can't be written to.") from None
        # A null return path keeps robots from answering an acknowledgement (RFC 3834, 3.3); the
        # failure of a handler's mail comes back to its case.
        sender = (
            ""
            if reply.purpose is Purpose.acknowledgement
            else self.addresses.for_case(reply.case_number)
        )
        await self._hand_over(message.as_bytes(), sender, deliverable(contact.address))

    async def _hand_over(self, message: bytes, sender: str, recipient: str) -> None:
        settings = self.settings
        password = settings.relay_password
        client = aiosmtplib.SMTP(
            hostname=settings.relay_host,
            port=settings.relay_port,
            use_tls=settings.relay_tls,
            start_tls=True if settings.relay_require_tls else None,
            tls_context=_tls(required=settings.relay_tls or settings.relay_require_tls),
            local_hostname=self.addresses.domain,
            timeout=30,
        )
        try:
            await client.connect()
            if settings.relay_username and password:
                await client.login(settings.relay_username, password.get_secret_value())
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            client.close()
            raise RelayAwayError from error
        try:
            # RFC 5321, 4.5.3.2.6: the answer to the mail may take ten minutes.
            await client.sendmail(sender, [recipient], message, timeout=ANSWER_SECONDS)
        except (aiosmtplib.SMTPRecipientsRefused, aiosmtplib.SMTPResponseException) as error:
            raise _meaning(error) from None
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            # It may have been taken: that counts as a try, with back-off.
            raise PutOffError from error
        finally:
            with suppress(aiosmtplib.SMTPException, OSError, TimeoutError):
                await client.quit()


def _meaning(
    error: aiosmtplib.SMTPRecipientsRefused | aiosmtplib.SMTPResponseException,
) -> Exception:
    if isinstance(error, aiosmtplib.SMTPRecipientsRefused):
        code = error.recipients[0].code
    else:
        code = error.code
    if isinstance(error, aiosmtplib.SMTPSenderRefused | aiosmtplib.SMTPHeloError):
        # It is us that the relay won't have, not this mail: a setting is wrong, and can be mended.
        return RelayAwayError()
    if code < 500:
        return PutOffError()
    # The server's own words may quote the address; its code says enough.
    return RefusedError(f"The mail was refused for good (SMTP reply {code}).")


@cache
def _tls(*, required: bool) -> ssl.SSLContext:
    # Kept: reading the certificates of all authorities takes longer than sending a mail.
    context = ssl.create_default_context()
    if not required:
        # Opportunistic TLS (RFC 7435): better than none, and a wrong certificate is no reason for none.
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
