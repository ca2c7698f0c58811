"""Which of the three languages a text is written in."""

from __future__ import annotations

import re
from functools import cache

from py3langid.langid import MODEL_FILE, LanguageIdentifier  # type: ignore[import-untyped]

from speakup.events import Language

LOOKED_AT = 2_000
"""Characters that decide; the walk over more would cost time and change nothing."""

_CYRILLIC = re.compile("[\u0400-\u04ff]")
_KAZAKH_ONLY = re.compile("[әғқңөұүһі]", re.IGNORECASE)
_SURE_FOREIGN = 0.75
"""Short Russian is taken for Bulgarian or Tatar at up to 0.6; real foreign Cyrillic scores over 0.8."""


def detect(text: str) -> Language | None:
    """The language, or None: too little text, another language, or ours typed in Latin letters.

    Safe to call from several threads. The first call loads the tables (about half a second).
    """
    head = text[:LOOKED_AT]
    if sum(map(str.isalpha, head)) < 2:
        return None
    every, ours = _identifiers()
    name, probability = every.classify(head)
    if name in Language.__members__:
        return Language(name)
    if not _CYRILLIC.search(head) or probability >= _SURE_FOREIGN:
        return None
    name, _ = ours.classify(head)
    if name == Language.kk and not _KAZAKH_ONLY.search(head):
        return Language.ru
    return Language(name) if name != Language.en else None


@cache
def _identifiers() -> tuple[LanguageIdentifier, LanguageIdentifier]:
    """py3langid with all its languages, to know a stranger, and with ours alone, to choose."""
    every = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    ours = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    ours.set_languages([language.value for language in Language])
    return every, ours
