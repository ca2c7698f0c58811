"""`make model`: trains the classifier on data/train.jsonl, writes data/weights.npz, tells its figures.

Deterministic: the same data and packages give the same bytes. scikit-learn is needed here only.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer  # type: ignore[import-untyped]
from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped]

from case_router.classify import FEWEST_LETTERS, softmax
from case_router.figures import (
    Calibration,
    accuracy_and_f1,
    calibrate,
    calibration_error,
    routed,
    table,
)
from case_router.model import WEIGHTS, Embedder, Vector
from speakup.events import Kind
from speakup.language import detect

DATA = Path(__file__).parent / "data" / "train.jsonl"
FOLDS = 10
NEIGHBOURS = 10
"""Ids so near that they may be twins: they are in one fold, so no twin of a tested text was learnt."""
STRENGTH = 0.003
"""Inverse regularization of both linear layers, on standardized features."""

Row = dict[str, str]
Scores = NDArray[np.float64]
Labels = NDArray[np.int_]


def main() -> None:
    """Trains, writes and tells."""
    rows = [json.loads(line) for line in DATA.read_text("utf-8").splitlines()]
    embedder = Embedder()
    features = np.stack([embedder.features(row["text"]) for row in rows])
    truth = np.array([list(Kind).index(Kind(row["kind"])) for row in rows])
    fold = folds([row["id"] for row in rows])
    scores = out_of_fold(features, truth, fold)
    readable = np.array([_readable(row["text"]) for row in rows])
    calibration = calibrate(scores, truth, readable)
    category = _categories(rows, features, fold)
    lines = report(rows, scores, truth, fold, readable)
    lines.append(f"category, out of fold: {category:.3f} macro-F1")
    lines.append(f"chosen: {calibration}")
    _save(rows, features, truth, calibration)
    sys.stdout.write("\n".join([*lines, f"written: {WEIGHTS}\n"]))


def folds(ids: list[str]) -> Labels:
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


def fit(features: Vector, truth: Labels) -> tuple[Vector, Vector]:
    """Weights (labels, features) and bias of a logistic regression, for features as they come."""
    mean, spread = features.mean(axis=0), features.std(axis=0) + 1e-6
    model: Any = LogisticRegression(C=STRENGTH, max_iter=500, tol=1e-4)
    model.fit((features - mean) / spread, truth)
    weights = model.coef_ / spread
    return weights.astype(np.float32), (model.intercept_ - weights @ mean).astype(np.float32)


def out_of_fold(features: Vector, truth: Labels, fold: Labels) -> Scores:
    """Scores (rows, labels) of each row by a model that saw nothing of its fold."""
    scores = np.zeros((len(truth), int(truth.max()) + 1))
    for number in range(FOLDS):
        weights, bias = fit(features[fold != number], truth[fold != number])
        scores[fold == number] = features[fold == number] @ weights.T + bias
    return scores


def report(
    rows: list[Row], scores: Scores, truth: Labels, fold: Labels, readable: NDArray[np.bool_]
) -> list[str]:
    """The figures. Temperature and thresholds for a fold are chosen on the other folds."""
    probabilities, alone = np.zeros_like(scores), np.zeros(len(rows), dtype=bool)
    for number in range(FOLDS):
        rest, here = fold != number, fold == number
        by = calibrate(scores[rest], truth[rest], readable[rest])
        probabilities[here] = softmax(scores[here] / by.temperature)
        alone[here] = routed(probabilities[here], readable[here], by)
    chosen = probabilities.argmax(axis=1)
    models = {
        "this": chosen,
        "char TF-IDF": _tfidf([row["text"] for row in rows], truth, fold),
        "always a report": np.zeros_like(truth),
    }
    parts = {name: [row[name] for row in rows] for name in ("kind", "language", "style")}
    report_lost = (truth == 0) & (chosen == len(Kind) - 1)
    return [
        "accuracy / macro-F1 of kind, out of fold",
        *table(truth, models, parts),
        f"calibration error: {calibration_error(probabilities, truth):.3f}",
        f"without triage: {alone.mean():.1%}, of them right {(chosen == truth)[alone].mean():.1%}",
        f"breach reports called out_of_scope: {report_lost.sum()},"
        f" of them without triage {(report_lost & alone).sum()}",
    ]


def _readable(text: str) -> bool:
    return detect(text) is not None and sum(map(str.isalpha, text)) >= FEWEST_LETTERS


def _tfidf(texts: list[str], truth: Labels, fold: Labels) -> Labels:
    chosen = np.zeros_like(truth)
    for number in range(FOLDS):
        vectors: Any = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4), min_df=2)
        known = vectors.fit_transform([t for t, f in zip(texts, fold, strict=True) if f != number])
        asked = vectors.transform([t for t, f in zip(texts, fold, strict=True) if f == number])
        model: Any = LogisticRegression(C=10, max_iter=500)
        chosen[fold == number] = model.fit(known, truth[fold != number]).predict(asked)
    return chosen


def _in_scope(rows: list[Row]) -> tuple[NDArray[np.bool_], list[str], Labels]:
    inside = np.array([row["kind"] != Kind.out_of_scope for row in rows])
    told = [row["category"] for row in rows if row["kind"] != Kind.out_of_scope]
    names = sorted(set(told))
    return inside, names, np.array([names.index(name) for name in told])


def _categories(rows: list[Row], features: Vector, fold: Labels) -> float:
    inside, names, truth = _in_scope(rows)
    chosen = out_of_fold(features[inside], truth, fold[inside]).argmax(axis=1)
    return accuracy_and_f1(truth, chosen, len(names))[1]


def _save(rows: list[Row], features: Vector, truth: Labels, calibration: Calibration) -> None:
    inside, names, categories = _in_scope(rows)
    kind_weights, kind_bias = fit(features, truth)
    category_weights, category_bias = fit(features[inside], categories)
    np.savez(
        WEIGHTS,
        kinds=np.array([kind.value for kind in Kind]),
        kind_weights=kind_weights,
        kind_bias=kind_bias,
        categories=np.array(names),
        category_weights=category_weights,
        category_bias=category_bias,
        temperature=np.float64(calibration.temperature),
        sure=np.float64(calibration.sure),
        sure_out_of_scope=np.float64(calibration.sure_out_of_scope),
    )


if __name__ == "__main__":
    main()
