"""What lies inside the seals: the words of a reporter, how to reach them, and what is said to them."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from pydantic import Field

from speakup.events import Digest, Frozen, Language, Purpose, Status

INLINE_TEXT = 100_000
"""UTF-8 bytes of text that travel in the event; a longer text goes whole into a blob beside it."""

INLINE_RAW = 64 * 1024
"""Bytes of the raw message that travel in the event; a larger one goes into a blob."""


REPLY_FILES = 10
"""Attachments of a reply, at most."""

REPLY_BYTES = 10 * 1024 * 1024
"""Of all attachments of a reply; as a mail they are a third larger, which most mail servers still take."""


class Blob(Frozen):
    """A sealed thing in the object store, with the key that opens it."""

    digest: Digest
    """SHA-256 of the ciphertext, which is its name in the store."""
    key: bytes = Field(min_length=32, max_length=32)
    size: int = Field(ge=0)
    """Bytes of the plain content."""


class Attachment(Frozen):
    """A file that came with a submission or goes with a reply. The name is the sender's word: shown, never used as a path."""

    name: str
    content_type: str
    blob: Blob
    marks: tuple[str, ...] = ()
    """What is odd about the name: `hidden_name`, `path_in_name`, `double_ending`."""


class Verdicts(Frozen):
    """What others say of a mail: noted, never a gate. None: nobody said anything."""

    spf: str | None = None
    dkim: str | None = None
    dmarc: str | None = None
    """Words of RFC 8601 by the company's own mail server: `pass`, `fail`, ..."""
    virus: str | None = None
    """`clean`, `found: <signature>` or `not scanned`."""


class Content(Frozen):
    """The narrative of a submission as its adapter read it."""

    subject: str = ""
    text: str = ""
    """The new words, at most INLINE_TEXT bytes; `full_text` holds text and quoted where that cut either."""
    quoted: str = ""
    """Thread and signature that were set apart from the text, at most INLINE_TEXT bytes."""
    full_text: Blob | None = None
    attachments: tuple[Attachment, ...] = ()
    originals: tuple[Attachment, ...] = ()
    """Files as they came in, where `attachments` are copies of their pixels: kept for a court, shown to nobody."""
    marks: tuple[str, ...] = ()
    """`encrypted`, `signed`."""
    verdicts: Verdicts = Verdicts()
    raw: bytes | None = None
    """The raw message without its routing headers, where it is no larger than INLINE_RAW."""
    raw_blob: Blob | None = None
    pin: str | None = Field(default=None, pattern=r"^\d{6}$")
    """The reporter's PIN, of a submission that opens a case."""


class Recording(Frozen):
    """Audio that a reporter spoke."""

    recording_id: UUID
    content_type: str
    seconds: int = Field(ge=0)
    blob: Blob | None
    """None: it can't be had, or not yet."""
    supersedes: UUID | None = None
    """The recording that the reporter replaced by this one, before sending or to correct it."""


class ToTranscribe(Frozen):
    """A recording for the machine that makes text of it."""

    recording: Recording
    language: Language
    """That the caller pressed."""


class Transcript(Frozen):
    """A recording as text. It never replaces the audio."""

    recording_id: UUID
    text: str
    language: Language
    machine: str = ""
    """Which one made it, with its version; empty: a person."""
    confidence: float | None = Field(default=None, ge=0, le=1)
    """The machine's, as the mean probability of its tokens."""


class Amended(Frozen):
    """What lies in an amendment's seal."""

    recording: Recording | None = None
    transcript: Transcript | None = None
    confirmed: UUID | None = None
    """The recording whose transcript the reporter confirmed."""


class Credentials(Frozen):
    """What a reporter opens their case by."""

    case_number: str
    pin: str


class Said(Frozen):
    """One word in the dialogue, as the reporter may hear or read it."""

    said_id: UUID
    """A reply's id, or of the reporter's own a recording's or else a submission's."""
    by_reporter: bool
    at: datetime
    purpose: Purpose | None = None
    """Of a reply."""
    submission_id: UUID | None = None
    """Of the reporter's own."""
    text: str
    """Empty: a recording without transcript."""
    confirmed: bool = False
    """The reporter has confirmed this transcript."""


class View(Frozen):
    """The reporter's own view of their case: nothing of who works it or what is found out about others."""

    case_number: str
    status: Status
    language: Language | None
    """That the case is worked in, where known."""
    dialogue: tuple[Said, ...]
    """Oldest first."""


class Contact(Frozen):
    """How to reach a reporter and how to thread an answer in their mail program."""

    address: str
    """Empty where there is none."""
    name: str = ""
    message_id: str = ""
    references: tuple[str, ...] = ()
    headers: bytes | None = None
    """The routing headers as they came: kept for a court, never shown."""
    headers_blob: Blob | None = None


class Reply(Frozen):
    """What is said to the reporter."""

    text: str = ""
    pin: str | None = Field(default=None, pattern=r"^\d{6}$")
    """Told once, in the acknowledgement."""
    attachments: tuple[Attachment, ...] = ()
    """The handler's files."""
    explanation: int | None = Field(default=None, ge=1)
    """The text goes out as a PDF, too: the case's explanation of this number, from 1."""
    signatory: str = ""
    provision: str = ""
    """Of an explanation: who signs it, and the provision that it cites. Empty in old ones."""
    dated: date | None = None
    """Of an explanation: where the company is, when it was written."""


def explanation_number(case_number: str, count: int) -> str:
    """What an explanation is quoted by: the case's `count`-th one (from 1), `2941080236-1`."""
    return f"{case_number}-{count}"
