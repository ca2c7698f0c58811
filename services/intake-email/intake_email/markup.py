"""A mail's text as plain text and as HTML that says the same: escaped, without anything from elsewhere."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from html import escape

from speakup.events import Language

_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_PARAGRAPHS = re.compile(r"\n{2,}")


@dataclass(frozen=True, slots=True)
class Section:
    """The text in one language."""

    language: Language
    text: str


def plain(text: str) -> str:
    """What a person typed, with \\n for line ends and without control characters."""
    return _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def simple_html(sections: Iterable[Section]) -> str:
    """A whole page: paragraphs and line breaks alone, its sections parted by rules."""
    body = "\n<hr>\n".join(
        f'<div lang="{section.language}">\n{_paragraphs(section.text)}\n</div>'
        for section in sections
    )
    return (
        '<!DOCTYPE html>\n<html><head><meta charset="utf-8"></head>\n<body>\n'
        f"{body}\n</body></html>\n"
    )


def _paragraphs(text: str) -> str:
    return "\n".join(
        "<p>" + escape(paragraph).replace("\n", "<br>\n") + "</p>"
        for paragraph in _PARAGRAPHS.split(text.strip())
    )
