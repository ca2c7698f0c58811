"""The letters of a text as counted n-grams: they see question words and endings that meaning blurs.

Hashed, so that the model needs no vocabulary, and small enough to stay in the repository.
"""

from __future__ import annotations

import re
from collections import Counter
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

SIZE = 1 << 15
"""Length of a vector of n-grams; a few rare ones share a place."""

LENGTHS = (2, 3, 4)

_WORD = re.compile(r"\S+")


def count(text: str) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
    """Places in the vector and 1 + log of how often; the n-grams lie within words, with their edges."""
    found: Counter[int] = Counter()
    for word, times in Counter(_WORD.findall(text.lower())).items():
        for place in _places(word):
            found[place] += times
    places = np.fromiter(found.keys(), dtype=np.intp, count=len(found))
    counts = np.fromiter(found.values(), dtype=np.float32, count=len(found))
    return places, 1 + np.log(counts)


def weigh(text: str, rarity: NDArray[np.float32]) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
    """Places and values of the text's vector of length 1; `rarity` (SIZE,) weighs each place."""
    places, counts = count(text)
    values = counts * rarity[places]
    return places, values / max(float(np.linalg.norm(values)), 1e-9)


def _places(word: str) -> list[int]:
    padded = f" {word} "
    return [
        crc32(padded[at : at + length].encode()) % SIZE
        for length in LENGTHS
        for at in range(len(padded) - length + 1)
    ]
