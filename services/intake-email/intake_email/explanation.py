"""An explanation as a PDF: numbered, page x of y, fonts embedded, nothing of the machine in it."""

from __future__ import annotations

from functools import cache

import typst

from speakup.events import Language

# What people write comes in by `sys.inputs`, as strings: none of it is ever read as markup.
_TEMPLATE = """
#set document(title: sys.inputs.title, date: none)
#set page(
  paper: "a4",
  margin: 25mm,
  footer: context align(
    center,
    text(9pt)[#sys.inputs.number · #counter(page).display()/#counter(page).final().first()],
  ),
)
#set text(font: "Libertinus Serif", size: 11pt, lang: sys.inputs.lang)
#set par(justify: false, leading: 0.7em, spacing: 1.1em)
#heading(sys.inputs.title)
#for paragraph in sys.inputs.text.split("\\n\\n") {
  par(paragraph.split("\\n").join(linebreak()))
}
"""


@cache
def _fonts() -> typst.Fonts:
    # The machine's own fonts would make the same text look different elsewhere.
    return typst.Fonts(include_system_fonts=False)


def as_pdf(*, title: str, number: str, text: str, language: Language) -> bytes:
    """A4 pages, tagged, without a date. Takes 0.1 s for ten pages: call it off the event loop.

    `text`'s lines are kept, an empty line parts paragraphs. Raises typst.TypstError.
    """
    made = typst.Compiler(
        _TEMPLATE.encode(), font_paths=_fonts(), ignore_system_fonts=True
    ).compile(
        format="pdf",
        sys_inputs={"title": title, "number": number, "text": text, "lang": language.value},
        timestamp=0,
    )
    if not isinstance(made, bytes):
        raise TypeError("one file was asked for")
    return made
