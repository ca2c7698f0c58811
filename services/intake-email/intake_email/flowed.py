"""Paragraphs of `format=flowed` text put together again (RFC 3676)."""

from __future__ import annotations

import re

_LINE = re.compile(r"(>*)( ?)(.*)")


def unflow(text: str, *, delete_space: bool) -> str:
    """Lines that end with a space are joined with the next one of the same quoting."""
    lines: list[list[str]] = []
    open_quotes: str | None = None
    for line in text.split("\n"):
        quotes, _, words = _LINE.fullmatch(line).groups()  # type: ignore[union-attr]
        flows = words.endswith(" ") and words != "-- "
        if flows and delete_space:
            words = words[:-1]
        if open_quotes == quotes and words != "-- ":
            lines[-1].append(words)
        else:
            lines.append([f"{quotes} {words}" if quotes else words])
        open_quotes = quotes if flows else None
    return "\n".join(map("".join, lines))
