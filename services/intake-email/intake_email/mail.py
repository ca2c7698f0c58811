"""What is read from a mail."""

from __future__ import annotations

from dataclasses import dataclass

from intake_email.traits import Traits
from speakup.events import Language


@dataclass(frozen=True, slots=True)
class File:
    """An attachment."""

    name: str
    """The sender's word without path and control characters; 1 to 255 characters."""
    content_type: str
    content: bytes
    marks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail as its reader would see it. No string holds control characters, but `text` \\n and \\t."""

    subject: str
    text: str
    """The new words: of the plain text, or else of the HTML made text; at most 5 MB."""
    quoted: str
    """What `text` was set apart from: the quoted thread and the signature."""
    marks: tuple[str, ...]
    files: tuple[File, ...]
    """At most 100."""
    address: str
    """Where to answer: Reply-To, else From; "" where neither is usable."""
    name: str
    message_id: str
    """With its brackets, as `references` are."""
    references: tuple[str, ...]
    """Oldest first, In-Reply-To among them; at most 50."""
    language: Language | None
    """Of the new words, else of the subject; None: no letters, or another language than ours."""
    answerable: bool
    """Whether an automatic mail may be sent to `address`."""
    traits: Traits
    """By which its place is found."""
