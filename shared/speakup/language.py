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
    ranked = _identifier().rank(head)
    name, probability = ranked[0]
    if name in Language.__members__:
        return Language(name)
    if not _CYRILLIC.search(head) or probability >= _SURE_FOREIGN:
        return None
    # Too short to tell from its neighbours: the nearer of the two of ours in these letters.
    name = next(name for name, _ in ranked if name in (Language.kk, Language.ru))
    return Language.ru if not _KAZAKH_ONLY.search(head) else Language(name)


@cache
def _identifier() -> LanguageIdentifier:
    """py3langid with all its 140 languages, to know a stranger; about 75 MB."""
    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
