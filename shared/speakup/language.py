"""Which of the hotline's three languages a text is in.

Words are spelt in plain Latin letters, and each group of three letters speaks for the languages that it is
frequent in. So one rule serves Kazakh and Russian in their own letters, Kazakh typed without its nine on a
Russian keyboard, and both typed in Latin letters. `language_fit` made `language.txt`, where the groups are.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from itertools import repeat
from pathlib import Path

from speakup.events import Language

FILE = Path(__file__).with_name("language.txt")
"""Groups (`_` is a word's edge), each with three digits: what it says for Kazakh, Russian and English."""

LOOKED_AT = 300
"""Characters from the text's beginning."""

# The numbers below are measured: on our labelled texts, and on sentences of 15 other languages.

_RUSSIAN_FIRST, _ENGLISH_FIRST = 3, 8
"""What each is ahead by: in such letters it is likelier than what it is weighed against."""

_OWN_LETTER_SAYS = 6
"""For Kazakh, each of its nine letters."""

_TYPICAL, _FEW_WORDS = 4.3, 6
"""What a group must say on average, twice for a language less once against it. Sentences in our languages
have 4 to 7, in others 2 to 4.5. A text of one word need have 6 less, one of two words 3 less, and so on.
"""

_STRANGE_SAYS = 60
"""Against all three, a letter that none of them has; shared among all letters of the text."""

_NOT_WORDS = re.compile(r"https?://\S+|\S+@\S+")
_CYRILLIC_WORD = re.compile(r"[\u0400-\u04ff]+")
_LATIN_WORD = re.compile(r"[A-Za-z\u00c0-\u024f]+")
_PLAIN_WORD = re.compile(r"[a-z]+")
_ACCENT = re.compile(r"[\u0300-\u036f]")
_OWN_LETTER = re.compile(r"[әғқңөұүһі]")
_STRANGE = re.compile(r"[^a-zа-яёәғқңөұүһі]")

_PLAIN = str.maketrans(
    dict(zip("абвгдеёзийклмнопрстуфхцыэ", "abvgdeeziiklmnoprstufhcye", strict=True))
    | dict(zip("әғқңөұүһі", "agknouuhi", strict=True))
    | {"ж": "zh", "ч": "ch", "ш": "sh", "щ": "sh", "ю": "yu", "я": "ya"}
    | dict.fromkeys("ъь'’", "")
)


def language_of(text: str) -> Language | None:
    """The language of most of the text's beginning, in whichever letters it is typed.

    None: fewer than two letters, or more like another language than like ours.
    """
    cyrillic, latin = _words(text)
    if not cyrillic and not latin:
        return None
    if _is_latin(cyrillic, latin):
        return _in_latin_letters(latin)
    return _in_cyrillic_letters(cyrillic)


def in_own_letters(text: str, language: Language) -> bool:
    """Whether a text in that language is typed in its alphabet: Cyrillic, or Latin for English."""
    return _is_latin(*_words(text)) == (language is Language.en)


def spelt(text: str) -> list[str]:
    """The words in the 26 Latin letters, without accents."""
    plain = text.lower().translate(_PLAIN)
    if not plain.isascii():
        plain = _ACCENT.sub("", unicodedata.normalize("NFKD", plain))
    return _PLAIN_WORD.findall(plain)


def groups(words: list[str]) -> list[str]:
    """Each three letters in a row, where a space is a word's edge."""
    return ["".join(group) for group in _groups(words) if group[1] != " "]


def _groups(words: list[str]) -> Iterable[tuple[str, str, str]]:
    """Those, letter by letter, and some of two words, of which nothing is said."""
    edged = f" {' '.join(words)} "
    return zip(edged, edged[1:], edged[2:], strict=False)


def _words(text: str) -> tuple[list[str], list[str]]:
    """Those in Cyrillic and those in Latin letters; none where most letters are neither."""
    text = text[:LOOKED_AT]
    if "@" in text or "://" in text:
        text = _NOT_WORDS.sub(" ", text)
    cyrillic, latin = _CYRILLIC_WORD.findall(text), _LATIN_WORD.findall(text)
    letters = sum(map(str.isalpha, text))
    if letters < 2 or letters > 2 * _letters(cyrillic + latin):
        return [], []
    return cyrillic, latin


def _letters(words: list[str]) -> int:
    return sum(map(len, words))


def _is_latin(cyrillic: list[str], latin: list[str]) -> bool:
    # A Russian mail may quote a server or name products in English; an English one has hardly any Cyrillic.
    return _letters(latin) > 2 * _letters(cyrillic)


def _in_cyrillic_letters(words: list[str]) -> Language | None:
    said, letters = _Said(words), "".join(words).lower()
    strange = len(_STRANGE.findall(letters))
    if said.kazakh < said.russian and set(_OWN_LETTER.findall(letters)) == {"і"}:
        # Ukrainian and Belarusian have this one of the nine.
        strange += letters.count("і")
    if not said.is_typical(said.either, said.english, strange):
        return None
    # A Russian text may hold Kazakh names.
    plain = [word for word in words if word[0].islower()] or words
    own = len(_OWN_LETTER.findall("".join(plain).lower()))
    if said.kazakh + _OWN_LETTER_SAYS * own > said.russian + _RUSSIAN_FIRST:
        return Language.kk
    return Language.ru


def _in_latin_letters(words: list[str]) -> Language | None:
    said = _Said(words)
    spelt_out = max(said.kazakh, said.russian)
    strange = len(_STRANGE.findall("".join(words).lower()))
    if not said.is_typical(max(spelt_out, said.english), min(spelt_out, said.english), strange):
        return None
    if said.english + _ENGLISH_FIRST >= spelt_out:
        return Language.en
    return Language.kk if said.kazakh > said.russian else Language.ru


class _Said:
    """What the groups of some words say for each language."""

    def __init__(self, words: list[str]) -> None:
        plain = spelt(" ".join(words))
        said = sum(map(_GROUPS.get, _groups(plain), repeat(0)))
        # `either`: for Kazakh or Russian, group by group, since many mix the two in a sentence.
        self.kazakh, self.russian, self.english, self.either = (
            said >> bits & _ONE_SUM for bits in _SUMS
        )
        self._words, self._letters, self._groups = len(words), _letters(words), _letters(plain)

    def is_typical(self, said: int, against: int, strange: int) -> bool:
        """Whether a text with so many strange letters is in a language for which so much is said."""
        needed = _TYPICAL - _FEW_WORDS / self._words + _STRANGE_SAYS * strange / self._letters
        return 2 * said - against >= needed * self._groups


# Four sums in one number, added at once: each of at most 3 * LOOKED_AT groups says 9 at most.
_SUMS = (0, 16, 32, 48)
_ONE_SUM = 0xFFFF


def _read_groups() -> dict[tuple[str, ...], int]:
    found = {}
    for entry in FILE.read_text("ascii").split():
        kazakh, russian, english = map(int, entry[3:])
        each = (kazakh, russian, english, max(kazakh, russian))
        found[tuple(entry[:3].replace("_", " "))] = sum(map(int.__lshift__, each, _SUMS))
    return found


_GROUPS = _read_groups()
