"""HTML made readable text: tables kept as tables, links as `text (target)`; nothing is fetched."""

from __future__ import annotations

import re

from inscriptis.css_profiles import CSS_PROFILES  # type: ignore[import-untyped]
from inscriptis.html_engine import Inscriptis  # type: ignore[import-untyped]
from inscriptis.model.config import ParserConfig  # type: ignore[import-untyped]
from lxml.etree import LxmlError, iterwalk  # type: ignore[import-untyped]
from lxml.html import HtmlElement, HTMLParser, document_fromstring  # type: ignore[import-untyped]

HTML_CHARACTERS = 1_000_000
"""Looked at. Pictures written into the HTML don't count."""

_PICTURE = re.compile(r"data:[\w/+.-]{0,80};base64,[^\"'>)]{200,}", re.IGNORECASE)
_LINK = re.compile(r"(?:[a-z][a-z0-9+.-]{1,20}:|//|www\.)", re.IGNORECASE)
_SPACING = re.compile(r"padding[\w-]*\s*:[^;]*|margin[\w-]*\s*:[^;]*\d{3}[^;]*", re.IGNORECASE)
DEPTH = 250
"""Of elements within elements."""
LISTS = 20
"""Of lists within lists: each line of the innermost begins with spaces for all of them."""
CELLS = 20_000
"""Of tables: their layout takes time by the square."""
TARGET = 2000
"""Characters shown of a link's target."""

_BREAKS = re.compile(r"[\t\r\n]")
_BEGIN, _END = "\ufdd0", "\ufdd1"
"""Around quotations while they are laid out; no characters that a text may hold."""
_MARKS = re.compile("[\ufdd0\ufdd1]")
_CONFIG = ParserConfig(css=CSS_PROFILES["strict"].copy())
_EMPTY_LINES = re.compile(r"\n{3,}")
_TAG = re.compile(r"<[^<>]*>")


def text_of(html: str) -> str:
    """The text of an HTML document or fragment, whatever its faults."""
    html = _MARKS.sub("", _PICTURE.sub("", html))[:HTML_CHARACTERS]
    try:
        text = _with_quotes(_laid_out(html))
    except (LxmlError, RecursionError, MemoryError, ValueError):
        # Nothing but comments, or made to be beyond anything sane: its words without their layout.
        text = _TAG.sub(" ", html)
    text = "\n".join(line.rstrip() for line in text.split("\n"))
    return _EMPTY_LINES.sub("\n\n", text).strip()


def _laid_out(html: str) -> str:
    # Bytes, so that the document's own word on its charset is not heard.
    parser = HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True, huge_tree=True)
    tree = document_fromstring(html.encode("utf-8", "replace"), parser=parser)
    if _is_beyond(tree):
        raise ValueError("not to be laid out")
    _even_out(tree)
    _spell_out_links(tree)
    _mark_pictures(tree)
    _mark_quotes(tree)
    return str(Inscriptis(tree, _CONFIG).get_text())


def _is_beyond(tree: HtmlElement) -> bool:
    depth = lists = cells = 0
    for event, element in iterwalk(tree, events=("start", "end")):
        step = 1 if event == "start" else -1
        depth += step
        lists += step * (element.tag in ("ul", "ol"))
        cells += step == 1 and element.tag in ("td", "th")
        if depth > DEPTH or lists > LISTS or cells > CELLS:
            return True
    return False


def _even_out(tree: HtmlElement) -> None:
    """Without the spaces and empty lines that an element asks for: they may be a thousand million."""
    for element in tree.iter():
        if style := element.get("style"):
            element.set("style", _SPACING.sub("", style))


def _spell_out_links(tree: HtmlElement) -> None:
    for link in tree.iter("a"):
        target = (link.get("href") or "").strip()
        words = "".join(link.itertext()).strip()
        target = _BREAKS.sub("", target)[:TARGET]
        if _LINK.match(target) and _bare(target) != _bare(words):
            _append(link, f" ({target})")


def _mark_pictures(tree: HtmlElement) -> None:
    """Pictures that came with the mail have their place in the text; others, tracking pixels too, none."""
    for picture in tree.iter("img"):
        source = (picture.get("src") or "").strip()
        if source[:4].lower() == "cid:":
            picture.tail = f"[cid:{source[4:250]}]{picture.tail or ''}"


def _mark_quotes(tree: HtmlElement) -> None:
    for quote in tree.iter("blockquote"):
        begin, end = quote.makeelement("div"), quote.makeelement("div")
        begin.text, end.text = _BEGIN, _END
        begin.tail, quote.text = quote.text, None
        quote.insert(0, begin)
        quote.append(end)


def _with_quotes(text: str) -> str:
    """What was quoted, each line with `>` for each level."""
    if _BEGIN not in text:
        return text
    depth, lines = 0, []
    for line in text.split("\n"):
        mark = line.strip()
        if mark == _BEGIN:
            depth += 1
        elif mark == _END:
            depth = max(0, depth - 1)
        else:
            lines.append(">" * min(depth, 20) + " " + line.strip() if depth else line)
    return "\n".join(lines).replace(_BEGIN, "").replace(_END, "")


def _bare(target: str) -> str:
    return re.sub(r"^(https?://|mailto:|tel:)?(www\.)?|/$", "", target.lower())


def _append(element: HtmlElement, words: str) -> None:
    last = element[-1] if len(element) else None
    if last is None:
        element.text = (element.text or "") + words
    else:
        last.tail = (last.tail or "") + words
