"""The words of Outlook's compressed RTF (MS-OXRTFCP), of HTML wrapped in it too (MS-OXRTFEX).

Bounded and lenient: what is cut short or wrong ends the reading, and what was read before stays.
"""

from __future__ import annotations

import codecs
import re
import struct
from dataclasses import dataclass, field, replace
from html import escape

RTF_BYTES = 1_000_000
"""Looked at, once expanded."""

DEPTH = 1000
"""Of groups within groups."""

_BEGINNING = (
    rb"{\rtf1\ansi\mac\deff0\deftab720{\fonttbl;}{\f0\fnil \froman \fswiss \fmodern \fscript "
    rb"\fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\colortbl\red0\green0\blue0"
    b"\r\n"
    rb"\par \pard\plain\f0\fs20\b\i\u\tab\tx"
)
"""What every compressed text may refer back to (MS-OXRTFCP, 2.1.2.1)."""
_WINDOW = 4096


def expand(packed: bytes) -> bytes:
    """The RTF of a PidTagRtfCompressed, at most RTF_BYTES; b"" where it is none. Never fails.

    The checksum isn't heeded: words with a fault are better than none.
    """
    if len(packed) < 16:
        return b""
    size, _, kind, _ = struct.unpack_from("<II4sI", packed)
    content = packed[16 : size + 4]
    match kind:
        case b"LZFu":
            return _expanded(content)
        case b"MELA":
            return content[:RTF_BYTES]
    return b""


def _expanded(content: bytes) -> bytes:
    out = bytearray(_BEGINNING)
    position, end = 0, len(_BEGINNING) + RTF_BYTES
    while position < len(content) and len(out) < end:
        control = content[position]
        position += 1
        for bit in range(8):
            if not control >> bit & 1:
                out += content[position : position + 1]
                position += 1
                continue
            if position + 2 > len(content):
                break
            reference = content[position] << 8 | content[position + 1]
            position += 2
            back = (len(out) - (reference >> 4)) % _WINDOW
            if not back:
                return bytes(out[len(_BEGINNING) :])
            _copy(out, back, (reference & 15) + 2)
    return bytes(out[len(_BEGINNING) : end])


def _copy(out: bytearray, back: int, count: int) -> None:
    start = len(out) - back
    if start >= 0 and back >= count:
        out += out[start : start + count]
        return
    # It may run into what it writes; what was never written is blank.
    for index in range(start, start + count):
        out.append(out[index] if index >= 0 else 0x20)


_TOKEN = re.compile(
    rb"\\([a-z]{1,32})(-?\d{1,9})? ?|\\'([0-9a-f]{2})|\\(.)|([{}])|[\r\n\0]+|([^\\{}\r\n\0]+)|\\",
    re.IGNORECASE | re.DOTALL,
)
_WORDS = {
    b"par": "\n",
    b"line": "\n",
    b"sect": "\n\n",
    b"page": "\n\n",
    b"row": "\n",
    b"tab": "\t",
    b"cell": "\t",
    b"emdash": "\u2014",
    b"endash": "\u2013",
    b"bullet": "\u2022",
    b"lquote": "\u2018",
    b"rquote": "\u2019",
    b"ldblquote": "\u201c",
    b"rdblquote": "\u201d",
}
_SYMBOLS = {b"~": "\xa0", b"_": "\u2011", b"\n": "\n", b"\r": "\n"}
_SILENT = frozenset(
    (
        b"colortbl stylesheet info pict object objdata header headerl headerr headerf footer footerl"
        b" footerr footerf listtable listoverridetable revtbl rsidtbl themedata datastore"
    ).split()
)
_CHARSETS = {
    b"128": "cp932",
    b"129": "cp949",
    b"134": "gb18030",
    b"136": "cp950",
    b"161": "cp1253",
    b"162": "cp1254",
    b"163": "cp1258",
    b"177": "cp1255",
    b"178": "cp1256",
    b"186": "cp1257",
    b"204": "cp1251",
    b"222": "cp874",
    b"238": "cp1250",
}


@dataclass(frozen=True, slots=True)
class Words:
    """What an RTF says."""

    text: str
    is_html: bool = False
    """The text is the HTML from which a mail program made the RTF."""


