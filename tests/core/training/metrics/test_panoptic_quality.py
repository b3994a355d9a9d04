"""Against torchmetrics' PanopticQuality, and against the definition written out mask by mask."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from torchmetrics.detection import PanopticQuality as TheirPanopticQuality

from core.annotation.labels import Category, LabelSet
from core.training.metrics.panoptic_quality import PanopticQuality
from core.training.metrics.truths import NOTHING, SegmentMap

# Things 1 and 2, stuff 3 and 4; 9 is a category that is predicted and not judged.
LABELS = LabelSet.of(Category(number, f"c{number}", number < 3, (0, 0, 0)) for number in (1, 2, 3, 4))
FOREIGN = 9


def category_of(ids, categories):
    """A map whose values say their category: id 10·category + k."""
    numbers = [int(number) for number in np.unique(ids) if number > 0]
    return SegmentMap(ids.astype(np.int32), {number: number // 10 for number in numbers if number // 10 in categories})


def maps(values, count=1):
    """Maps of big enough patches for segments to match now and then."""
    patches = arrays.arrays(np.int64, (4, 3), elements=st.sampled_from(values))
    return st.lists(patches.map(lambda ids: np.kron(ids, np.ones((2, 2), dtype=np.int64))), min_size=count, max_size=3)


THINGS, STUFF = [10, 11, 20, 21], [30, 40]


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_it_is_torchmetrics_panoptic_quality(data):
    """Void in the truth; in the prediction a foreign category instead, since torchmetrics forgives misses there."""
    truths = data.draw(maps([0, *THINGS, *STUFF]))
    metric = PanopticQuality(LABELS)
    reference = TheirPanopticQuality(
        things={1, 2}, stuffs={3, 4, FOREIGN}, allow_unknown_preds_category=True, return_sq_and_rq=True,
        return_per_class=True,
    )  # fmt: skip
    for truth in truths:
        noise = data.draw(maps([*THINGS, *STUFF, 90]))[0]
        kept = data.draw(arrays.arrays(np.bool_, truth.shape))
        predicted = np.where(kept & (truth > 0), truth, noise)
        metric.add(category_of(predicted, {1, 2, 3, 4, FOREIGN}), category_of(truth, {1, 2, 3, 4}))
        theirs = [torch.from_numpy(np.stack([ids // 10, ids * (ids < 30)], -1))[None] for ids in (predicted, truth)]
        reference.update(*theirs)
    expected = reference.compute().numpy().reshape(-1, 3)
    order = [1, 2, 3, 4, FOREIGN]
    scores = metric.scores()
    for place, number in enumerate(order[:4]):
        quality = scores.by_category.get(f"c{number}")
        found = (quality.pq, quality.sq, quality.rq) if quality else (0, 0, 0)
        np.testing.assert_allclose(found, expected[place], atol=1e-6)
    for group, numbers in ((scores.overall, order[:4]), (scores.things, [1, 2]), (scores.stuff, [3, 4])):
        places = [order.index(number) for number in numbers if f"c{number}" in scores.by_category]
        mean = expected[places].mean(0) if places else [np.nan] * 3
        np.testing.assert_allclose((group.pq, group.sq, group.rq), mean, atol=1e-6)


def plain_counts(predicted, truth, crowds, category):
    """Matched IoUs, wrong and missed segments of a category, straight from Kirillov et al. 2019 and COCO's rules."""
    found = {number: predicted.ids == number for number, its in predicted.categories.items() if its == category}
    true = {number: truth.ids == number for number, its in truth.categories.items() if its == category}
    void = truth.ids == 0
    matched, ious = set(), []
    for number, inside in true.items():
        for other, mask in found.items():
            union = (inside | mask) & ~(void & mask)
            if number not in crowds and inside.any() and (iou := (inside & mask).sum() / union.sum()) > 0.5:
                matched |= {("true", number), ("found", other)}
                ious.append(iou)
    missed = sum(inside.any() and ("true", n) not in matched and n not in crowds for n, inside in true.items())
    unsure = void | np.any([inside for n, inside in true.items() if n in crowds] or [np.zeros_like(void)], axis=0)
    wrong = sum(
        mask.any() and ("found", n) not in matched and (mask & unsure).sum() <= mask.sum() / 2
        for n, mask in found.items()
    )
    return sorted(ious), wrong, missed


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_it_is_the_definition_with_void_crowds_and_nothing(data):
    truth = category_of(data.draw(maps([0, NOTHING, *THINGS, *STUFF]))[0], {1, 2, 3, 4})
    noise = data.draw(maps([0, NOTHING, *THINGS, *STUFF, 90]))[0]
    kept = data.draw(arrays.arrays(np.bool_, truth.ids.shape))
    predicted = category_of(np.where(kept, truth.ids, noise), {1, 2, 3, 4, FOREIGN})
    crowds = data.draw(st.sets(st.sampled_from([*THINGS, *STUFF])))
    metric = PanopticQuality(LABELS)
    metric.add(predicted, truth, crowds=crowds)
    by_category = metric.scores().by_category
    for number in (1, 2, 3, 4):
        ious, wrong, missed = plain_counts(predicted, truth, crowds, number)
        quality = by_category.get(f"c{number}")
        if quality is None:
            assert (ious, wrong, missed) == ([], 0, 0)
            continue
        assert (quality.matched, quality.wrong, quality.missed) == (len(ious), wrong, missed)
        assert quality.sq == pytest.approx(np.mean(ious) if ious else 0)
        assert quality.pq == pytest.approx(sum(ious) / (len(ious) + wrong / 2 + missed / 2))


def test_ids_up_to_sixteen_bits_and_one_pixel():
    ids = np.full((30, 40), 65_535, dtype=np.int32)
    ids[7, 9] = 65_534
    segments = SegmentMap(ids, {65_535: 3, 65_534: 1})
    metric = PanopticQuality(LABELS)
    metric.add(segments, segments)
    scores = metric.scores()
    assert (scores.overall.pq, scores.things.pq, scores.stuff.pq, scores.overall.matched) == (1, 1, 1, 2)


def test_void_everywhere_forgives_all_and_judges_nothing():
    metric = PanopticQuality(LABELS)
    metric.add(SegmentMap(np.full((4, 4), 7, dtype=np.int32), {7: 1}), SegmentMap(np.zeros((4, 4), np.int32), {}))
    scores = metric.scores()
    assert math.isnan(scores.overall.pq)
    assert scores.by_category == {}


def test_what_is_found_in_known_emptiness_is_wrong():
    metric = PanopticQuality(LABELS)
    empty = SegmentMap(np.full((4, 4), NOTHING, dtype=np.int32), {})
    metric.add(SegmentMap(np.full((4, 4), 7, dtype=np.int32), {7: 1}), empty)
    assert metric.scores().by_category["c1"].wrong == 1
    assert metric.scores().overall.pq == 0


def test_a_segment_without_a_pixel_is_none():
    metric = PanopticQuality(LABELS)
    ids = np.full((4, 4), 7, dtype=np.int32)
    metric.add(SegmentMap(ids, {7: 1, 8: 1}), SegmentMap(ids, {7: 1, 9: 2}))
    assert metric.scores().overall.pq == 1
