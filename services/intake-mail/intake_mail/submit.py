"""A finished letter as a submission, sealed: the router opens a case, or adds to the one that the letter quotes."""

from __future__ import annotations

from datetime import datetime, time, tzinfo
from uuid import UUID, uuid5

from intake_mail.drafts import Draft
from intake_mail.register import Entry
from speakup import case_number, seal, topics, trace
from speakup.events import (
    Anonymity,
    Channel,
    Event,
    SealedContact,
    SubmissionFollowUp,
    SubmissionReceived,
)
from speakup.seal import PublicKey
from speakup.submission import INLINE_TEXT, Attachment, Blob, Contact, Content

SOURCE = "/intake-mail"


def submission_id(letter_id: UUID) -> UUID:
    """The same however often the letter is sent."""
    return uuid5(letter_id, "submission")


def text_of(draft: Draft) -> str:
    """The pages' words in their order; nothing of what is left to others to read."""
    if draft.unread:
        return ""
    return "\n\n".join(page.text.strip() for page in draft.kept if page.text.strip())


def content_of(
    draft: Draft,
    register_number: str,
    *,
    archive: Blob | None = None,
    full_text: Blob | None = None,
) -> Content:
    """The letter's words, its pages and the files that are its alone, named by the register's number for the paper.

    `full_text` is the blob of a text beyond INLINE_TEXT, which is cut here.
    """
    text = text_of(draft).encode()[:INLINE_TEXT].decode(errors="ignore")
    attachments = [
        Attachment(name=f"{register_number}-page-{n}.png", content_type="image/png", blob=page.blob)
        for n, page in enumerate(draft.kept, 1)
        if page.blob is not None
    ]
    if archive is not None:
        attachments.append(
            Attachment(name=f"{register_number}.pdf", content_type="application/pdf", blob=archive)
        )
    originals = tuple(
        Attachment(name=file.name, content_type=file.content_type, blob=file.blob)
        for file in draft.files
        if file.blob is not None
    )
    return Content(
        text=text,
        full_text=full_text,
        attachments=tuple(attachments),
        originals=originals,
        # Also of a follow-up: should there be no such case, it opens one.
        pin=case_number.mint_pin(),
    )


def digests(content: Content) -> tuple[str, ...]:
    """SHA-256 of the ciphertext of all that it refers to."""
    more = (content.full_text.digest,) if content.full_text else ()
    files = (*content.attachments, *content.originals)
    return (*more, *(one.blob.digest for one in files))


def event(
    letter_id: UUID,
    entry: Entry,
    draft: Draft,
    content: Content,
    number: str,
    *,
    zone: tzinfo,
    intake: PublicKey,
    contact: PublicKey,
    unsealing: PublicKey,
) -> Event:
    """To the router, under `number`: a new one, or that of the case which the letter quotes."""
    this = submission_id(letter_id)
    fields = {
        "submission_id": this,
        "case_number": number,
        "channel": Channel.mail,
        # The clock runs from the day on which the letter came, not from that of its scanning.
        "received_at": datetime.combine(entry.received_on, time(), zone),
        "language": draft.language,
        "relation": draft.relation,
        "person": draft.person,
        "anonymity": Anonymity.confidential if draft.address else Anonymity.anonymous,
        "content": intake.seal(content.model_dump_json().encode(), seal.content_info(this)),
        "contact": _contact(this, draft, contact, unsealing),
        "answerable": bool(draft.address) and not draft.wants_no_answer,
        "blobs": digests(content),
    }
    kind = SubmissionFollowUp if draft.follows_up else SubmissionReceived
    payload = kind.model_validate(fields)
    return Event(this, SOURCE, payload.received_at, number, payload, trace.traceparent())


def record(sent: Event) -> topics.Record:
    """For the outbox."""
    return topics.encode(sent)


def _contact(
    this: UUID, draft: Draft, contact: PublicKey, unsealing: PublicKey
) -> SealedContact | None:
    if not draft.address:
        return None
    plain = Contact(address=draft.address).model_dump_json().encode()
    info = seal.contact_info(this)
    reply = None if draft.wants_no_answer else contact.seal(plain, info)
    return SealedContact(reply=reply, unsealing=unsealing.seal(plain, info))
