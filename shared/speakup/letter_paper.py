"""A letter to a reporter who wrote by post: without their name and address, which its printer never learns.

Laid out after DIN 5008, form B: folded in three with the head outside, only the hotline's address, the date and the
post code are seen. The text starts below the first fold.
"""

from __future__ import annotations

import json
from datetime import date

from speakup import paper
from speakup.events import Language
from speakup.explained import Explained, long_date
from speakup.i18n import texts

SLIP = "SPEAKUP:CASE:1:"
"""A reply slip's code: this and the case number."""

_TEMPLATE = """
#let given = json(bytes(sys.inputs.given))
#let number = given.number
#let fold(height) = place(top + left, dx: 5mm, dy: height, line(length: 4mm, stroke: 0.3pt))

#set document(title: number)
#set text(font: "Libertinus Serif", size: 11pt, overhang: false)
#set text(lang: given.lang) if given.lang != none
#set par(justify: false, leading: 0.65em, spacing: 1.1em)
#set page(
  paper: "a4",
  margin: (left: 25mm, right: 20mm, top: 20mm, bottom: 15mm),
  header: context text(8pt, grid(
    columns: (1fr, auto),
    if here().page() > 1 [#number · #here().page()/#counter(page).final().first()],
    text(font: "DejaVu Sans Mono", given.code),
  )),
  background: context if here().page() == 1 { fold(105mm); fold(210mm) },
)

#block(height: 90mm, width: 100%, grid(
  columns: (1fr, auto),
  stack(spacing: 3.5mm, ..given.languages.map(words => {
    strong(words.sender)
    linebreak()
    words.address
  })),
  align(right, stack(spacing: 2.5mm, ..given.languages.map(words => words.date))),
))

#for words in given.languages {
  block(spacing: 0.8em, text(weight: "bold", words.subject))
}

#if given.pin != none {
  let labels(name) = given.languages.map(words => words.at(name)).dedup().join(" / ")
  block(breakable: false, stroke: 0.7pt, inset: 4mm, above: 1.4em, grid(
    columns: 2,
    column-gutter: 8mm,
    row-gutter: 3.5mm,
    align: horizon,
    labels("number"), text(font: "DejaVu Sans Mono", size: 14pt, number),
    labels("pin"), text(font: "DejaVu Sans Mono", size: 14pt, given.pin),
  ))
}

#if given.title != "" {
  block(above: 1.2em, strong(given.title))
}

#v(0.6em)
#for paragraph in given.paragraphs {
  par(paragraph.join(linebreak()))
}
#for line in (given.rests_on, given.signed).filter(line => line != "") {
  par(line)
}

#v(1fr)
#block(breakable: false, inset: (top: 6mm), block(
  stroke: (thickness: 0.5pt, dash: "dashed"),
  inset: (x: 4mm, y: 3mm),
  grid(
    columns: (1fr, 32mm),
    column-gutter: 6mm,
    align: horizon,
    {
      for words in given.languages {
        par(strong(words.slip) + linebreak() + text(9.5pt, words.slip_text))
      }
      block(above: 1.2em, text(font: "DejaVu Sans Mono", size: 15pt, tracking: 1pt, number))
    },
    image("slip.svg", width: 32mm),
  ),
))
"""


def letter(
    *,
    case_number: str,
    text: str,
    pin: str | None,
    code: str,
    language: Language | None,
    written_on: date,
    explains: Explained | None = None,
) -> bytes:
    """The letter as a PDF, A4, with a reply slip to cut off at its end. Call it off the event loop: 0.15 s.

    `text` is all that is said; its lines are kept, an empty line parts paragraphs. `pin` is given when the case is
    acknowledged. `code` is the reply's post code. Without a language the words around the text are in all three.
    `explains` makes an explanation of it.
    """
    lines = paper.breakable(text.replace("\r\n", "\n"), paper.LONGEST_WORD)
    languages = [language] if language else list(Language)
    given = {
        "number": case_number,
        "pin": pin,
        "code": code,
        "lang": language and language.value,
        "paragraphs": [paragraph.split("\n") for paragraph in lines.split("\n\n")],
        "languages": [_words(each, case_number, written_on) for each in languages],
        "title": explains.title(languages) if explains else "",
        "rests_on": explains.rests_on(languages) if explains else "",
        "signed": explains.signed(languages) if explains else "",
    }
    return paper.compile(
        _TEMPLATE,
        {"given": json.dumps(given)},
        {"slip.svg": paper.qr_svg(SLIP + case_number)},
    )


def _words(language: Language, number: str, written_on: date) -> dict[str, str]:
    say = texts()
    return {
        "sender": say(language, "paper.letter.sender"),
        "address": say(language, "home.letter.address"),
        "date": long_date(written_on, language),
        "subject": say(language, "paper.letter.subject", number=number),
        "number": say(language, "paper.letter.number"),
        "pin": say(language, "paper.letter.pin"),
        "slip": say(language, "paper.letter.slip"),
        "slip_text": say(language, "paper.letter.slip.text"),
    }
