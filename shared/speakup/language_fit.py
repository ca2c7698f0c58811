"""Makes `language.txt` of labelled texts: `python -m speakup.language_fit train.jsonl` (`make model`).

A row is a JSON object a line with `text` and `language`; others than ours (`mixed`) aren't learnt from.
Deterministic: the same rows give the same bytes.
"""

from __future__ import annotations

import json
import math
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from speakup.events import Language
from speakup.language import FILE, groups, spelt

GROUPS = 2_000
"""Fewer lose, more win little: the last of them come once in 5,000 to 8,000 letters."""

CHANCE = 1e-5
"""Share of a group in a language that isn't known to have it."""

# As people type Russian and Kazakh in Latin letters, besides `spelt`'s own way.
_OTHER_SPELLINGS = tuple(
    map(
        str.maketrans,
        (
            {
                "ж": "j",
                "х": "kh",
                "ц": "ts",
                "щ": "shch",
                "ё": "yo",
                "ю": "ju",
                "я": "ja",
                "қ": "q",
            },
            {"ж": "j", "ш": "w", "щ": "sch", "ц": "ts", "ы": "i", "ю": "u", "я": "ia", "ғ": "gh"},
        ),
    )
)


def fit(rows: Sequence[Mapping[str, str]]) -> dict[str, str]:
    """The groups that say most, each with a digit for each language: the natural logarithm of how much
    more frequent it is there than CHANCE.
    """
    counts = {language: Counter[str]() for language in Language}
    for row in rows:
        if row["language"] in counts:
            for text in _spellings(row["text"].lower()):
                counts[Language(row["language"])].update(groups(spelt(text)))
    totals = [(count, count.total()) for count in counts.values()]
    found = sorted(set().union(*counts.values()))
    shares = {group: [count[group] / total for count, total in totals] for group in found}
    digits = {group: [*map(_digit, shares[group])] for group in found}
    most = sorted(found, key=lambda group: -sum(shares[group]) * max(digits[group]))[:GROUPS]
    return {group: "".join(map(str, digits[group])) for group in sorted(most)}


def _spellings(text: str) -> Iterator[str]:
    yield text
    for spelling in _OTHER_SPELLINGS:
        yield text.translate(spelling)


def _digit(share: float) -> int:
    return min(9, round(math.log(max(1, share / CHANCE))))


def main() -> None:
    """Reads the file that is named, writes FILE."""
    rows = [json.loads(line) for line in Path(sys.argv[1]).read_text("utf-8").splitlines()]
    entries = [group.replace(" ", "_") + digits for group, digits in fit(rows).items()]
    lines = [" ".join(entries[at : at + 14]) for at in range(0, len(entries), 14)]
    FILE.write_text("\n".join([*lines, ""]), "ascii")


if __name__ == "__main__":
    main()
