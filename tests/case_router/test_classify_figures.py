from __future__ import annotations

import numpy as np
import pytest

from case_router.figures import RIGHT, accuracy_and_f1, calibrate, calibration_error, routed
from case_router.fit import NEIGHBOURS, folds

REPORT, INQUIRY, OUT = 0, 1, 2


def scores_and_truth(n: int = 600) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(3)
    truth = rng.integers(0, 3, n)
    scores = rng.normal(0, 2, (n, 3))
    scores[np.arange(n), truth] += 3
    return scores * 5, truth


def test_what_goes_without_triage_is_right_as_often_as_promised() -> None:
    scores, truth = scores_and_truth()
    readable = np.ones(len(truth), dtype=bool)
    by = calibrate(scores, truth, readable)
    probabilities = np.exp(scores / by.temperature)
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    alone = routed(probabilities, readable, by)
    chosen = probabilities.argmax(axis=1)
    assert alone.sum() > 100
    assert (chosen == truth)[alone & (chosen != OUT)].mean() >= RIGHT


def test_no_breach_report_is_called_out_of_scope_without_triage() -> None:
    scores, truth = scores_and_truth()
    scores[0], truth[0] = [0, 0, 40], REPORT
    readable = np.ones(len(truth), dtype=bool)
    by = calibrate(scores, truth, readable)
    probabilities = np.exp(scores / by.temperature)
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    alone = routed(probabilities, readable, by)
    assert not (alone & (truth == REPORT) & (probabilities.argmax(axis=1) == OUT)).any()


def test_boastful_scores_are_tempered() -> None:
    scores, truth = scores_and_truth()
    assert calibrate(scores, truth, np.ones(len(truth), dtype=bool)).temperature > 2


def test_accuracy_and_f1_are_those_of_the_textbook() -> None:
    accuracy, f1 = accuracy_and_f1(np.array([0, 0, 1, 1]), np.array([0, 1, 1, 1]))
    assert accuracy == 0.75
    assert f1 == pytest.approx((2 / 3 + 4 / 5) / 2)


def test_a_model_sure_of_wrong_answers_has_a_large_calibration_error() -> None:
    sure = np.array([[0.95, 0.03, 0.02]] * 4)
    assert calibration_error(sure, np.array([1, 1, 1, 1])) == pytest.approx(0.95)


def test_neighbours_are_in_one_fold() -> None:
    ids = [f"{language}{n:03}" for language in ("ru", "kk") for n in range(1, 101)]
    found = folds(ids)
    blocks = found.reshape(-1, NEIGHBOURS)
    assert (blocks == blocks[:, :1]).all()
    assert len(set(found.tolist())) > 5