@dataclass(frozen=True, slots=True)
class _Group:
    silent: bool = False
    """It says nothing to a reader."""
    hidden: bool = False
    """Between \\htmlrtf and \\htmlrtf0: for those who don't know of the HTML."""
    is_tag: bool = False
    fonts: bool = False
    """It is the table of fonts."""
    codec: str = ""
    fallback: int = 1
    """Characters that follow a \\u, for who doesn't know that."""


@dataclass(slots=True)
class _Reader:
    is_html: bool
    group: _Group = _Group()
    outer: list[_Group] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    bare: bytearray = field(default_factory=bytearray)
    """Bytes that aren't decoded yet: a character may be several."""
    charsets: dict[bytes, str] = field(default_factory=dict)
    font: bytes = b""
    codec: str = "cp1252"
    skip: int = 0
    starred: bool = False

    def flush(self) -> None:
        if self.bare:
            text = self.bare.decode(self.group.codec or self.codec, "replace")
            self.bare.clear()
            self.say(text)

    def say(self, text: str) -> None:
        if self.is_html and not self.group.is_tag:
            text = escape(text, quote=False)
        self.said.append(text)

    def change(self, **values: object) -> None:
        self.flush()
        self.group = replace(self.group, **values)  # type: ignore[arg-type]

    def brace(self, brace: bytes) -> bool:
        """Whether to go on."""
        self.flush()
        self.skip = 0
        if brace == b"{":
            self.outer.append(self.group)
            return len(self.outer) <= DEPTH
        if self.outer:
            self.group = self.outer.pop()
        return bool(self.outer)

    def letters(self, content: bytes) -> None:
        skipped = min(self.skip, len(content))
        self.skip -= skipped
        if not (self.group.silent or self.group.hidden or self.group.fonts):
            self.bare += content[skipped:]

    def character(self, text: str) -> None:
        self.flush()
        self.skip = 0
        if not (self.group.silent or self.group.hidden or self.group.fonts):
            self.say(text)

    def symbol(self, symbol: bytes) -> None:
        if symbol == b"*":
            self.starred = True
        elif symbol in _SYMBOLS:
            self.character(_SYMBOLS[symbol])
        elif symbol in b"{}\\":
            self.letters(symbol)

    def word(self, word: bytes, number: bytes | None) -> None:
        starred, self.starred = self.starred, False
        if word in _WORDS:
            self.character(_WORDS[word])
        elif word == b"u":
            self.character(chr(int(number or 63) % 0x10000))
            self.skip = self.group.fallback
        elif word == b"htmltag":
            self.change(is_tag=True, silent=not self.is_html)
        elif word == b"htmlrtf":
            self.change(hidden=number != b"0")
        elif starred or word in _SILENT:
            self.change(silent=True)
        else:
            self.letter_word(word, number)

    def letter_word(self, word: bytes, number: bytes | None) -> None:
        """Words on how letters are written."""
        match word:
            case b"uc":
                self.change(fallback=max(0, min(int(number or 1), 100)))
            case b"ansicpg":
                self.codec = _codec(number) or self.codec
            case b"fonttbl":
                self.change(fonts=True)
            case b"f" if self.group.fonts:
                self.font = number or b""
            case b"f" | b"plain":
                codec = self.charsets.get(number or b"", "")
                if codec != self.group.codec:
                    self.change(codec=codec)
            case b"fcharset" if self.group.fonts and len(self.charsets) < DEPTH:
                self.charsets[self.font] = _CHARSETS.get(number or b"", "")


def words_of(rtf: bytes) -> Words:
    """The text. Never fails."""
    rtf = rtf[:RTF_BYTES]
    reader = _Reader(is_html=b"\\fromhtml" in rtf[:4000])
    position = 0
    while found := _TOKEN.match(rtf, position):
        position = found.end()
        word, number, byte, symbol, brace, letters = found.groups()
        if brace and not reader.brace(brace):
            break
        if word == b"bin":
            position += max(0, int(number or 0))
        elif word:
            reader.word(word.lower(), number)
        elif symbol:
            reader.symbol(symbol)
        elif letters or byte:
            reader.letters(letters or bytes.fromhex(byte.decode()))
    reader.flush()
    text = "".join(reader.said).encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return Words(text, reader.is_html)


def _codec(page: bytes | None) -> str | None:
    name = "utf-8" if page == b"65001" else f"cp{(page or b'').decode()}"
    try:
        return codecs.lookup(name).name
    except LookupError:
        return None
