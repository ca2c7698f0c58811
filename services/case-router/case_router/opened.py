"""From a sealed submission to what is stored of it: pure but for the keys, so it runs in a thread."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, Protocol
from uuid import UUID, uuid5

from case_router.carried import carried
from case_router.store.vault import contact_context, content_context, pin_context, reply_context
from speakup import seal
from speakup.events import (
    Channel,
    Event,
    Purpose,
    ReplyRequested,
    Sealed,
    SubmissionFollowUp,
    SubmissionReceived,
)
from speakup.submission import Content, Reply

Submission = SubmissionReceived | SubmissionFollowUp


_WORDLESS = (Channel.phone, Channel.mail)


class Keys(Protocol):
    """Private keys by id. Raises UnknownKeyError."""

    def __getitem__(self, key_id: str) -> seal.PrivateKey: ...


class Opened(NamedTuple):
    """A submission that the router could open."""

    event: Event
    submission: Submission
    content: Content

    @property
    def is_wordless(self) -> bool:
        """A call's message or a letter's pictures: a person hears or reads it, if it never becomes text."""
        by_person = self.submission.channel in _WORDLESS and self.submission.automatic is None
        return by_person and not (self.content.subject or self.content.text)


class Stored(NamedTuple):
    """The same under the case's key."""

    content_locked: bytes
    pin_locked: bytes | None
    contact_reply: bytes | None
    contact_unsealing: bytes | None


class Acknowledgement(NamedTuple):
    """The first word to the reporter, as event and as stored."""

    request: ReplyRequested
    content_locked: bytes


_NO_WORDS = Reply().model_dump_json().encode()
"""The channel writes the text of an acknowledgement; `api/letter_pdf.py` that of a letter."""


def open_submission(event: Event, keys: Keys) -> Opened:
    """Raises CannotOpenError, or ValidationError where it isn't what it should be."""
    submission = event.payload
    if not isinstance(submission, SubmissionReceived | SubmissionFollowUp):
        raise TypeError("not a submission")
    plain = keys[submission.content.key_id].open(
        submission.content, seal.content_info(submission.submission_id)
    )
    return Opened(event, submission, Content.model_validate_json(plain))


def under_case_key(opened: Opened, lock: seal.Lock) -> Stored:
    """What goes into the tables; `lock` is of the case's key."""
    submission, content = opened.submission, opened.content
    number, contact = submission.case_number, submission.contact

    def locked(sealed: Sealed, purpose: str) -> bytes:
        # The seal's own key outlives the case; its erasure closes this, in backups, too.
        context = contact_context(number, submission.submission_id, purpose)
        return lock(seal.pack(sealed), context)

    kept = content.model_dump_json(exclude={"pin"}).encode()
    return Stored(
        lock(kept, content_context(number, submission.submission_id)),
        lock(content.pin.encode(), pin_context(number)) if content.pin else None,
        locked(contact.reply, "reply") if contact and contact.reply else None,
        locked(contact.unsealing, "unsealing") if contact else None,
    )


def acknowledge(
    opened: Opened, lock: seal.Lock, contact_keys: Mapping[Channel, seal.PublicKey]
) -> Acknowledgement | None:
    """None where nothing automatic may be sent, or nobody can be reached."""
    submission = opened.submission
    contact, public = submission.contact, contact_keys.get(submission.channel)
    automatic = submission.automatic is not None
    if (
        automatic
        or not submission.answerable
        or contact is None
        or contact.reply is None
        or public is None
    ):
        return None
    number, reply_id = submission.case_number, acknowledgement_id(submission.submission_id)
    reply = carried(submission.channel, Reply(pin=opened.content.pin))
    request = ReplyRequested(
        reply_id=reply_id,
        case_number=number,
        channel=submission.channel,
        purpose=Purpose.acknowledgement,
        requested_at=opened.event.time,
        language=submission.language,
        contact=contact.reply,
        submission_id=submission.submission_id,
        content=public.seal(reply.model_dump_json().encode(), seal.reply_info(reply_id)),
    )
    locked = lock(_NO_WORDS, reply_context(number, reply_id))
    return Acknowledgement(request, locked)


# Ids follow from the submission's, so that a repetition makes the same event again.


def acknowledgement_id(submission_id: UUID) -> UUID:
    """Of the reply that acknowledges a submission."""
    return uuid5(submission_id, "acknowledgement")


def opened_id(submission_id: UUID) -> UUID:
    """Of the `case.opened` event."""
    return uuid5(submission_id, "opened")


def followed_up_id(submission_id: UUID) -> UUID:
    """Of the `case.followed_up` event."""
    return uuid5(submission_id, "followed-up")


def amended_id(event_id: UUID) -> UUID:
    """Of the `case.amended` event."""
    return uuid5(event_id, "amended")


def recorded_id(event_id: UUID) -> UUID:
    """Of the `call.recorded` event."""
    return uuid5(event_id, "recorded")
