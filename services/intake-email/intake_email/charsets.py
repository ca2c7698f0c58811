"""From bytes to clean text, whatever charset they are or are said to be in."""

from __future__ import annotations

import codecs
import re

CHARSETS = {
    "ks_c_5601-1987": "cp949",
    "euc-kr": "cp949",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "x-gbk": "gb18030",
    "x-sjis": "cp932",
    "shift_jis": "cp932",
    "iso-8859-1": "cp1252",
    "latin1": "cp1252",
    "iso-8859-8-i": "iso-8859-8",
    "x-mac-cyrillic": "mac-cyrillic",
    "cp-1251": "cp1251",
    "win-1251": "cp1251",
    "windows1251": "cp1251",
    "x-cp1251": "cp1251",
    "koi8": "koi8-r",
    "koi8r": "koi8-r",
    "strk1048-2002": "kz1048",
    "utf8mb4": "utf-8",
    "unicode-1-1-utf-8": "utf-8",
    "iso-2022-jp": "iso-2022-jp-ext",
}
"""What mailers write, by what they mean."""

_NOT_TEXT = frozenset({"punycode", "idna", "unicode-escape", "raw-unicode-escape"})
_UNSURE = frozenset({"ascii", "cp1252"})
"""What mailers declare when they don't know."""
_CYRILLIC = ("kz1048", "koi8-r", "cp866", "iso8859-5", "mac-cyrillic")
"""kz1048 is windows-1251 with the Kazakh letters in place of Serbian and Ukrainian ones."""
_LIKELY = 0.4

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_COMMON = re.compile("[оеаинтсрвл]", re.IGNORECASE)
_LETTER = re.compile("[\u0400-\u04ff]")
_HIGH = re.compile(rb"[\x80-\xff]")
_HIGH_RUN = re.compile(rb"[\x80-\xff]{3,}")
_KAZAKH_AS_1251 = re.compile(rb"[\x8d\x9d\xa1-\xa3\xbc-\xbe]")
"""Қ қ Ұ ұ Ә ә Ң ң of kz1048, where windows-1251 has Serbian and Belarusian letters."""
_BREAKS = re.compile("\r\n|[\r\v\f\u0085\u2028\u2029]")
_UNCLEAN = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufeff\ufffe\uffff]")


def decode(content: bytes, charset: str | None = None) -> str:
    """The text. A wrong, unknown or missing charset is put right where the bytes tell."""
    if content.isascii() and not _is_more_than_ascii(content, (charset or "").lower()):
        return content.decode("ascii")
    for bom, codec in _BOMS:
        if content.startswith(bom):
            return content[len(bom) :].decode(codec, "replace")
    declared = _codec(charset)
    if content.isascii() and b"\x1b$" in content and "2022" not in (charset or ""):
        declared = "iso2022_jp_ext"
    text = _decode_strictly(content, declared)
    if text is not None:
        return text
    return _decode_loosely(content, declared)


def tidy(text: str) -> str:
    """With normal newlines and without control characters (but newline and tab) and surrogates."""
    text = text.replace("\r\n", "\n")
    if not text.replace("\n", "").isprintable():
        text = _UNCLEAN.sub(_replacement, _BREAKS.sub("\n", text))
    return text


def _replacement(match: re.Match[str]) -> str:
    return "\ufffd" if "\ud800" <= match[0] <= "\udfff" else ""


def _is_more_than_ascii(content: bytes, charset: str) -> bool:
    """Whether ASCII bytes mean something else in that charset."""
    if "2022" in charset:
        return b"\x1b" in content
    if b"\x1b$" in content:
        # ISO-2022-JP, whatever is said.
        return True
    if "16" in charset or "32" in charset:
        # Some declare UTF-16 and write ASCII. Latin has 0 and Cyrillic 4 in every other byte.
        return b"\0" in content or b"\4" in content
    return charset.startswith(("utf-7", "utf7", "unicode-1-1-utf-7", "hz"))


def _codec(charset: str | None) -> str | None:
    """Python's name of a charset, None for one that is unknown or no charset."""
    name = (charset or "").strip().strip("\"'").lower()
    try:
        codec = codecs.lookup(CHARSETS.get(name, name)).name
        # Fails for what codes bytes as bytes (hex, zlib).
        "x".encode(codec)
    except (LookupError, ValueError):
        return None
    return None if codec in _NOT_TEXT else codec


def _decode_strictly(content: bytes, codec: str | None) -> str | None:
    """None where that can't be right."""
    utf8 = _attempt(content, "utf-8")
    if codec is None or codec == "utf-8" or _single_byte(codec):
        if utf8 is not None:
            return utf8
        if codec is None or codec in _UNSURE:
            codec = _guess(content)
    if codec == "cp1251" and _KAZAKH_AS_1251.search(content):
        codec = "kz1048"
    return utf8 if codec == "utf-8" else _attempt(content, codec)


def _attempt(content: bytes, codec: str) -> str | None:
    try:
        return content.decode(codec)
    except (UnicodeError, LookupError):
        return None


def _single_byte(codec: str) -> bool:
    return codec.startswith(("cp12", "cp8", "koi8", "iso8859", "mac-", "ascii", "kz1048", "ptcp"))


def _decode_loosely(content: bytes, codec: str | None) -> str:
    utf8 = content.decode("utf-8", "replace")
    wrong = utf8.count("\ufffd")
    if len(_HIGH.sub(b"", content)) + 3 * wrong < len(utf8):
        return utf8
    if codec in (None, "utf-8", "ascii"):
        codec = _guess(content)
    return content.decode(codec or "cp1252", "replace")


def _guess(content: bytes) -> str:
    """Cyrillic where most bytes beyond ASCII stand together, as in no Western language."""
    start = content[:4000]
    together = sum(map(len, _HIGH_RUN.findall(start)))
    if 2 * together < len(_HIGH.findall(start)):
        return "cp1252"
    likelihood, codec = max((_likelihood(start.decode(c, "replace")), c) for c in _CYRILLIC)
    return codec if likelihood > _LIKELY else "cp1252"


def _likelihood(text: str) -> float:
    """Of a Cyrillic text: the share of common letters among those that aren't ASCII."""
    beyond = sum(character > "\x7f" for character in text)
    swapped = len(re.findall("[а-я][А-Я]", text))
    return (len(_COMMON.findall(text)) - swapped + 0.1 * len(_LETTER.findall(text))) / (beyond or 1)
