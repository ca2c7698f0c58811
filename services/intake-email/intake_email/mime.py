"""The parts of a message: what each says of itself, where it lies in the raw bytes (RFC 2045, 2046).

Parts are cut out by position, and how many and how deep is bounded: the standard library's parser fails at
1,000 nested parts and takes 10 s for 100,000.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from email.message import Message
from email.utils import collapse_rfc2231_value
from itertools import islice

from intake_email.encoded_words import decode_words
from intake_email.headers import Fields, body_offset, fields_of, first
from intake_email.transfer import undo

DEPTH = 20
"""Of parts within parts; what lies deeper stays one part."""

PARTS = 1000
"""Of one multipart."""

Parameters = dict[str, str]

LOOKED_AT = 100_000
"""Places that might be a boundary's line."""

PARAMETERS = 100
PARAMETERS_LENGTH = 4000
"""Characters of a field looked at for its parameters: what reads them takes time by the square."""

KIND = re.compile(r"[a-z0-9!#$&^_.+-]{1,80}/[a-z0-9!#$&^_.+-]{1,80}")
"""Lower-case `type/subtype`."""
_SEEN_BOUNDARY = re.compile(
    rb"(?<![^\r\n])--(\S{1,100})[ \t]*(?:\r\n|\r|\n)content-", re.IGNORECASE
)
_PARAMETER = re.compile(r"""\s*;\s*([\w-]+)=(?:"([^"\\]*)"|([^\s";*'()<>@,\\]+))""")
_USUAL = re.compile(rf"[^;]*(?:{_PARAMETER.pattern})+")
_UNREADABLE = (ValueError, LookupError, TypeError)
"""What the standard library raises for parameters; TypeError where pieces with and without a number are mixed."""
_AFTER_BOUNDARY = re.compile(rb"(--)?[ \t]*(?:\r\n|\r|\n|\Z)")


@dataclass(frozen=True, slots=True)
class Part:
    """A message or a part of one; its body is `raw[start:end]`."""

    raw: bytes
    start: int
    end: int
    depth: int
    fields: Fields
    kind: str
    """Lower-case `type/subtype`; text/plain where none or nonsense is said."""
    of_type: Parameters
    """Of Content-Type."""
    of_disposition: Parameters

    @property
    def is_multipart(self) -> bool:
        """Whether `parts` are to be read instead of the content."""
        return self.kind.startswith("multipart/") and self.depth < DEPTH

    @property
    def disposition(self) -> str:
        """`inline`, `attachment` or whatever is said, lower-case; or ""."""
        return first(self.fields, "content-disposition").partition(";")[0].strip().lower()

    @property
    def filename(self) -> str:
        """The sender's name for it, as a clean line; or ""."""
        name = self.of_disposition.get("filename") or self.of_type.get("name")
        return decode_words(name) if name else ""

    def parameter(self, name: str) -> str:
        """A parameter of Content-Type, or ""."""
        return self.of_type.get(name, "")

    def content(self) -> bytes:
        """The body without its transfer encoding."""
        encoding = first(self.fields, "content-transfer-encoding")
        return undo(self.raw[self.start : self.end], encoding)

    def parts(self) -> Iterator[Part]:
        """The parts of a multipart."""
        kind = "message/rfc822" if self.kind == "multipart/digest" else "text/plain"
        spans = list(islice(_cut(self, self.parameter("boundary")), PARTS))
        if not spans and (seen := _SEEN_BOUNDARY.search(self.raw, self.start, self.end)):
            # A boundary was said wrongly, or not at all.
            spans = list(islice(_cut(self, seen[1].decode("utf-8", "replace")), PARTS))
        for start, end in spans:
            yield part_at(self.raw, start, end, depth=self.depth + 1, kind=kind)


def part_at(raw: bytes, start: int, end: int, *, depth: int = 0, kind: str = "text/plain") -> Part:
    """The part in `raw[start:end]`; `kind` is what it is where it doesn't say."""
    body = body_offset(raw, start, end)
    fields = fields_of(raw[start:body])
    content_type = first(fields, "content-type")
    said = content_type.partition(";")[0].strip().lower()
    if said:
        kind = said if KIND.fullmatch(said) else "text/plain"
    of_disposition = _parameters(first(fields, "content-disposition"))
    return Part(raw, body, end, depth, fields, kind, _parameters(content_type), of_disposition)


def _parameters(value: str) -> Parameters:
    """By lower-case name; of two of one name the first counts."""
    if ";" not in value:
        return {}
    value = value[:PARAMETERS_LENGTH]
    found: Iterable[tuple[str, str]]
    if _USUAL.fullmatch(value):
        found = ((name, quoted or word) for name, quoted, word in _PARAMETER.findall(value))
    else:
        found = _odd_parameters(value)
    parameters: Parameters = {}
    for name, said in found:
        parameters.setdefault(name.lower(), said.strip())
    return parameters


def _odd_parameters(value: str) -> Iterator[tuple[str, str]]:
    """In several pieces, with charsets (RFC 2231), comments, or written wrongly."""
    message = Message()
    message["content-type"] = ";".join(value.split(";", PARAMETERS)[:PARAMETERS])
    try:
        params = message.get_params([])
    except _UNREADABLE:
        return
    for name, said in params[1:]:
        with suppress(*_UNREADABLE):
            yield name, collapse_rfc2231_value(said)


def _cut(part: Part, boundary: str) -> Iterator[tuple[int, int]]:
    """Start and end of each part: between the boundary's lines, without the break before them."""
    if not boundary:
        return
    raw, position = part.raw, part.start
    line = b"--" + boundary.encode("utf-8", "replace")
    begun: int | None = None
    for _ in range(LOOKED_AT):
        found = raw.find(line, position, part.end)
        if found < 0:
            break
        position = found + len(line)
        after = _AFTER_BOUNDARY.match(raw, position, part.end)
        if after is None or (found > part.start and raw[found - 1] not in b"\r\n"):
            continue
        if begun is not None:
            yield begun, max(begun, _before_break(raw, found))
        if after[1]:
            return
        begun = position = after.end()
    if begun is not None:
        yield begun, part.end


def _before_break(raw: bytes, position: int) -> int:
    if raw[position - 2 : position] == b"\r\n":
        return position - 2
    return position - 1
