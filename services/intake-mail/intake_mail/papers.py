"""What the mailroom prints: separator sheets, the register, labels for envelopes."""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from datetime import date, datetime
from functools import partial

from intake_mail.splitting import SEPARATOR
from intake_mail.store import Line
from speakup import paper
from speakup.events import Language
from speakup.i18n import texts

_SHEETS = """
#let given = json(bytes(sys.inputs.given))
#set document(title: given.title)
#set page(paper: "a4", margin: 10mm)
#set text(font: "Libertinus Serif", size: 13pt)
#let sheet(at) = {
  let code(width) = image(given.files.at(at), width: width)
  place(top + left, code(40mm))
  place(bottom + right, code(40mm))
  align(center + horizon, block(width: 150mm, {
    code(95mm)
    for words in given.languages {
      par(strong(words.title) + linebreak() + text(lang: words.lang, words.text))
    }
  }))
}
#for at in range(given.files.len()) {
  if at > 0 { pagebreak() }
  sheet(at)
}
"""

_REGISTER = """
#let given = json(bytes(sys.inputs.given))
#set document(title: given.title)
#set page(
  paper: "a4",
  flipped: true,
  margin: (x: 10mm, top: 12mm, bottom: 14mm),
  footer: context align(center, text(8pt, given.page
    .replace("{page}", str(here().page()))
    .replace("{pages}", str(counter(page).final().first())))),
)
#set text(font: "Libertinus Serif", size: 8pt, lang: given.lang)
#set par(leading: 0.45em)
#let lines(of) = of.join(linebreak())
#heading(text(14pt, given.title))
#given.printed
#v(1mm)
#table(
  columns: (23mm, 17mm, 17mm, 24mm, 14mm, 15mm, 1fr, 1.1fr, 1fr, 43mm, 20mm),
  inset: (x: 1mm, y: 1.2mm),
  stroke: 0.3pt + gray,
  align: left + top,
  table.header(..given.heads.map(head => text(7pt, strong(head)))),
  ..for row in given.rows {
    let shown = if row.void { strike } else { of => of }
    row.cells.map(shown)
    (
      lines(row.people.map(shown)),
      shown(row.storage),
      text(font: "DejaVu Sans Mono", size: 5.5pt, lines(row.scans)),
      lines(row.state),
    )
  }
)
"""

_LABEL = """
#let given = json(bytes(sys.inputs.given))
#set page(width: 105mm, height: 70mm, margin: 6mm)
#set text(font: "Libertinus Serif")
#set par(leading: 0.5em, justify: false)
#place(bottom + right, text(font: "DejaVu Sans Mono", size: 7pt, given.code))
#let address(size) = text(size, given.lines.join(linebreak()))
#let fits(size) = measure(address(size), width: 93mm).height <= 51mm
#context {
  let size = range(18, 5, step: -1).find(size => fits(size * 1pt))
  block(address(if size == none { 6pt } else { size * 1pt }))
}
"""

_HASH_LINE = 32
"""Hexadecimal digits: two lines a hash."""
_LONGEST_WORD = 14
"""In a column of the register, in letters."""
_LONGEST_ADDRESS_WORD = 24

_HEADS = (
    "number",
    "received",
    "postmark",
    "registered",
    "envelope",
    "seal",
    "enclosures",
    "people",
    "storage",
    "scans",
    "state",
)


def separator_sheets(count: int, language: Language) -> bytes:
    """So many sheets as a PDF, A4, no two with the same code. What they are is said in `language` first."""
    ids = [secrets.token_hex(5).upper() for _ in range(count)]
    files = {f"{at}.svg": paper.qr_svg(SEPARATOR + each) for at, each in enumerate(ids)}
    languages = sorted(Language, key=lambda each: each is not language)
    say = texts()
    given = {
        "title": say(language, "paper.separator.title"),
        "files": [*files],
        "languages": [
            {
                "lang": each.value,
                "title": say(each, "paper.separator.title"),
                "text": say(each, "paper.separator.text"),
            }
            for each in languages
        ],
    }
    return paper.compile(_SHEETS, {"given": json.dumps(given)}, files)


def register(
    lines: Sequence[Line],
    *,
    year: int | None,
    language: Language,
    printed_at: datetime,
    printed_by: str,
) -> bytes:
    """The register as a PDF, A4 landscape, oldest number first. Call it off the event loop: 4 s for 2,000 lines.

    `year` is that of the lines, None where they are of several. `printed_at` is shown in the zone that it has.
    """
    say = partial(texts(), language)
    title = "paper.register.title" if year is None else "paper.register.title.year"
    at = f"{_day(printed_at)} {printed_at:%H:%M} ({printed_at:%Z})"
    given = {
        "lang": language.value,
        "title": say(title, year=year),
        "printed": say("paper.register.printed", at=at, by=printed_by, count=len(lines)),
        "page": say("paper.register.page", page="{page}", pages="{pages}"),
        "heads": [say(f"paper.register.{head}") for head in _HEADS],
        "rows": [_row(line, language) for line in sorted(lines, key=lambda line: line.number)],
    }
    return paper.compile(_REGISTER, {"given": json.dumps(given)})


def label(address: str, code: str) -> bytes:
    """An address and the post code, 105 x 70 mm, as a PDF; the letters are as large as the address lets them be."""
    lines = [paper.breakable(line.strip(), _LONGEST_ADDRESS_WORD) for line in address.splitlines()]
    given = {"lines": [line for line in lines if line], "code": code}
    return paper.compile(_LABEL, {"given": json.dumps(given)})


def _row(line: Line, language: Language) -> dict[str, object]:
    say, entry = partial(texts(), language), line.entry
    yes_or_no = ("paper.register.no", "paper.register.yes")
    state = [say(f"paper.register.state.{line.state}")]
    if line.version > 1:
        state.append(say("paper.register.version", version=line.version))
    if line.void_reason:
        state.append(_wrapped(line.void_reason))
    return {
        "void": line.state == "void",
        "cells": [
            line.number,
            _day(entry.received_on),
            _day(entry.postmarked_on) if entry.postmarked_on else "",
            _wrapped(entry.registered_mail_number),
            say(yes_or_no[entry.envelope]),
            say(yes_or_no[entry.seal_intact]),
            _wrapped(entry.enclosures),
        ],
        "people": [_wrapped(entry.opened_by), _wrapped(entry.witnessed_by)],
        "storage": _wrapped(entry.storage_place),
        "scans": [
            digits[at : at + _HASH_LINE]
            for digits in line.sha256
            for at in range(0, len(digits), _HASH_LINE)
        ],
        "state": state,
    }


def _wrapped(text: str) -> str:
    return paper.breakable(text, _LONGEST_WORD)


def _day(day: date) -> str:
    return f"{day:%d.%m.%Y}"
