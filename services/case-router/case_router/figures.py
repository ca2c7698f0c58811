"""How good the classifier is on texts it wasn't trained on: plain numbers from plain arrays."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from case_router.classify import softmax
from speakup.events import Kind

RIGHT = 0.97
"""Of what goes without triage, at least this share shall be right."""

SUREST_REPORT_MARGIN = 0.005
FLOOR_OUT_OF_SCOPE = 0.9


@dataclass(frozen=True, slots=True)
class Calibration:
    """What is learnt from out-of-fold scores: see `model.Weights`."""

    temperature: float
    sure: float
    sure_out_of_scope: float


def calibrate(
    scores: NDArray[np.float64], truth: NDArray[np.int_], readable: NDArray[np.bool_]
) -> Calibration:
    """Temperature and thresholds from out-of-fold scores (rows, kinds) and the index of the truth.

    Rows that aren't `readable` go to triage anyhow and don't count for the thresholds.
    """
    temperatures = np.geomspace(0.3, 5, 100)
    rows = np.arange(len(truth))
    losses = [-np.log(softmax(scores / t)[rows, truth] + 1e-12).mean() for t in temperatures]
    temperature = float(temperatures[int(np.argmin(losses))])
    probabilities = softmax(scores / temperature)
    chosen, top = probabilities.argmax(axis=1), probabilities.max(axis=1)
    out, report = _index(Kind.out_of_scope), _index(Kind.breach_report)
    surest = top[readable & (chosen == out) & (truth == report)].max(initial=0.0)
    sure = next(
        (
            float(t)
            for t in np.arange(0.4, 0.999, 0.005)
            if _right(readable & (chosen != out) & (top >= t), chosen == truth) >= RIGHT
        ),
        0.999,
    )
    sure_out = max(FLOOR_OUT_OF_SCOPE, min(float(surest) + SUREST_REPORT_MARGIN, 1.0))
    return Calibration(temperature, sure, sure_out)


def routed(
    probabilities: NDArray[np.float64], readable: NDArray[np.bool_], by: Calibration
) -> NDArray[np.bool_]:
    """Which rows would go without triage."""
    out = probabilities.argmax(axis=1) == _index(Kind.out_of_scope)
    needed = np.where(out, by.sure_out_of_scope, by.sure)
    return np.asarray(readable & (probabilities.max(axis=1) >= needed))


def accuracy_and_f1(truth: NDArray[np.int_], chosen: NDArray[np.int_]) -> tuple[float, float]:
    """Accuracy, and F1 averaged over the labels that occur in the truth."""
    scores = [f1(truth, chosen, int(label)) for label in np.unique(truth)]
    return float((truth == chosen).mean()), float(np.mean(scores))


def f1(truth: NDArray[np.int_], chosen: NDArray[np.int_], label: int) -> float:
    """Harmonic mean of precision and recall of one label."""
    right = int(((truth == label) & (chosen == label)).sum())
    told = int((truth == label).sum()) + int((chosen == label).sum())
    return 2 * right / told if told else 0.0


def calibration_error(probabilities: NDArray[np.float64], truth: NDArray[np.int_]) -> float:
    """Expected calibration error of the top probability, ten bins of equal width."""
    top, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == truth
    bins = np.minimum((top * 10).astype(int), 9)
    gaps = [
        abs(top[bins == b].mean() - right[bins == b].mean()) * (bins == b).mean()
        for b in range(10)
        if (bins == b).any()
    ]
    return float(sum(gaps))


def table(
    truth: NDArray[np.int_],
    models: Mapping[str, NDArray[np.int_]],
    parts: Mapping[str, Sequence[str]],
) -> list[str]:
    """Lines for people, a column a model.

    All rows and each value of each part with accuracy / macro-F1, each kind with recall / F1.
    """

    def line(label: str, n: int, cells: Iterable[tuple[float, float]]) -> str:
        return f"{label:<26}{n:>6}" + "".join(f"{a:>12.3f} / {b:.2f}" for a, b in cells)

    every = np.ones(len(truth), dtype=bool)
    groups = {"all": every} | {
        value: np.array([v == value for v in values])
        for values in parts.values()
        for value in sorted(set(values))
    }
    lines = [f"{'':<32}" + "".join(f"{name:>19}" for name in models)]
    for name, rows in groups.items():
        cells = [accuracy_and_f1(truth[rows], chosen[rows]) for chosen in models.values()]
        lines.append(line(name, int(rows.sum()), cells))
    for at, kind in enumerate(Kind):
        rows = truth == at
        cells = [((chosen[rows] == at).mean(), f1(truth, chosen, at)) for chosen in models.values()]
        lines.append(line(kind, int(rows.sum()), cells))
    return lines


def _right(rows: NDArray[np.bool_], right: NDArray[np.bool_]) -> float:
    return float(right[rows].mean()) if rows.any() else 1.0


def _index(kind: Kind) -> int:
    return list(Kind).index(kind)
