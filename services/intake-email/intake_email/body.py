"""The text and the files of a message.

Of alternatives the plain one is taken, and its HTML twin left in the raw message. Other text parts without
a file name are one text, in their order. Every other part is a file, pictures within the text too; a
forwarded message is one file, whole, and an invitation too; what they say is shown below the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from intake_email import calendar, html, marks, rtf, tnef
from intake_email.charsets import decode, tidy
from intake_email.encoded_words import decode_words
from intake_email.filenames import file_name, marks_of_name
from intake_email.flowed import unflow
from intake_email.headers import first
from intake_email.mail import File
from intake_email.mime import KIND, Part, part_at
from intake_email.quotes import set_apart

TEXT_BYTES = 5_000_000
"""Of the text, as UTF-8."""

FILES = 100
"""Taken; further ones remain in the raw message."""

PARTS = 1000
"""Looked at."""

SHOWN = 20
"""Forwarded messages and invitations."""

HEAD = 500
"""Characters of each field of a forwarded message."""

_TNEF = ("application/ms-tnef", "application/vnd.ms-tnef")
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
    marks: set[str] = field(default_factory=set)


class Read(NamedTuple):
    """What a message says, and its files."""

    text: str
    quoted: str
    files: tuple[File, ...]
    marks: tuple[str, ...]


def read_body(message: Part, *, subject: str = "", is_reply: bool = False) -> Read:
    """Text, files and marks of a whole message."""
    budget = iter(range(PARTS))
    body = _read(message, budget)
    files = [_file(part, number) for number, part in enumerate(body.files[:FILES], 1)]
    found = body.marks.union(
        *(marks.of_part(p.kind, p.parameter("smime-type")) for p in body.files)
    )
    extra = [_unpacked(part) for part in body.files if part.kind in _TNEF]
    for packed in filter(None, extra):
        for one in packed.files[: max(0, FILES - len(files))]:
            kind = one.kind if KIND.fullmatch(one.kind) else "application/octet-stream"
            name = file_name(one.name, kind, len(files) + 1)
            files.append(File(name, kind, one.content, marks_of_name(one.name)))
    texts = [_text(part) for part in _texts(body)]
    if not any(texts):
        texts = [_tnef_text(packed) for packed in extra if packed]
    apart = [set_apart(text, subject=subject, is_reply=is_reply) for text in texts if text]
    found = found.union(*(marks.of_text(text) for text in texts))
    shown = [] if message.kind == "multipart/report" else _shown(body.files, files, budget)
    text = _with_places("\n\n".join([*(new for new, _ in apart if new), *shown]), body.files, files)
    quoted = "\n\n".join(rest for _, rest in apart if rest)
    return Read(_cut(text), _cut(quoted), tuple(files), tuple(sorted(found)))


def _texts(body: Body) -> list[Part]:
    return body.texts or [part for part in body.files if _may_be_text(part)][:1]


def _file(part: Part, number: int) -> File:
    name = part.filename
    return File(
        file_name(name, part.kind, number), _kind(part), part.content(), marks_of_name(name)
    )


def _unpacked(part: Part) -> tnef.Tnef | None:
    return tnef.unpack(part.content())


def _tnef_text(packed: tnef.Tnef) -> str:
    if packed.text.strip():
        return tidy(packed.text).strip()
    if packed.html:
        return tidy(html.text_of(tidy(decode(packed.html[:TEXT_BYTES]))))
    words = rtf.words_of(rtf.expand(packed.rtf))
    text = tidy(words.text)
    return tidy(html.text_of(text)) if words.is_html else text.strip()


def _shown(parts: list[Part], files: list[File], budget: Iterator[int]) -> list[str]:
    """What is said in forwarded messages and invitations, each under its file's name."""
    shown: list[str] = []
    for part, file in zip(parts, files, strict=False):
        if len(shown) == SHOWN:
            break
        words = ""
        if part.kind in ("message/rfc822", "message/global"):
            words = _forwarded(file.content, budget)
        elif part.kind == "text/calendar":
            said = decode(file.content[:TEXT_BYTES], part.parameter("charset"))
            words = calendar.summary_of(said)
        if words:
            shown.append(f"=== {file.name} ===\n{words}")
    return shown


def _forwarded(raw: bytes, budget: Iterator[int]) -> str:
    """A forwarded message's own words; those that it carries in turn are in its file."""
    message = part_at(raw, 0, len(raw), depth=1)
    head = [
        f"{name.capitalize()}: {value}"
        for name in ("from", "date", "to", "subject")
        if (value := decode_words(first(message.fields, name))[:HEAD])
    ]
    texts = [_text(part) for part in _texts(_read(message, budget))]
    return "\n\n".join(filter(None, ["\n".join(head), *texts]))


_PLACE = re.compile(r"\[cid:([^\]\s]{1,250})\]")


def _with_places(text: str, parts: list[Part], files: list[File]) -> str:
    """With the names of pictures where they stand in the text."""
    if "[cid:" not in text:
        return text
    names = {
        first(part.fields, "content-id").strip("<> "): file.name
        for part, file in zip(parts, files, strict=False)
    }
    return _PLACE.sub(lambda place: f"[{names.get(place[1], 'cid:' + place[1])}]", text)


def _read(part: Part, budget: Iterator[int]) -> Body:
    if not part.is_multipart:
        return Body(texts=[part]) if _is_text(part) else Body(files=[part])
    children = [_read(child, budget) for child, _ in zip(part.parts(), budget, strict=False)]
    if not children:
        # No boundary in sight: what there is, is read as text.
        return Body(texts=[part])
    joined = _joined(children, alternative=part.kind == "multipart/alternative")
    joined.marks = marks.of_part(part.kind, "").union(*(child.marks for child in children))
    return joined


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
