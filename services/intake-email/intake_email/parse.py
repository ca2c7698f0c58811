"""Reading a mail: pure, bounded, and made for what strangers send. Runs in the limited child process."""

from __future__ import annotations

from intake_email.autoreply import is_answerable
from intake_email.body import read_body
from intake_email.encoded_words import decode_words
from intake_email.headers import Fields, first, message_id_of, message_ids, split
from intake_email.mail import File, Mail
from intake_email.mime import part_at
from intake_email.sender import sender_of
from intake_email.traits import traits_of
from speakup.language import language_of

__all__ = ["File", "Mail", "message_id_of", "parse", "split"]

SUBJECT = 1000
"""Characters."""

REFERENCES = 50


def parse(raw: bytes, envelope_from: str) -> Mail:
    """The mail. May raise on hostile input (MemoryError, RecursionError)."""
    message = part_at(raw, 0, len(raw))
    fields = message.fields
    subject = decode_words(first(fields, "subject"))[:SUBJECT]
    references = _references(fields)
    body = read_body(message, subject=subject, is_reply=bool(references))
    address, name = sender_of(fields)
    return Mail(
        subject=subject,
        text=body.text,
        quoted=body.quoted,
        files=body.files,
        marks=body.marks,
        address=address,
        name=name,
        message_id=message_id_of(raw[: message.start]),
        references=references,
        language=language_of(_new_words(body.text) or subject),
        answerable=is_answerable(
            fields,
            kinds={message.kind, *(file.content_type for file in body.files)},
            subject=subject,
            address=address,
            envelope_from=envelope_from,
        ),
        traits=traits_of(
            message,
            subject=subject,
            text=f"{body.text}\n{body.quoted}",
            address=address,
            references=references,
            envelope_from=envelope_from,
        ),
    )


def _references(fields: Fields) -> tuple[str, ...]:
    values = fields.get("references", []) + fields.get("in-reply-to", [])
    found = [one for value in values for one in message_ids(decode_words(value).encode())]
    found = list(dict.fromkeys(found))
    if len(found) > REFERENCES:
        # The thread's first one, and the latest.
        found = found[:1] + found[1 - REFERENCES :]
    return tuple(found)


def _new_words(text: str) -> str:
    """The beginning of the text without the lines it quotes; "" where that has no letter."""
    new = "\n".join(line for line in text[:5000].split("\n") if not line.startswith(">"))
    return new if any(map(str.isalpha, new)) else ""
