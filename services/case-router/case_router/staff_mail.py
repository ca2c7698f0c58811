"""Mails to staff: a case number and a link at most, by the company's own mail server."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid

import aiosmtplib
from prometheus_client import Counter

from case_router.settings import Settings
from speakup.events import Language
from speakup.i18n import texts
from speakup.logs import get_logger
from speakup.smtp_tls import tls_context

SECONDS = 30.0
SENT = Counter("speakup_staff_mails", "Mails to staff", ["outcome"])
log = get_logger("case-router")

NOBODY = "nobody_to_tell"
"""Why it isn't sent: no account that may see the case has an address."""


class NotSentError(Exception):
    """It has to be tried again; the text is a word without address or content.

    `away`: the server doesn't answer at all, so that it would be the same with any other mail.
    """

    def __init__(self, reason: str, *, away: bool = False) -> None:
        super().__init__(reason)
        self.away = away


@dataclass(frozen=True, slots=True)
class Recipient:
    """A member of staff who is told something."""

    address: str
    language: Language | None = None
    """None: not known, which makes it all three."""


@dataclass(frozen=True, slots=True)
class StaffMail:
    """Writes and sends them."""

    settings: Settings

    @property
    def is_set_up(self) -> bool:
        """Whether there is a server to send by."""
        return self.settings.staff_smtp_host is not None

    async def send(self, name: str, number: str, recipients: Sequence[Recipient]) -> None:
        """One mail for all, who don't see each other; `name` is its text's. Raises NotSentError."""
        settings, host = self.settings, self.settings.staff_smtp_host
        if not recipients:
            raise NotSentError(NOBODY)
        if host is None:
            raise NotSentError("not_set_up")
        password = settings.staff_smtp_password
        try:
            refused, _ = await aiosmtplib.send(
                self._message(name, number, recipients),
                # Nothing comes back to the hotline's own mailbox (RFC 5321, 4.5.5).
                sender="",
                recipients=sorted({recipient.address for recipient in recipients}),
                hostname=host,
                port=settings.staff_smtp_port,
                username=settings.staff_smtp_username,
                password=password.get_secret_value() if password else None,
                use_tls=settings.staff_smtp_tls,
                start_tls=True if settings.staff_smtp_require_tls else None,
                tls_context=tls_context(
                    required=settings.staff_smtp_tls or settings.staff_smtp_require_tls
                ),
                timeout=SECONDS,
            )
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            SENT.labels("failed").inc()
            said = aiosmtplib.SMTPResponseException | aiosmtplib.SMTPRecipientsRefused
            # The server's own words may quote an address.
            raise NotSentError(type(error).__name__, away=not isinstance(error, said)) from None
        SENT.labels("sent").inc()
        if refused:
            # Some addresses only: the others have it, and it isn't sent to them again.
            SENT.labels("refused").inc(len(refused))
            log.warning("staff_addresses_refused", case_number=number, count=len(refused))

    def _message(self, name: str, number: str, recipients: Sequence[Recipient]) -> EmailMessage:
        languages = _languages({recipient.language for recipient in recipients})
        domain = self.settings.email_address.rpartition("@")[2]
        link = f"{self.settings.public_url}/cases/{number}"
        message = EmailMessage()
        message["From"] = self.settings.staff_smtp_sender or f"noreply@{domain}"
        message["To"] = "undisclosed-recipients:;"
        subjects = [texts()(language, f"{name}.subject", number=number) for language in languages]
        message["Subject"] = " / ".join(subjects)
        message["Date"] = format_datetime(datetime.now(UTC))
        message["Message-ID"] = make_msgid(domain=domain)
        message["Auto-Submitted"] = "auto-generated"
        bodies = [texts()(each, f"{name}.text", number=number, link=link) for each in languages]
        message.set_content("\n\n".join(bodies))
        return message


def _languages(known: Collection[Language | None]) -> list[Language]:
    (only,) = known if len(known) == 1 else (None,)
    return [only] if only is not None else list(Language)
