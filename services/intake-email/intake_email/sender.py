"""Who a mail is from and where an answer goes: names and addresses out of header fields."""

from __future__ import annotations

import re
from collections.abc import Iterator

from intake_email.encoded_words import decode_words
from intake_email.headers import Fields

_LOOKED_AT = 4000
_VALUES = 5
_ADDRESS_LENGTH = 254
_NAME_LENGTH = 200

_TOKEN = re.compile(
    r'"(?P<quoted>(?:[^"\\]|\\.)*)"|\((?P<comment>[^()]*)\)|<(?P<angle>[^<>]*)>|(?P<end>[,;])'
    r'|(?P<word>[^"(<,;:]+|.)',
    re.DOTALL,
)
_USABLE = re.compile(
    r"[^\s@<>()\[\],;:\"\\\x00-\x1f\x7f-\x9f]{1,64}@"
    r"[^\W_]([\w-]*[^\W_])?(\.[^\W_]([\w-]*[^\W_])?)*\.?"
)
_ESCAPED = re.compile(r"\\(.)")


def sender_of(fields: Fields) -> tuple[str, str]:
    """Address and name to answer: the first usable one of Reply-To, else of From; or "" and ""."""
    authors = list(mailboxes(fields, "from"))
    for address, name in (*mailboxes(fields, "reply-to"), *authors):
        if address:
            return address, name or (authors[0][1] if authors else "")
    return "", ""


def mailboxes(fields: Fields, field: str) -> Iterator[tuple[str, str]]:
    """Address ("" where it can't be used) and name of each mailbox in a field's values."""
    for value in fields.get(field, [])[:_VALUES]:
        yield from _mailboxes(value[:_LOOKED_AT])


def _mailboxes(value: str) -> Iterator[tuple[str, str]]:
    words, angle, comment = "", "", ""
    for token in _TOKEN.finditer(value + ","):
        if token["end"]:
            if words.strip() or angle:
                yield _mailbox(words, angle, comment)
            words, angle, comment = "", "", ""
        elif token["angle"] is not None:
            angle = angle or token["angle"]
        elif token["quoted"] is not None:
            words += _ESCAPED.sub(r"\1", token["quoted"])
        elif token["comment"] is not None:
            comment = token["comment"]
        else:
            # What stands before a group's colon is the group's name.
            words = "" if token["word"] == ":" else words + token["word"]


def _mailbox(words: str, angle: str, comment: str) -> tuple[str, str]:
    address, name = (angle, words) if angle else (words, comment)
    name = decode_words(name)[:_NAME_LENGTH]
    address = usable(address)
    return address, "" if name.strip("'") == address else name.strip("'")


def usable(address: str) -> str:
    """The address if a mail can be sent there, else ""."""
    address = address.strip().removeprefix("mailto:")
    if len(address) > _ADDRESS_LENGTH or not _USABLE.fullmatch(address):
        return ""
    return address.removesuffix(".")
