"""The texts for people: the same names and placeholders in Kazakh, Russian and English."""

from __future__ import annotations

import re
from collections import Counter
from string import Formatter

import pytest

from speakup.events import Language
from speakup.i18n import FOLDER, texts

KAZAKH = set("әғқңөұүі")
"""Letters that Russian has not, without the one of a few loanwords."""


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("language", list(Language))
def test_every_language_has_the_same_texts(language: Language) -> None:
    assert texts().names(language).keys() == texts().names(Language.en).keys()


@pytest.mark.parametrize("language", list(Language))
def test_a_text_has_the_same_placeholders_in_every_language(language: Language) -> None:
    english, other = texts().names(Language.en), texts().names(language)
    assert {name: placeholders(text) for name, text in other.items()} == {
        name: placeholders(text) for name, text in english.items()
    }


@pytest.mark.parametrize("language", list(Language))
def test_no_text_is_given_twice_or_left_blank(language: Language) -> None:
    written = "".join(path.read_text(encoding="utf-8") for path in FOLDER.glob(f"*{language}.po"))
    names = re.findall(r'^msgid "(.+)"$', written, re.MULTILINE)
    assert [name for name, times in Counter(names).items() if times > 1] == []
    assert set(names) == texts().names(language).keys()


def test_kazakh_is_written_with_kazakh_letters_and_russian_without() -> None:
    kazakh = "".join(texts().names(Language.kk).values()).lower()
    russian = "".join(texts().names(Language.ru).values()).lower()
    assert set(kazakh) >= KAZAKH
    assert not set(russian) & KAZAKH
