"""Finds staff who may be named in a text: inflected, in another alphabet, with initials. Pure.

Whoever is missed could read what was reported about them; whoever is found by mistake only has the case go to
the chair. So a surname alone is enough, unless it is also a given name or too short to mean anything.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import NamedTuple
from uuid import UUID

from case_router.endings import ENDINGS, is_family_name, is_patronymic, patronymics, stems
from case_router.transliteration import plain, sound, sounds

_WORD = re.compile(r"[^\W\d_]+")
_DOTTED = re.compile(r"\s?\.[\s.]*")
_APART = re.compile(r"[:;!?]|\n\s*\n")
_CAPITAL = re.compile(r"[A-ZА-ЯЁІӘҒҚҢӨҰҮҺ]")
_ENDS_SENTENCE = re.compile(r"[.!?:;>\n\r«\"“„(–—]\s*\Z|\A\s*\Z")

NEAR = 2
"""Words from a surname to a given name that go together: a patronymic or initials may stand between."""
ALONE = 5
"""Letters of a surname that are enough without a capital letter."""
CAPITALISED_ALONE = 3
"""Letters of a surname that are enough with one."""
MOST_REMEMBERED = 200_000
"""Words without a meaning that needn't be looked at again: 12 MB."""


class Part(Enum):
    """Of a name."""

    surname = "surname"
    given = "given"
    patronymic = "patronymic"


class Name(NamedTuple):
    """A name by its parts, each as it is written."""

    surnames: tuple[str, ...]
    given: tuple[str, ...]
    patronymics: tuple[str, ...]


class _Hit(NamedTuple):
    person: UUID
    part: Part
    whole: str
    alone: int | None
    """Of a surname that is enough without any other part: how many letters it has; else None."""


@dataclass(frozen=True, slots=True)
class _Word:
    text: str
    start: int
    end: int
    hits: Sequence[_Hit]


@dataclass
class Finder:
    """Looks for some people; `given_names` are words that are no surname by themselves."""

    people: Mapping[UUID, str]
    given_names: Collection[str] = ()
    _stems: dict[str, list[_Hit]] = field(init=False, default_factory=dict)
    _lengths: tuple[int, ...] = field(init=False, default=())
    # Nobody's words are kept: only hashes, of those that are no name.
    _harmless: set[int] = field(init=False, default_factory=set)
    _initials: dict[UUID, frozenset[str]] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        given = {stem for name in self.given_names for one in sounds(name) for stem in stems(one)}
        found: dict[str, set[_Hit]] = defaultdict(set)
        for person, written in self.people.items():
            name = parts(written)
            self._initials[person] = frozenset(
                one[:1] for word in name.given for one in sounds(word) if one
            )
            for part, words in zip(Part, name, strict=True):
                for one in _all_sounds(part, words):
                    alone = len(one) if part is Part.surname and not given & stems(one) else None
                    for stem in stems(one):
                        found[stem].add(_Hit(person, part, one, alone))
        self._stems = {stem: list(hits) for stem, hits in found.items()}
        self._lengths = tuple(sorted({len(stem) for stem in self._stems}))

    def find(self, text: str) -> frozenset[UUID]:
        """Who may be named."""
        if not self.people or not any(map(self._is_suspect, set(text.split()))):
            return frozenset()
        text = plain(text)
        words = [
            _Word(match[0], match.start(), match.end(), self._meaning(match[0]))
            for match in _WORD.finditer(text)
        ]
        return frozenset(self._named(text, words))

    def _is_suspect(self, chunk: str) -> bool:
        """Whether what stands between two spaces has a word of a name in it."""
        key = hash(chunk)
        if key in self._harmless:
            return False
        if any(self._meaning(word) for word in _WORD.findall(plain(chunk))):
            return True
        if len(self._harmless) > MOST_REMEMBERED:
            self._harmless.clear()
        self._harmless.add(key)
        return False

    def _meaning(self, word: str) -> Sequence[_Hit]:
        if len(word) < 2:
            return ()
        heard = sound(word)
        hits: set[_Hit] = set()
        for length in self._lengths:
            if length > len(heard):
                break
            stem = heard[:length]
            if stem in self._stems and heard[length:] in ENDINGS:
                hits.update(self._stems[stem])
        if hits and is_patronymic(heard):
            # Петровна is no Петрова.
            hits = {hit for hit in hits if hit.part is Part.patronymic or hit.whole == heard}
        return tuple(hits)

    def _named(self, text: str, words: Sequence[_Word]) -> Iterable[UUID]:
        capitals = _CAPITAL.search(text) is not None
        places: dict[UUID, dict[Part, list[tuple[int, _Hit]]]] = {}
        for place, word in enumerate(words):
            for hit in word.hits:
                if len(hit.whole) >= ALONE or word.text[0].isupper() or not capitals:
                    of_person = places.setdefault(hit.person, {part: [] for part in Part})
                    of_person[hit.part].append((place, hit))
        for person, found in places.items():
            surnames, given, fathers = (found[part] for part in Part)
            if (
                _together(text, words, surnames, given, range(-NEAR, NEAR + 1))
                or _together(text, words, given, fathers, range(1, 2))
                or any(self._is_enough(text, words, place, hit) for place, hit in surnames)
            ):
                yield person

    def _is_enough(self, text: str, words: Sequence[_Word], place: int, hit: _Hit) -> bool:
        """A surname with its initials, or alone."""
        initials = _initials(text, words, place)
        if initials and initials[0] in self._initials[hit.person]:
            return True
        if len(initials) > 1 and self._initials[hit.person]:
            # А.С. Ахметов, when ours is a Марат.
            return False
        if hit.alone is None:
            return False
        word = words[place].text
        if hit.alone >= ALONE:
            return True
        # Ким, but not the кім that a sentence begins with.
        begins = _ENDS_SENTENCE.search(text[max(0, words[place].start - 10) : words[place].start])
        return hit.alone >= CAPITALISED_ALONE and word[:1].isupper() and begins is None


