"""What makes an answer an explanation: its number, its date, who signs it and what it cites."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from babel.dates import format_date

from speakup import paper
from speakup.events import Language
from speakup.i18n import texts
from speakup.submission import Reply, explanation_number

_LOCALES = {Language.kk: "kk", Language.ru: "ru", Language.en: "en_GB"}


@dataclass(frozen=True, slots=True)
class Explained:
    """The formal part of an explanation; what older ones don't tell is empty."""

    number: str
    signatory: str
    provision: str
    dated: date | None

    def title(self, languages: Sequence[Language]) -> str:
        """With its number, in each of the languages."""
        say = texts()
        return " / ".join(say(one, "explanation.title", number=self.number) for one in languages)

    def date(self, languages: Sequence[Language]) -> str:
        """When it was written."""
        if self.dated is None:
            return ""
        return " / ".join(long_date(self.dated, one) for one in languages)

    def rests_on(self, languages: Sequence[Language]) -> str:
        """The provision, named in each of the languages."""
        return self._named("explanation.provision", self.provision, languages)

    def signed(self, languages: Sequence[Language]) -> str:
        """Who signs it."""
        return self._named("explanation.signatory", self.signatory, languages)

    def _named(self, name: str, value: str, languages: Sequence[Language]) -> str:
        say = texts()
        named = " / ".join(say(one, name) for one in languages)
        return paper.breakable(f"{named}: {value}", paper.LONGEST_WORD) if value else ""


def explained(case_number: str, reply: Reply) -> Explained | None:
    """Of a reply that is an explanation; None of others."""
    if reply.explanation is None:
        return None
    number = explanation_number(case_number, reply.explanation)
    return Explained(number, reply.signatory, reply.provision, reply.dated)


def long_date(day: date, language: Language) -> str:
    """As it stands on letters: `24 November 2026`."""
    return format_date(day, "long", _LOCALES[language])
