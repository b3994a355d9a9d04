import math

import numpy as np
import pytest
import torch
from torchmetrics.classification import BinaryCalibrationError

from core.training.metrics.calibration import Calibration
from tests.core.training.metrics.made_answers import labels, proposal, rectangle

RIGHT, WRONG = rectangle(0, 0, 20, 20), rectangle(30, 30, 50, 50)
TRUTH = labels((RIGHT, "cat"))


@pytest.mark.parametrize("seed", range(3))
def test_the_expected_error_is_torchmetrics(seed):
    rng = np.random.default_rng(seed)
    scores, right = rng.random(50), rng.random(50) < 0.4
    calibration = Calibration(bins=7)
    for part in np.split(np.arange(50), [20]):
        calibration.add([proposal(RIGHT if right[i] else WRONG, float(scores[i])) for i in part], TRUTH)
    reference = BinaryCalibrationError(n_bins=7, norm="l1")
    reference.update(torch.from_numpy(scores), torch.from_numpy(right.astype(np.int64)))
    assert calibration.reliability().expected_error == pytest.approx(float(reference.compute()), abs=1e-6)


def test_bins_by_hand():
    calibration = Calibration(bins=4)
    calibration.add([proposal(RIGHT, 1.0), proposal(WRONG, 0.8), proposal(WRONG, 0.0), proposal(RIGHT, 0.25)], TRUTH)
    bins = calibration.reliability()
    assert bins.counts == (1, 1, 0, 2)
    assert bins.mean_score == (0.0, 0.25, None, pytest.approx(0.9))
    assert bins.right == (0.0, 1.0, None, 0.5)
    assert bins.expected_error == pytest.approx((0 + 0.75 + 2 * 0.4) / 4)


def test_what_nobody_can_judge_is_in_no_bin():
    calibration = Calibration()
    calibration.add([proposal(WRONG, 0.9), proposal(RIGHT, 0.9)], labels((RIGHT, None), complete=False))
    assert sum(calibration.reliability().counts) == 1


def test_without_proposals_there_is_no_error_to_tell():
    calibration = Calibration()
    calibration.add([], TRUTH)
    assert math.isnan(calibration.reliability().expected_error)
