"""What may stand behind the stem of a name in Kazakh, Russian and English, in the letters of `transliteration`.

Consonants that double at the seam are written once there, so that endings stand here without them, too:
Марат + тың is `maratin`.
"""

from __future__ import annotations

import re

_KAZAKH_CASES = (
    "nin|din|tin|in|ga|ge|ka|ke|na|ne|a|e|ni|di|ti|n|i|da|de|ta|te|nda|nde|dan|den|tan|ten|nan|nen|an|en|"
    "men|ben|pen|menen|benen|penen|dai|dei|tai|tei|niki|diki|tiki|iki|dagi|degi|tagi|tegi|nikin|"
    "ina|ine|inda|inde|inan|inen|si|sin|sina|sine"
)
_KAZAKH_PLURALS = "lar|ler|dar|der|tar|ter|ar|er"
# Names of people: second declension, first declension, soft ones; plurals (у Ахметовых).
_RUSSIAN_NAMES = "a|u|om|em|e|i|ov|am|ami|ah|ia|iu|iem|iam|iami|iah|m|ei|oi|oiu|eiu|im|ih|imi"
# Surnames on -ский.
_RUSSIAN_ADJECTIVES = "ogo|omu|ego|emu|aia|uiu"
_ENGLISH = "s"

ENDINGS = frozenset(
    {"", _ENGLISH}
    | {
        ending
        for endings in (_RUSSIAN_NAMES, _RUSSIAN_ADJECTIVES, _KAZAKH_CASES, _KAZAKH_PLURALS)
        for ending in endings.split("|")
    }
    | {plural + case for plural in _KAZAKH_PLURALS.split("|") for case in _KAZAKH_CASES.split("|")}
)

_SHORTEST_CUT = 3
_FLEETING = re.compile(r"(.{2,})[eo](l|k|ts)$")
_SURNAME = re.compile(r"(.{2,}(?:ov|ev|in|of|ef))a?$")
_ADJECTIVE = re.compile(r"(.{2,}(?:sk|tsk))(?:i|oi|aia)$")


def stems(word: str) -> frozenset[str]:
    """What stays of a word of a name while its endings change; `word` as `sound` gives it.

    The word itself is among them: behind it stand the Kazakh endings (Мадина + ның).
    """
    found = {word}
    for pattern in (_SURNAME, _ADJECTIVE):
        match = pattern.fullmatch(word)
        if match:
            found.add(match[1])
    cut = re.sub(r"(?:ia|a|i)$", "", word)
    if len(cut) >= _SHORTEST_CUT:
        found.add(cut)
    fleeting = _FLEETING.fullmatch(word)
    if fleeting:
        # Павел, Павла; Стрелец, Стрельца.
        found.add(fleeting[1] + fleeting[2])
    return frozenset(found)


def is_family_name(word: str) -> bool:
    """Whether a word, as `sound` gives it, ends as surnames do and hardly anything else does."""
    return bool(
        re.fullmatch(
            r".{3,}(?:(?:ov|ev|in)a?|(?:sk|tsk)(?:i|oi|aia)|uli|kizi|enko|iants|ian|dze|svili)",
            word,
        )
    )


def is_patronymic(word: str) -> bool:
    """Whether a word, as `sound` gives it, is a patronymic: -ович, -евна, -ұлы, -қызы."""
    return _PATRONYMIC.fullmatch(word) is not None


def patronymics(word: str) -> frozenset[str]:
    """A patronymic in Kazakh and in Russian: Қайратқызы is called Кайратовна, too."""
    match = _PATRONYMIC.fullmatch(word)
    if match is None:
        return frozenset({word})
    return frozenset({word, *(match[1] + made for made in _MADE)})


_MADE = ("uli", "kizi", "ovic", "evic", "ovna", "evna")
_PATRONYMIC = re.compile(r"(.{2,}?)(?:ovic|evic|ovna|evna|inicna|icna|ic|uli|kizi)")
