"""What tells a mail's place: read in the child, compared by keyed HMAC in the parent, stored nowhere."""

from __future__ import annotations

import re

from pydantic import Field

from intake_email.addresses import OWN_ID
from intake_email.autoreply import is_nobodys
from intake_email.headers import Fields
from intake_email.mime import Part
from intake_email.nature import nature_of
from intake_email.sender import mailboxes
from speakup.case_number import is_valid
from speakup.events import Automatic, Frozen

NUMBERS = 5
"""Case numbers taken from a subject."""

MENTIONS = 20
"""Message-IDs taken from what a bounce returns."""

LOOKED_AT = 2_000_000
"""Bytes of a bounce's body."""

_NUMBER = re.compile(r"(?<![0-9])[1-4][0-9]{9}(?![0-9])")
_SOFT_BREAK = re.compile(rb"=[ \t]*\r?\n")
_BOUNCES = (Automatic.bounce, Automatic.delay)


class Traits(Frozen):
    """Of one mail. All but `automatic` and `status` are the sender's words."""

    automatic: Automatic | None = None
    status: str = ""
    """Of a bounce: its code by RFC 3463, or ""."""
    author: str = Field(default="", repr=False)
    """The only address in From, else ""; also "" where many send under it (noreply@)."""
    answer_to: str = Field(default="", repr=False)
    """Where an answer would go."""
    references: tuple[str, ...] = Field(default=(), repr=False)
    numbers: tuple[str, ...] = Field(default=(), repr=False)
    """Case numbers in the subject, right by their check digit; not yet known to exist."""
    mentions: tuple[str, ...] = Field(default=(), repr=False)
    """Of a bounce: Message-IDs in it that look like ours."""


def traits_of(
    message: Part,
    *,
    subject: str,
    text: str,
    address: str,
    references: tuple[str, ...],
    envelope_from: str,
) -> Traits:
    """The traits of a message of which the rest is read."""
    nature = nature_of(message, subject=subject, text=text, envelope_from=envelope_from)
    author = _author(message.fields)
    return Traits(
        automatic=nature.automatic,
        status=nature.status,
        author=author,
        answer_to=address,
        references=references,
        numbers=tuple(
            dict.fromkeys(number for number in _NUMBER.findall(subject) if is_valid(number))
        )[:NUMBERS],
        mentions=_mentions(message, text) if nature.automatic in _BOUNCES else (),
    )


def _author(fields: Fields) -> str:
    authors = {author for author, _ in mailboxes(fields, "from")}
    author = authors.pop() if len(authors) == 1 else ""
    return "" if is_nobodys(author) else author


def _mentions(message: Part, text: str) -> tuple[str, ...]:
    body = message.raw[message.start : min(message.end, message.start + LOOKED_AT)]
    # Some put the returned headers into a part that is encoded.
    looked_at = _SOFT_BREAK.sub(b"", body).decode("latin-1") + text
    return tuple(dict.fromkeys(OWN_ID.findall(looked_at)))[:MENTIONS]
