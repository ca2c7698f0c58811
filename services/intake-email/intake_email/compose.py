"""Writing the mails that go out: neutral subject, no word of the content, threaded where it belongs."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from uuid import UUID

from intake_email.addresses import Addresses
from intake_email.autoreply import LOOP
from intake_email.filenames import file_name
from intake_email.headers import message_ids
from intake_email.mail import File
from intake_email.markup import Section, plain, simple_html
from intake_email.written import AS_WRITTEN
from speakup.events import Language, Purpose
from speakup.i18n import Texts
from speakup.submission import Contact, Reply

UNWRITABLE = (ValueError, IndexError, MessageError)
"""What a reporter's address that can't be written to shows itself by."""

ADDRESS_LENGTH = 254
"""Characters (RFC 5321, 4.5.3.1.3)."""

_REFERENCES = 20
_KIND = re.compile(r"[a-z0-9][a-z0-9.+-]{0,60}/[a-z0-9][a-z0-9.+-]{0,100}", re.IGNORECASE)
_WHOLE = ("message", "multipart")
"""Types whose content may not be encoded (RFC 2045, 6.4): such a file goes as bytes."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What an acknowledgement tells of one case."""

    case_number: str
    pin: str


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
    files: Sequence[File] = (),
    neutral: bool = False,
) -> EmailMessage:
    """A mail about one case. Raises what is in UNWRITABLE where the reporter can't be written to."""
    languages = _known([language])
    kind = "mail.neutral" if neutral else "mail"
    automatic = purpose is Purpose.acknowledgement
    name = f"{kind}.reply" if neutral and not automatic else f"{kind}.{purpose}"
    addresses = addresses.neutral if neutral else addresses
    message = _addressed(texts, addresses, reply_id, contact, languages, neutral=neutral)
    message["Reply-To"] = addresses.for_case(case_number)
    message["Subject"] = _subject(texts, f"{kind}.subject", languages, number=case_number)
    if automatic:
        _mark_automatic(message)
    _fill(
        message,
        [
            Section(
                code,
                texts(code, name, number=case_number, pin=reply.pin or "", text=plain(reply.text)),
            )
            for code in languages
        ],
        files,
    )
    return message


def compose_joined(
    *,
    texts: Texts,
    addresses: Addresses,
    reply_id: UUID,
    receipts: Sequence[Receipt],
    languages: Iterable[Language | None],
    contact: Contact,
    neutral: bool = False,
) -> EmailMessage:
    """One acknowledgement of several cases. Raises as `compose` does."""
    known = _known(languages)
    kind = "mail.neutral" if neutral else "mail"
    addresses = addresses.neutral if neutral else addresses
    message = _addressed(texts, addresses, reply_id, contact, known, neutral=neutral)
    # Not one case's own address: an answer to this mail may be about any of them.
    message["Reply-To"] = addresses.address
    message["Subject"] = _subject(texts, f"{kind}.subject.several", known, count=len(receipts))
    _mark_automatic(message)
    _fill(
        message,
        [
            Section(
                code,
                texts(
                    code,
                    f"{kind}.acknowledgements",
                    count=len(receipts),
                    list="\n".join(
                        texts(code, "mail.receipt", number=receipt.case_number, pin=receipt.pin)
                        for receipt in receipts
                    ),
                ),
            )
            for code in known
        ],
    )
    return message


def deliverable(address: str) -> str:
    """The address in ASCII, as every mail server takes it. Raises ValueError where there is no such form."""
    local, _, domain = address.rstrip(".").rpartition("@")
    if not local or not domain or not local.isascii() or len(address) > ADDRESS_LENGTH:
        raise ValueError("not an address that can be written to")
    return f"{local}@{domain.encode('idna').decode()}"


def _known(languages: Iterable[Language | None]) -> list[Language]:
    """Each once; all where one isn't known (decision 0005)."""
    wanted = list(dict.fromkeys(languages))
    return [code for code in Language if code in wanted or None in wanted]


def _addressed(
    texts: Texts,
    addresses: Addresses,
    reply_id: UUID,
    contact: Contact,
    languages: Sequence[Language],
    *,
    neutral: bool,
) -> EmailMessage:
    message = EmailMessage(policy=AS_WRITTEN)
    name = texts(languages[0], "mail.neutral.sender") if neutral else ""
    message["From"] = Address(_one_line(name), addr_spec=addresses.address)
    message["To"] = Address(addr_spec=deliverable(contact.address))
    message["Date"] = format_datetime(datetime.now(UTC))
    # The same for every attempt, so that a mail sent twice is seen to be one.
    message["Message-ID"] = addresses.message_id(reply_id)
    # What a stranger's mail called itself: read again, so that only ids are echoed.
    answered = _ids(contact.message_id)[:1]
    before = [found for value in contact.references for found in _ids(value)]
    if answered:
        message["In-Reply-To"] = answered[0]
        message["References"] = " ".join(dict.fromkeys((*before[-_REFERENCES:], *answered)))
    if not neutral:
        # RFC 3834, 5: so that no robot answers ours. It names us; a neutral mail is known by its ids alone.
        message["X-Loop"] = LOOP
    return message


def _mark_automatic(message: EmailMessage) -> None:
    message["Auto-Submitted"] = "auto-replied"
    message["X-Auto-Response-Suppress"] = "All"


def _subject(texts: Texts, name: str, languages: Iterable[Language], **values: object) -> str:
    return _one_line(" / ".join(dict.fromkeys(texts(code, name, **values) for code in languages)))


def _one_line(text: str) -> str:
    """A company's own text may have line ends, which no header may."""
    return " ".join(text.split())


def _ids(value: str) -> list[str]:
    # Python would read an encoded word in them, and write out what it says instead of the id.
    found = message_ids(value.encode("ascii", "ignore"))
    return [one for one in found if "=?" not in one]


def _fill(message: EmailMessage, sections: Sequence[Section], files: Sequence[File] = ()) -> None:
    text = "\n\n----------------------------------------\n\n".join(
        section.text.strip() for section in sections
    )
    message.set_content(text + "\n", cte="quoted-printable")
    # Python's own boundary is a number under a known mask; ours tells nothing at all.
    message.make_alternative(boundary=secrets.token_hex(16))
    message.add_alternative(simple_html(sections), subtype="html", cte="quoted-printable")
    if files:
        message.make_mixed(boundary=secrets.token_hex(16))
    for place, file in enumerate(files, 1):
        kind = file.content_type if _KIND.fullmatch(file.content_type) else ""
        main, _, sub = kind.lower().partition("/")
        if not sub or main in _WHOLE:
            main, sub = "application", "octet-stream"
        # Python reads an encoded word in a parameter and writes its line ends out, headers and all.
        name = file_name(file.name, f"{main}/{sub}", place).replace("=?", "=_?")
        message.add_attachment(file.content, main, sub, filename=name)
