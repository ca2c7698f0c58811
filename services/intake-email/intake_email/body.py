"""The text and the files of a message.

Of alternatives the plain one is taken, and its HTML twin left in the raw message. Other text parts without
a file name are one text, in their order. Every other part is a file, pictures within the text too, and a
forwarded message is one file, whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from intake_email import html
from intake_email.charsets import decode, tidy
from intake_email.filenames import file_name
from intake_email.flowed import unflow
from intake_email.mail import File
from intake_email.mime import Part

TEXT_BYTES = 5_000_000
"""Of the text, as UTF-8."""

FILES = 100
"""Taken; further ones remain in the raw message."""

PARTS = 1000
"""Looked at."""

_PLAIN = ("text/plain", "text/enriched", "text/richtext", "text/markdown")
_HTML = ("text/html", "text/x-amp-html", "application/xhtml+xml")
_META_CHARSET = re.compile(
    rb"<meta[^>]{1,200}charset\s*=\s*[\"']?\s*([\w.:-]{1,40})", re.IGNORECASE
)


@dataclass(slots=True)
class Body:
    """What a part holds."""

    texts: list[Part] = field(default_factory=list)
    files: list[Part] = field(default_factory=list)


def read_body(message: Part) -> tuple[str, tuple[File, ...]]:
    """Text and files of a whole message."""
    body = _read(message, iter(range(PARTS)))
    texts = body.texts or [part for part in body.files if _may_be_text(part)][:1]
    files = tuple(
        File(file_name(part.filename, part.kind, number), _kind(part), part.content())
        for number, part in enumerate(body.files[:FILES], 1)
    )
    return _cut("\n\n".join(filter(None, map(_text, texts)))), files


def _read(part: Part, budget: Iterator[int]) -> Body:
    if not part.is_multipart:
        return Body(texts=[part]) if _is_text(part) else Body(files=[part])
    children = [_read(child, budget) for child, _ in zip(part.parts(), budget, strict=False)]
    if not children:
        # No boundary in sight: what there is, is read as text.
        return Body(texts=[part])
    return _joined(children, alternative=part.kind == "multipart/alternative")


def _joined(children: list[Body], *, alternative: bool) -> Body:
    files = [part for child in children for part in child.files]
    if alternative:
        return Body(_chosen(children), files)
    return Body([part for child in children for part in child.texts], files)


def _chosen(alternatives: list[Body]) -> list[Part]:
    """The alternative that is plain text, or else any that says something."""
    ranked = sorted(alternatives, key=lambda body: any(part.kind in _HTML for part in body.texts))
    return next((body.texts for body in ranked if any(map(_text, body.texts))), [])


def _may_be_text(part: Part) -> bool:
    """Of a file: whether to read it as the text where there is no other."""
    return part.kind in _PLAIN + _HTML and part.disposition != "attachment"


def _is_text(part: Part) -> bool:
    if part.kind not in _PLAIN + _HTML:
        return False
    if part.depth and part.disposition == "attachment":
        return False
    return not part.filename


def _text(part: Part) -> str:
    content = part.content()[:TEXT_BYTES]
    charset = part.parameter("charset")
    if part.kind in _HTML:
        if not charset and (found := _META_CHARSET.search(content, 0, 4000)):
            charset = found[1].decode("ascii", "replace")
        return tidy(html.text_of(tidy(decode(content, charset))))
    text = tidy(decode(content, charset))
    if part.parameter("format").lower() == "flowed":
        text = unflow(text, delete_space=part.parameter("delsp").lower() == "yes")
    return text.strip()


def _cut(text: str) -> str:
    if len(text) * 4 <= TEXT_BYTES:
        return text
    return text.encode()[:TEXT_BYTES].decode(errors="ignore")


def _kind(part: Part) -> str:
    if not part.is_multipart and part.kind.startswith("multipart/"):
        return "application/octet-stream"
    return part.kind
