"""Against COCOeval run as its authors do: all images at once, from a file of truth and a list of results."""

import contextlib
import io
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from core.annotation.labels import Category, LabelSet
from core.annotation.mask import Mask
from core.training.metrics.average_precision import Found, MaskAveragePrecision
from core.training.metrics.truths import Thing
from tests.core.training.made_sets import box

# Ids with gaps, as COCO's; 65536 is past what 16 bits hold.
IDS = (0, 3, 65_536)
LABELS = LabelSet.of(Category(number, f"c{number}", True, (0, 0, 0)) for number in IDS)
HEIGHT, WIDTH = 150, 170


def rectangle(top, left, height, width):
    return Mask.from_array(box(HEIGHT, WIDTH, top, left, top + height, left + width))


rectangles = st.builds(
    rectangle,
    st.sampled_from([0, 4, 30]), st.sampled_from([0, 7, 60]),
    st.sampled_from([1, 12, 20, 60, 110]), st.sampled_from([1, 14, 24, 50, 100]),
)  # fmt: skip
truths = st.lists(st.builds(Thing, st.sampled_from(IDS), rectangles, st.sampled_from([False, False, True])), max_size=6)
founds = st.lists(
    st.builds(Found, st.sampled_from([*IDS, 77]), st.sampled_from([0.1, 0.5, 0.5001, 0.9, 1.0]), rectangles), max_size=8
)


def entry(number, image, one):
    return {
        "id": number, "image_id": image, "category_id": one.category_id, "area": one.mask.area,
        "bbox": list(one.mask.bbox), "segmentation": one.mask.to_coco(),
    }  # fmt: skip


def coco_eval(photos, limit):
    """The evaluation, or None where loadRes would fail: without a single result."""
    true = [(image, one) for image, (_, truth) in enumerate(photos, start=1) for one in truth]
    found = [(image, one) for image, (results, _) in enumerate(photos, start=1) for one in results]
    if not found:
        return None
    with contextlib.redirect_stdout(io.StringIO()):
        coco = COCO()
        coco.dataset = {
            "info": {},
            "images": [{"id": image, "height": HEIGHT, "width": WIDTH} for image in range(1, len(photos) + 1)],
            "annotations": [
                entry(n, image, one) | {"iscrowd": int(one.crowd)} for n, (image, one) in enumerate(true, start=1)
            ],
            "categories": [{"id": number, "name": str(number)} for number in IDS],
        }
        coco.createIndex()
        results = coco.loadRes([entry(0, image, one) | {"score": one.score} for image, one in found])
        evaluation = COCOeval(coco, results, "segm")
        evaluation.params.maxDets = [1, 2, limit]
        evaluation.evaluate()
        evaluation.accumulate()
    return evaluation


def mean_of(values):
    return values[values > -1].mean() if (values > -1).any() else float("nan")


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(founds, truths), min_size=1, max_size=4), st.sampled_from([3, 100]))
def test_it_is_cocos_ap(photos, limit):
    metric = MaskAveragePrecision(LABELS, limit=limit)
    for found, truth in photos:
        metric.add(found, truth)
    scores = metric.scores()
    assert scores.masks == sum(not one.crowd for _, truth in photos for one in truth)
    evaluation = coco_eval(photos, limit)
    if evaluation is None:
        assert scores.ap == 0 if scores.masks else math.isnan(scores.ap)
        return
    precision = evaluation.eval["precision"][..., -1]
    expected = {
        "ap": mean_of(precision[..., 0]), "ap50": mean_of(precision[0, ..., 0]), "ap75": mean_of(precision[5, ..., 0]),
        "small": mean_of(precision[..., 1]), "medium": mean_of(precision[..., 2]), "large": mean_of(precision[..., 3]),
    }  # fmt: skip
    for name, value in expected.items():
        assert getattr(scores, name) == pytest.approx(value, abs=1e-9, nan_ok=True), name
    for place, number in enumerate(IDS):
        value = mean_of(precision[:, :, place, 0])
        assert scores.by_category.get(f"c{number}", float("nan")) == pytest.approx(value, abs=1e-9, nan_ok=True)


def test_found_in_a_crowd_is_neither_right_nor_wrong_and_beside_it_is_wrong():
    mask, crowd, beside = rectangle(0, 0, 40, 40), rectangle(0, 50, 60, 60), rectangle(100, 0, 40, 40)
    truth = [Thing(3, mask), Thing(3, crowd, crowd=True)]

    def ap(*found):
        metric = MaskAveragePrecision(LABELS)
        metric.add([Found(3, score, one) for score, one in found], truth)
        return metric.scores().ap50

    assert ap((0.5, mask), (0.9, rectangle(10, 60, 20, 20))) == pytest.approx(1)
    assert ap((0.5, mask), (0.9, beside)) == pytest.approx(0.5)


def test_no_image_and_no_mask():
    metric = MaskAveragePrecision(LABELS)
    assert math.isnan(metric.scores().ap)
    metric.add([], [])
    scores = metric.scores()
    assert (scores.images, scores.masks, scores.by_category) == (1, 0, {})
    assert math.isnan(scores.ap)
    assert np.isnan([scores.ap50, scores.small, scores.large]).all()
