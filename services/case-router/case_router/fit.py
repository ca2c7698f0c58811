"""Fitting the classifier's linear layers, and scoring each text by layers that didn't see it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix  # type: ignore[import-untyped]
from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped]

from case_router import ngrams
from case_router.model import Vector

FOLDS = 10
NEIGHBOURS = 10
"""Ids so near that they may be twins: they are in one fold, so no twin of a tested text was learnt."""
MEANING_STRENGTH = 0.003
"""Inverse regularization of the layers over meaning, on standardized features."""
NGRAM_STRENGTH = 10.0

Scores = NDArray[np.float64]
Labels = NDArray[np.int_]


def folds(ids: Sequence[str]) -> Labels:
    """The fold of each id such as `ru017`; NEIGHBOURS consecutive ids share one."""
    groups: list[tuple[str, int]] = []
    for name in ids:
        found = re.fullmatch(r"(\D+)(\d+)", name)
        if found is None:
            raise ValueError("an id isn't letters and a number")
        groups.append((found[1], (int(found[2]) - 1) // NEIGHBOURS))
    order = {group: at for at, group in enumerate(dict.fromkeys(groups))}
    shuffled = np.random.default_rng(0).permutation(len(order))
    return np.array([shuffled[order[group]] % FOLDS for group in groups])


def meaning(features: Vector, truth: Labels) -> tuple[Vector, Vector]:
    """Weights (labels, features) and bias over features as `Embedder.features` gives them."""
    mean, spread = features.mean(axis=0), features.std(axis=0) + 1e-6
    model: Any = LogisticRegression(C=MEANING_STRENGTH, max_iter=500, tol=1e-4)
    model.fit((features - mean) / spread, truth)
    weights = model.coef_ / spread
    return weights.astype(np.float32), (model.intercept_ - weights @ mean).astype(np.float32)


def letters(texts: Sequence[str], truth: Labels) -> tuple[Vector, Vector, Vector]:
    """Weights (labels, ngrams.SIZE), bias and rarity (ngrams.SIZE,) over the n-grams of clean texts."""
    seen = np.zeros(ngrams.SIZE)
    for text in texts:
        seen[ngrams.count(text)[0]] += 1
    rarity = (np.log((1 + len(texts)) / (1 + seen)) + 1).astype(np.float32)
    model: Any = LogisticRegression(C=NGRAM_STRENGTH, max_iter=500)
    model.fit(_matrix(texts, rarity), truth)
    return model.coef_.astype(np.float32), model.intercept_.astype(np.float32), rarity


def meaning_scores(features: Vector, truth: Labels, fold: Labels) -> Scores:
    """Scores (rows, labels) out of fold."""
    scores = np.zeros((len(truth), int(truth.max()) + 1))
    for number in range(FOLDS):
        weights, bias = meaning(features[fold != number], truth[fold != number])
        scores[fold == number] = features[fold == number] @ weights.T + bias
    return scores


def letter_scores(texts: Sequence[str], truth: Labels, fold: Labels) -> Scores:
    """Scores (rows, labels) out of fold."""
    scores = np.zeros((len(truth), int(truth.max()) + 1))
    for number in range(FOLDS):
        known = [text for text, f in zip(texts, fold, strict=True) if f != number]
        asked = [text for text, f in zip(texts, fold, strict=True) if f == number]
        weights, bias, rarity = letters(known, truth[fold != number])
        scores[fold == number] = _matrix(asked, rarity) @ weights.T + bias
    return scores


def _matrix(texts: Sequence[str], rarity: Vector) -> Any:
    rows = [ngrams.weigh(text, rarity) for text in texts]
    ends = np.cumsum([0] + [len(places) for places, _ in rows])
    values = np.concatenate([values for _, values in rows])
    places = np.concatenate([places for places, _ in rows])
    return csr_matrix((values, places, ends), shape=(len(rows), ngrams.SIZE))
