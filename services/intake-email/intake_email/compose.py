"""Writing the mails that go out: neutral subject, no word of the content, threaded where it belongs."""

from __future__ import annotations

from datetime import UTC, datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.utils import format_datetime
from uuid import UUID

from intake_email.addresses import Addresses
from intake_email.autoreply import LOOP
from speakup.events import Language, Purpose
from speakup.i18n import Texts
from speakup.submission import Contact, Reply

UNWRITABLE = (ValueError, IndexError, MessageError)
"""What a reporter's address that can't be written to shows itself by."""

LINE = "\n\n----------------------------------------\n\n"


def compose(
    *,
    texts: Texts,
    addresses: Addresses,
    reply_id: UUID,
    case_number: str,
    purpose: Purpose,
    language: Language | None,
    contact: Contact,
    reply: Reply,
) -> EmailMessage:
    """The mail. Raises what is in UNWRITABLE where the reporter's address can't be written to."""
    languages = [language] if language else list(Language)
    message = EmailMessage(policy=SMTP_POLICY)
    message["From"] = addresses.address
    message["To"] = Address(addr_spec=deliverable(contact.address))
    message["Reply-To"] = addresses.for_case(case_number)
    message["Subject"] = " / ".join(
        dict.fromkeys(texts(code, "mail.subject", number=case_number) for code in languages)
    )
    message["Date"] = format_datetime(datetime.now(UTC))
    # The same for every attempt, so that a mail sent twice is seen to be one.
    message["Message-ID"] = addresses.message_id(reply_id)
    if contact.message_id:
        message["In-Reply-To"] = contact.message_id
        message["References"] = " ".join((*contact.references[-20:], contact.message_id))
    # RFC 3834, 5: so that no robot answers ours.
    message["X-Loop"] = LOOP
    if purpose is Purpose.acknowledgement:
        message["Auto-Submitted"] = "auto-replied"
        message["X-Auto-Response-Suppress"] = "All"
    message.set_content(
        LINE.join(_body(texts, code, case_number, purpose, reply) for code in languages),
        cte="quoted-printable",
    )
    return message


def deliverable(address: str) -> str:
    """The address in ASCII, as every mail server takes it. Raises ValueError where there is no such form."""
    local, _, domain = address.rstrip(".").rpartition("@")
    if not local or not domain or not local.isascii():
        raise ValueError("not an address that can be written to")
    return f"{local}@{domain.encode('idna').decode()}"


def _body(texts: Texts, language: Language, number: str, purpose: Purpose, reply: Reply) -> str:
    return texts(
        language, f"mail.{purpose}", number=number, pin=reply.pin or "", text=reply.text
    ).strip()
