"""A word as it sounds, whatever alphabet it is written in: Kazakh or Russian Cyrillic, or Latin letters.

Both come down to the same few letters (`sound`), so that Жұмабаев, Жумабаев, Zhumabayev and Jumabaev are one
word. It is coarser than any standard of transliteration (GOST 7.79, the Kazakh alphabets of 2017 to 2021), since
people keep to none.
"""

from __future__ import annotations

import re
import unicodedata
from itertools import product

_CYRILLIC = {
    "а": "a", "ә": "a", "б": "b", "в": "v", "г": "g", "ғ": "g", "д": "d", "е": "e", "ё": "e", "ж": "j",
    "з": "z", "и": "i", "й": "i", "к": "k", "қ": "k", "л": "l", "м": "m", "н": "n", "ң": "n", "о": "o",
    "ө": "o", "п": "p", "р": "r", "с": "s", "т": "t", "у": "u", "ұ": "u", "ү": "u", "ф": "f", "х": "h",
    "һ": "h", "ц": "ts", "ч": "c", "ш": "s", "щ": "s", "ъ": "", "ы": "i", "і": "i", "ь": "", "э": "e",
    "ю": "iu", "я": "ia",
}  # fmt: skip
_CYRILLIC_TABLE = str.maketrans(_CYRILLIC)

_LATIN = {
    "shch": "s", "sch": "s", "dzh": "j", "tch": "c", "sh": "s", "zh": "j", "dj": "j", "kh": "h", "gh": "g",
    "ch": "c", "ck": "k", "ph": "f", "tz": "ts", "c": "k", "q": "k", "w": "u", "x": "ks", "y": "i", "ş": "s",
    "š": "s", "ś": "s", "ž": "j", "č": "c", "ç": "c", "ğ": "g", "ǵ": "g", "ñ": "n", "ń": "n", "ı": "i",
    "í": "i", "ï": "i", "ý": "i", "ö": "o", "ó": "o", "ô": "o", "ü": "u", "ú": "u", "ū": "u", "ŭ": "u",
    "ä": "a", "á": "a", "ə": "a", "é": "e",
}  # fmt: skip
# In Bakytzhan t and zh are two letters.
_LATIN_PIECES = re.compile("t(?=zh)|" + "|".join(sorted(_LATIN, key=len, reverse=True)))
_ANY_LATIN = re.compile(r"[a-zà-ɏə]")
_ANY_CYRILLIC = re.compile(r"[\u0400-\u04ff]")

# Latin j is ж; between a vowel and a consonant, or at the end, it is й (Sergej, Ajgul).
_J_AS_I = re.compile(r"(?<=[aeiouyäöüı])j(?![aeiouyäöüı])")

_LOOK_ALIKE = str.maketrans("aeopcxykmthbi", "аеорсхукмтнві")
"""Latin letters put among Cyrillic ones, by a slip or to get past a filter."""

_SAME = re.compile(r"dj|ng|ie|(.)\1+")
_SAME_AS = {"dj": "j", "ng": "n", "ie": "e"}

_VARIANTS: dict[str, tuple[str, ...]] = {
    "ё": ("e", "io"),
    "қ": ("k", "h"),
    "х": ("h", "k"),
    "я": ("ia", "a"),
}
"""Where people write one letter of a name in several ways."""
_FIRST = {"ю": ("iu", "ju"), "я": ("ia", "ja"), "й": ("i", "j")}
_LAST = {"в": ("v", "f"), "я": ("ia",)}
MOST_VARIANTS = 32


def sound(word: str) -> str:
    """One word in the common letters; small letters only."""
    small = word.casefold()
    if _ANY_LATIN.search(small):
        if _ANY_CYRILLIC.search(small):
            small = small.translate(_LOOK_ALIKE)
        small = _LATIN_PIECES.sub(
            lambda found: _LATIN.get(found[0], found[0]), _J_AS_I.sub("i", small)
        )
    return _merged(small.translate(_CYRILLIC_TABLE))


def sounds(name: str) -> frozenset[str]:
    """All the ways in which a word of a name may come down to the common letters."""
    small = name.casefold()
    options = [_options(small, place) for place in range(len(small))]
    count = 1
    for option in options:
        count *= len(option)
    if count > MOST_VARIANTS or _ANY_LATIN.search(small):
        return frozenset({sound(name)})
    return frozenset({sound(name), *(_merged("".join(chosen)) for chosen in product(*options))})


def plain(text: str) -> str:
    """Composed letters, without what can't be seen and without accents and apostrophes inside words."""
    if not unicodedata.is_normalized("NFC", text):
        text = unicodedata.normalize("NFC", text)
    return _UNSEEN.sub("", text) if _PERHAPS_UNSEEN.search(text) else text


_PERHAPS_UNSEEN = re.compile("[\u00ad\u0300\u0301\u200b-\u200f\u2060\ufeff'’‘ʹʼ`´]")
_UNSEEN = re.compile(
    "[\u00ad\u0300\u0301\u200b-\u200f\u2060\ufeff]|(?<=[^\\W\\d_])['’‘ʹʼ`´](?=[^\\W\\d_])"
)


def _options(word: str, place: int) -> tuple[str, ...]:
    letter = word[place]
    if place == 0 and letter in _FIRST:
        return _FIRST[letter]
    if place == len(word) - 1 and letter in _LAST:
        return _LAST[letter]
    return _VARIANTS.get(letter) or (_CYRILLIC.get(letter, letter),)


def _merged(letters: str) -> str:
    return _SAME.sub(lambda found: _SAME_AS.get(found[0], found[1]), letters)