def parts(written: str) -> Name:
    """A name as it stands in a staff list: the surname first, unless another word is one by its ending."""
    words = [word for word in re.split(r"[\s,]+", plain(written)) if _WORD.search(word)]
    family: list[str] = []
    fathers = [word for word in words[1:] if is_patronymic(sound(word))]
    rest = [word for word in words if word not in fathers]
    if rest:
        surname = next((word for word in rest if is_family_name(sound(word))), rest[0])
        family = [surname]
        rest = [word for word in rest if word != surname]
    return Name(_split(family), _split(rest), _split(fathers))


def _split(words: Iterable[str]) -> tuple[str, ...]:
    """Words with a hyphen count by each half."""
    return tuple(piece for word in words for piece in _WORD.findall(word))


def _all_sounds(part: Part, words: Iterable[str]) -> set[str]:
    heard = {one for word in words for one in sounds(word) if len(one) > 1}
    if part is Part.patronymic:
        return {form for one in heard for form in patronymics(one)}
    return heard


def _together(
    text: str,
    words: Sequence[_Word],
    ones: Iterable[tuple[int, _Hit]],
    others: Sequence[tuple[int, _Hit]],
    distances: Collection[int],
) -> bool:
    """Whether a word of the ones and a word of the others stand so far from each other, in one phrase."""
    return any(
        other - place in distances
        and other != place
        and not _APART.search(text, words[min(place, other)].end, words[max(place, other)].start)
        for place, _ in ones
        for other, _ in others
    )


def _initials(text: str, words: Sequence[_Word], place: int) -> list[str]:
    """The sounds of the one or two initials before a surname, or else behind it."""
    before = []
    for other in range(place - 1, max(-1, place - 3), -1):
        if not _is_initial(words[other], text[words[other].end : words[other + 1].start]):
            break
        before.append(sound(words[other].text)[:1])
    behind = []
    for other in range(place + 1, min(len(words), place + 3)):
        gap = text[words[other - 1].end : words[other].start]
        after = text[words[other].end : words[other].end + 2]
        if gap.strip(". ,") or not _is_initial(words[other], after):
            break
        behind.append(sound(words[other].text)[:1])
    return before[::-1] or behind


def _is_initial(word: _Word, after: str) -> bool:
    # Zh., Sh., Yu.: one letter of the other alphabet is two of this one.
    return len(word.text) <= 2 and word.text[0].isupper() and bool(_DOTTED.match(after))
