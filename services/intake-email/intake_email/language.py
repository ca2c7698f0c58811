"""Which of the hotline's three languages a text is in.

Kazakh is known by its nine letters; where somebody types without them, on a Russian keyboard or in Latin
letters, by its commonest words and endings, as is Russian in Latin letters. No model: that would cost 70 MB
a process (py3langid 0.4), and does worse on our corpus, to which tests/intake_email/test_parse_language.py
holds this.
"""

from __future__ import annotations

import re

LOOKED_AT = 600
"""Characters from the text's beginning."""

_NOT_WORDS = re.compile(r"https?://\S+|\S+@\S+")
_LATIN = re.compile(r"[A-Za-z]")
_CYRILLIC = re.compile(r"[\u0400-\u04ff]")
_KAZAKH = re.compile(r"[әғқңөұүһі]", re.IGNORECASE)
_LATIN_WORD = re.compile(r"[a-z]+")
_CYRILLIC_WORD = re.compile(r"[\u0400-\u04ff]+")

_KAZAKH_SHARE = 0.04
"""Of the letters of words that aren't names. Kazakh has 15 to 25 %."""

_ENGLISH_SHARE = 0.1
"""Of the Latin words. English has 30 to 50 % of those below, Russian in Latin letters 0 to 5 %."""

_SPELT_SHARE = 0.08
"""Of Latin words, of common Russian or Kazakh ones, from which the text is taken for one of these."""


def _words(spaced: str) -> frozenset[str]:
    return frozenset(spaced.split())


_ENGLISH_WORDS = _words(
    "the and to of a in is that it for was on are with as at be this have from or by an not but what all "
    "were when we there can your which their has will would if about they you my our please hi hello dear "
    "i thanks thank regards best me is do does no yes how he his she her"
)
# As typed without the nine letters.
_KAZAKH_WORDS = _words(
    "деп ма мен бир бар жок де ме еки керек енди ол биздин сол деген осы ушин адам бул гой биз маган ал "
    "екен жана дейди бирак пе емес болып кейин кун жане туралы болса оны дейин рет жыл бойынша жауап ози "
    "ба калай алып болды соны бола кандай бурын бе менин жумыс бери баска казир курметти гана едим еди "
    "тек болган па ким канша кайта келеди болады айтып екинши жылы келген ала екенин сиз сиздер рахмет "
    "ракмет салем салеметсиз салеметсизбе саламатсыз кайырлы анау мынау неге кашан кайда туынды"
)
_RUSSIAN_WORDS = _words(
    "в и на с не я по у ли что за мне это если из или мы нас меня как от до о нам кто ну то для можно "
    "его же без есть вы при про вот потом нет вас чтобы так надо после только там где может уже вам "
    "через когда раз будет было она но под был сам их просто ему все бы они тоже об привет прошу "
    "здравствуйте добрый"
)
_COMMON_WORDS = _KAZAKH_WORDS | _RUSSIAN_WORDS
_KAZAKH_END = re.compile(
    r"(?:[гк][ае]н|[ае]ды|еди|[ндт][ыи]н|[нд]{2}[ае]|[дтн][ае][нй]|[мб][ыи]з|л[ыи]к|[мс][ыи]н|[аеыи]п"
    r"|[иы]не|й[дс][иы]|[лдкт][дт][ыи]|[лдт][ае]р|р[гк][ае]|нш[иа]|д[ыи][мк])$"
)
_RUSSIAN_END = re.compile(
    r"(?:[аияуоеы]ть|ни[еяюй]|ого|его|[тл]ся|ься|[аи]ли|ы[йех]|[оы]м|ой|[аеую][ею]т|ая|ое|сть|ции|ами"
    r"|йте|ите|ько|ому|ник|[аеи]л|шь|ий|ях|ов|ии|ую)$"
)
_RUSSIAN_LETTERS = re.compile(r"[ёцщъфв]")

_SEVERAL_LETTERS = re.compile("shch|sch|sh|ch|zh|kh|ts|ya|yu|yo|ja|ju|gh|iy")
_SEVERAL = {
    "shch": "щ",
    "sch": "щ",
    "sh": "ш",
    "ch": "ч",
    "zh": "ж",
    "kh": "х",
    "ts": "ц",
    "ya": "я",
} | {"yu": "ю", "yo": "ё", "ja": "жа", "ju": "жу", "gh": "г", "iy": "ий"}
_ONE = str.maketrans("abcdefghijklmnopqrstuvwxyz", "абцдефгхижклмнопкрстувухыз")


def language_of(text: str) -> str | None:
    """`kk`, `ru` or `en`; None where the text has neither Cyrillic nor Latin letters."""
    text = _NOT_WORDS.sub(" ", text[:LOOKED_AT])
    cyrillic, latin = len(_CYRILLIC.findall(text)), len(_LATIN.findall(text))
    if not cyrillic and not latin:
        return None
    if latin > cyrillic:
        return _in_latin_letters(_LATIN_WORD.findall(text.lower()))
    return _in_cyrillic_letters(_CYRILLIC_WORD.findall(text))


def _in_cyrillic_letters(words: list[str]) -> str:
    # A Russian text may hold Kazakh names.
    letters = "".join([word for word in words if word[0].islower()] or words)
    if len(_KAZAKH.findall(letters)) > _KAZAKH_SHARE * len(letters):
        return "kk"
    return "kk" if sum(_leaning(word.lower()) for word in words) > 0 else "ru"


def _in_latin_letters(words: list[str]) -> str:
    """Other languages than our three count as English."""
    if sum(word in _ENGLISH_WORDS for word in words) > _ENGLISH_SHARE * len(words):
        return "en"
    spelt = [_SEVERAL_LETTERS.sub(lambda m: _SEVERAL[m[0]], word).translate(_ONE) for word in words]
    # The shortest ones are words of many languages.
    common = sum(len(word) > 2 and word in _COMMON_WORDS for word in spelt)
    if common <= max(1, _SPELT_SHARE * len(spelt)):
        return "en"
    return "kk" if sum(map(_leaning, spelt)) > 0 else "ru"


def _leaning(word: str) -> int:
    """Above 0 for a word that looks Kazakh, below for one that looks Russian."""
    if word in _KAZAKH_WORDS:
        return 3
    if word in _RUSSIAN_WORDS:
        return -3
    leaning = -2 * bool(_RUSSIAN_LETTERS.search(word))
    if len(word) > 3:
        leaning += 2 * bool(_KAZAKH_END.search(word)) - 2 * bool(_RUSSIAN_END.search(word))
    return leaning
