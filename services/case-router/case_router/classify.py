"""What kind of submission a text is, what it is about, and whether a person must decide."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from case_router.model import Embedder, Weights, load_weights
from case_router.ngrams import weigh
from case_router.pieces import clean
from speakup.events import Channel, Kind, Language
from speakup.language import in_own_letters, language_of

FEWEST_LETTERS = 12
"""A text with fewer letters says too little: a person looks at it."""

SURE_CATEGORY = 0.5
"""A less probable category isn't told."""


@dataclass(frozen=True, slots=True)
class Classification:
    """The machine's opinion of one submission; `probability` is that of `kind`, calibrated."""

    kind: Kind
    probability: float
    needs_triage: bool
    category: str | None
    language: Language | None
    version: str


class Classifier:
    """Decides from the text alone; may be called from several threads at once."""

    def __init__(self, embedder: Embedder, weights: Weights) -> None:
        self._embedder = embedder
        self._weights = weights

    @classmethod
    def load(cls) -> Classifier:
        """With the packaged model and all its tables in memory (under a second); once a process."""
        return cls(Embedder(), load_weights())

    def classify(self, text: str, channel: Channel, hint: Kind | None = None) -> Classification:
        """The opinion of any text, within 2 s on one core.

        `hint` is what the reporter said it is: an opinion against it is for a person to settle. The
        channel isn't weighed by this model.
        """
        text = clean(text)
        language = language_of(text)
        letters = sum(map(str.isalpha, text))
        if letters < 2:
            return self._nothing_to_read(hint)
        features = self._embedder.features(text)
        kind, probability = self._kind(text, features)
        unsure = (
            not is_readable(text, language)
            or (hint is not None and hint != kind)
            or probability < self._threshold(kind)
        )
        category = None if kind is Kind.out_of_scope else self._category(features)
        return Classification(kind, probability, unsure, category, language, self._weights.version)

    def _nothing_to_read(self, hint: Kind | None) -> Classification:
        kind = hint or Kind.breach_report
        return Classification(kind, 1 / len(Kind), True, None, None, self._weights.version)

    def _kind(self, text: str, features: NDArray[np.float32]) -> tuple[Kind, float]:
        weights = self._weights
        places, values = weigh(text, weights.ngram_rarity)
        scores = weights.kind_weights @ features + weights.kind_bias
        scores += weights.ngram_weights[:, places] @ values
        probabilities = softmax(scores / weights.temperature)
        best = int(probabilities.argmax())
        return weights.kinds[best], float(probabilities[best])

    def _threshold(self, kind: Kind) -> float:
        if kind is Kind.out_of_scope:
            return self._weights.sure_out_of_scope
        return self._weights.sure

    def _category(self, features: NDArray[np.float32]) -> str | None:
        weights = self._weights
        probabilities = softmax(weights.category_weights @ features + weights.category_bias)
        best = int(probabilities.argmax())
        return weights.categories[best] if probabilities[best] >= SURE_CATEGORY else None


def is_readable(text: str, language: Language | None) -> bool:
    """Whether it has letters enough and is in a language of ours in its own alphabet: the model is weak on
    Kazakh and Russian in Latin letters.
    """
    letters = sum(map(str.isalpha, text))
    return letters >= FEWEST_LETTERS and language is not None and in_own_letters(text, language)


def softmax(scores: NDArray[np.floating]) -> NDArray[np.float64]:
    """Probabilities of scores along the last axis."""
    raised = np.exp((scores - scores.max(axis=-1, keepdims=True)).astype(np.float64))
    return np.asarray(raised / raised.sum(axis=-1, keepdims=True))
