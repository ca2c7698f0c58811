"""Texts for people, in Kazakh, Russian and English, from gettext catalogues (`texts/<language>.po`, and
`texts/<part>.<language>.po` of a part that has many).

The msgid is a name (`acknowledgement.subject`); every language, English too, has a catalogue, and a test
holds their names and placeholders together. A company's own folder can override texts one by one.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from string import Formatter

from babel.messages.pofile import read_po
from fastapi import Request

from speakup.events import Language

FOLDER = Path(__file__).parent / "texts"
COOKIE = "speakup_language"


class Texts:
    """The catalogues. A name that isn't there raises KeyError: a missing text is a defect, not a blank."""

    def __init__(self, override: Path | None = None) -> None:
        self._texts: dict[Language, dict[str, str]] = {}
        for language in Language:
            texts = _read(FOLDER / f"{language}.po")
            for part in sorted(FOLDER.glob(f"*.{language}.po")):
                texts |= _read(part)
            if override is not None and (override / f"{language}.po").exists():
                own = _read(override / f"{language}.po")
                _check(language, own, texts)
                texts |= own
            self._texts[language] = texts

    def __call__(self, language: Language, name: str, **values: object) -> str:
        """The text with its `{placeholders}` filled."""
        return self._texts[language][name].format_map(values)

    def names(self, language: Language) -> dict[str, str]:
        """All texts of a language by name."""
        return dict(self._texts[language])


def _read(path: Path) -> dict[str, str]:
    with path.open("rb") as file:
        catalogue = read_po(file)
    return {str(m.id): str(m.string) for m in catalogue if m.id and m.string}


def _check(language: Language, own: Mapping[str, str], ours: Mapping[str, str]) -> None:
    """Told at the start rather than when a mail can't be written. Raises ValueError."""
    for name, text in own.items():
        if name in ours and not _placeholders(text) <= _placeholders(ours[name]):
            raise ValueError(f"the company's own text {name} ({language}) has unknown placeholders")


def _placeholders(text: str) -> set[str]:
    # With what follows a name, too: `{text.upper}` isn't `{text}`.
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


@cache
def texts() -> Texts:
    """The catalogues as shipped."""
    return Texts()


def language_of(request: Request) -> Language:
    """The language for a page: `?lang=`, else the cookie, else the browser's wish, else Kazakh."""
    wishes = [request.query_params.get("lang", ""), request.cookies.get(COOKIE, "")]
    wishes += [
        w.split(";")[0].strip() for w in request.headers.get("accept-language", "").split(",")
    ]
    for wish in wishes:
        code = wish[:2].lower()
        if code in Language.__members__:
            return Language(code)
    return Language.kk
