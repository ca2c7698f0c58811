"""Builds sealed submissions as an adapter does."""

from __future__ import annotations

import functools
from datetime import UTC, datetime
from uuid import UUID, uuid4

from embedded.first_start import SIGNING
from speakup import case_number, seal, signing
from speakup.events import (
    Anonymity,
    Channel,
    Event,
    Language,
    SealedContact,
    SubmissionFollowUp,
    SubmissionReceived,
)
from speakup.keys import INTAKE, TRANSCRIBER, UNSEALING, KeyFolder, contact_purpose
from speakup.submission import Contact, Content


def make_keys(folder: KeyFolder) -> KeyFolder:
    """All keys that the services need."""
    contacts = (contact_purpose(Channel.email), contact_purpose(Channel.mail))
    for purpose in (INTAKE, UNSEALING, TRANSCRIBER, *contacts):
        folder.ensure_pair(purpose)
    for name in ("case-kek", "pin-hmac", "email-hmac", "accounts", "phone-calls", "mail-drafts"):
        folder.ensure_secret(name)
    for name, public_file in SIGNING.items():
        signing.ensure(folder, name, public_file)
    return folder


class Adapter:
    """Keeps the public keys, as a running adapter does: its seals share sessions."""

    def __init__(self, keys: KeyFolder) -> None:
        self.public = functools.cache(keys.public)


def submission_event(
    keys: KeyFolder | Adapter,
    *,
    text: str = "The foreman sells our diesel.",
    number: str | None = None,
    follow_up: bool = False,
    address: str | None = "reporter@example.kz",
    answerable: bool = True,
    submission_id: UUID | None = None,
    content: Content | None = None,
    channel: Channel = Channel.email,
) -> Event:
    """A mail as intake-email publishes it, or a letter as intake-mail does."""
    submission_id = submission_id or uuid4()
    content = content or Content(subject="Fuel", text=text, pin=None if follow_up else "042917")
    contact = Contact(address=address or "").model_dump_json().encode()
    info = seal.contact_info(submission_id)
    now = datetime.now(UTC)
    kind = SubmissionFollowUp if follow_up else SubmissionReceived
    payload = kind(
        submission_id=submission_id,
        case_number=number or case_number.mint(channel),
        channel=channel,
        received_at=now,
        language=Language.en,
        anonymity=Anonymity.confidential,
        content=keys.public(INTAKE).seal(
            content.model_dump_json().encode(), seal.content_info(submission_id)
        ),
        contact=SealedContact(
            reply=keys.public(contact_purpose(channel)).seal(contact, info) if address else None,
            unsealing=keys.public(UNSEALING).seal(contact, info),
        ),
        answerable=answerable and address is not None,
    )
    return Event(submission_id, "/intake-email", now, payload.case_number, payload)
