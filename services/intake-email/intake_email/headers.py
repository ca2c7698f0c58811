"""A message's header block: where it ends, its fields, its Message-ID.

Byte-level and bounded, so that the trusted process can use it on what a stranger sent.
"""

from __future__ import annotations

import re

from intake_email.charsets import decode

Fields = dict[str, list[str]]
"""Values by lower-case name, in the order in which they came; unfolded, with encoded words as they are."""

FIELDS = 10_000
"""Header fields looked at; what follows them counts as body."""

HEADER_BYTES = 1_000_000
"""Of the whole block; what follows them counts as body."""

VALUE_BYTES = 16_000
"""Of each field's value."""

_END = rb"(?:\r\n|\r|\n|\Z)"
_NAME = rb"[!-9;-~]++[ \t]*+:"
_VALUE = rb"[^\r\n]*+(?:(?:\r\n|\r|\n)[ \t][^\r\n]*+)*+"
_FIELD = re.compile(rb"([!-9;-~]++)[ \t]*+:(" + _VALUE + rb")" + _END)
# A mailbox file's first line is no field: `From sender date`.
_BLOCK = re.compile(
    rb"(?:>?From [^\r\n]*+" + _END + rb")?+"
    rb"(?:" + _NAME + _VALUE + _END + rb"){0,%d}+" % FIELDS + rb"(?:\r\n|\r|\n)?+"
)
_FOLD = re.compile(r"(?:\r\n|\r|\n)[ \t]")
_BRACKETED = re.compile(rb"<([^<>]{1,2000})>")
_NOT_IN_ID = re.compile(rb"[^!-;=?-~]")

ID_BYTES = 500
"""Of a Message-ID."""


def body_offset(raw: bytes, start: int, end: int) -> int:
    """Where the body of the message (or part) in `raw[start:end]` begins."""
    block = _BLOCK.match(raw, start, min(end, start + HEADER_BYTES))
    return block.end() if block else start


def split(raw: bytes) -> tuple[bytes, bytes]:
    """Header block (with the blank line that ends it) and body; together they are `raw`. Never fails.

    The header ends at the first blank line or before the first line that can't be a header's, so a text
    without headers counts as body. Lines end with CRLF, LF or CR.
    """
    offset = body_offset(raw, 0, len(raw))
    return raw[:offset], raw[offset:]


def fields_of(headers: bytes) -> Fields:
    """The fields of a header block."""
    fields: Fields = {}
    for field in _FIELD.finditer(headers):
        value = decode(field[2][:VALUE_BYTES])
        fields.setdefault(field[1].decode("ascii").lower(), []).append(
            _FOLD.sub(" ", value).strip()
        )
    return fields


def first(fields: Fields, name: str) -> str:
    """The first value of that (lower-case) name, or ""."""
    return fields.get(name, [""])[0]


def message_id_of(headers: bytes) -> str:
    """The Message-ID as `<...>`, printable ASCII; "" where there is none. Never fails."""
    for field in _FIELD.finditer(headers):
        if field[1].lower() == b"message-id":
            value = field[2][:VALUE_BYTES]
            return (message_ids(value) or [_bracket(value)])[0]
    return ""


def message_ids(value: bytes) -> list[str]:
    """All `<...>` of a References, In-Reply-To or Message-ID value."""
    return [found for inner in _BRACKETED.findall(value) if (found := _bracket(inner))]


def _bracket(inner: bytes) -> str:
    # Long ids are folded in the middle by some programs: white space goes, too.
    kept = _NOT_IN_ID.sub(b"", inner)
    return f"<{kept.decode('ascii')}>" if 0 < len(kept) <= ID_BYTES else ""
