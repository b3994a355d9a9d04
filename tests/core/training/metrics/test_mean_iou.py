"""Against torchmetrics' Jaccard index (ignored pixels included), and by hand where it has no answer."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from torchmetrics.classification import MulticlassJaccardIndex

from core.annotation.labels import Category, LabelSet
from core.annotation.views import SEMANTIC_VOID
from core.training.metrics.mean_iou import MeanIou
from core.training.metrics.truths import NOTHING


def label_set(*ids):
    return LabelSet.of(Category(number, f"c{number}", False, (0, 0, 0)) for number in ids)


def maps(values):
    return st.integers(1, 3).flatmap(
        lambda count: st.tuples(
            *[arrays.arrays(np.int32, (count, 4, 5), elements=st.sampled_from(values)) for _ in range(2)]
        )
    )


@settings(max_examples=30, deadline=None)
@given(maps([0, 1, 2, 3]), st.data())
def test_it_is_torchmetrics_jaccard_index(both, data):
    predicted, truth = both
    ignored = data.draw(arrays.arrays(np.bool_, truth.shape))
    metric = MeanIou(label_set(0, 1, 2, 3))
    reference = MulticlassJaccardIndex(4, average="none", ignore_index=99)
    for index in range(len(truth)):
        metric.add(predicted[index], np.where(ignored[index], SEMANTIC_VOID, truth[index]))
        theirs = torch.from_numpy(np.where(ignored[index], 99, truth[index]))[None]
        reference.update(torch.from_numpy(predicted[index])[None], theirs)
    scores = metric.scores()
    expected = reference.compute().numpy()
    for number in range(4):
        assert scores.by_category.get(f"c{number}", 0.0) == pytest.approx(float(expected[number]), abs=1e-6)
    occurring = sorted(set(truth[~ignored].tolist()))
    if occurring:
        assert scores.mean_iou == pytest.approx(float(expected[occurring].mean()), abs=1e-6)
        assert scores.accuracy == pytest.approx(float((predicted == truth)[~ignored].mean()))
    else:
        assert math.isnan(scores.mean_iou)


def test_an_absent_category_counts_in_no_mean_and_a_wrongly_predicted_one_is_listed():
    metric = MeanIou(label_set(3, 70_000, 8))
    metric.add(np.array([[70_000, 8, 3, 3]]), np.array([[70_000, 3, 3, 3]]))
    scores = metric.scores()
    assert scores.by_category == {"c3": pytest.approx(2 / 3), "c8": 0.0, "c70000": 1.0}
    assert scores.mean_iou == pytest.approx((1 + 2 / 3) / 2)


def test_what_is_known_to_be_nothing_is_background_and_void_is_not():
    metric = MeanIou(label_set(5))
    metric.add(np.array([[5, 5, 5, NOTHING]]), np.array([[5, NOTHING, SEMANTIC_VOID, 5]]))
    scores = metric.scores()
    assert scores.mean_iou == pytest.approx(1 / 3)
    assert scores.accuracy == pytest.approx(1 / 2)


@pytest.mark.parametrize("categories", [label_set(), label_set(1)])
def test_nothing_to_judge(categories):
    metric = MeanIou(categories)
    metric.add(np.full((2, 2), 1), np.full((2, 2), SEMANTIC_VOID))
    scores = metric.scores()
    assert scores.images == 1
    assert math.isnan(scores.mean_iou)
    assert math.isnan(scores.accuracy)
    assert scores.by_category == {}
