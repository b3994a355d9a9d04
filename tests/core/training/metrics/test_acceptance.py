import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from core.training.metrics.acceptance import Acceptance
from tests.core.training.metrics.made_answers import SIZE, labels, proposal, rectangle


def scores(proposals, truth, threshold=0.5):
    metric = Acceptance(threshold)
    metric.add(proposals, truth)
    return metric.scores()


def test_shares_by_hand():
    """Of four shown, two fit; one of these is misnamed. Of three segments two are served."""
    truth = labels((rectangle(0, 0, 20, 20), "cat"), (rectangle(30, 0, 50, 20), "dog"), (rectangle(0, 50, 9, 59), None))
    proposals = [
        proposal(rectangle(0, 0, 20, 18), 0.9, "cat"),
        proposal(rectangle(30, 0, 50, 19), 0.8, "cow"),
        proposal(rectangle(0, 50, 5, 59), 0.7, "cat"),
        proposal(rectangle(40, 40, 50, 50), 0.6, "cat"),
        proposal(rectangle(0, 50, 9, 59), 0.4, "cat"),
    ]
    found = scores(proposals, truth)
    assert (found.shown, found.segments) == (4, 3)
    assert found.rate == 0.5
    assert found.named == 0.5
    assert found.covered == pytest.approx(2 / 3)


def test_a_copy_of_a_better_scored_proposal_cannot_be_accepted_again():
    truth = labels((rectangle(0, 0, 20, 20), "cat"))
    copies = [proposal(rectangle(0, 0, 20, 20), score) for score in (0.9, 0.8)]
    assert scores(copies, truth).rate == 0.5
    assert scores(copies, truth).covered == 1


def test_three_quarters_are_enough_and_less_is_not():
    truth = labels((rectangle(0, 0, 20, 20), "cat"))
    assert scores([proposal(rectangle(0, 0, 20, 15), 0.9)], truth).rate == 1
    assert scores([proposal(rectangle(0, 0, 20, 14), 0.9)], truth).rate == 0


def test_a_poor_proposal_leaves_its_segment_to_a_better_one():
    truth = labels((rectangle(0, 0, 20, 20), "cat"))
    proposals = [proposal(rectangle(0, 0, 20, 12), 0.9), proposal(rectangle(0, 0, 20, 20), 0.8)]
    assert scores(proposals, truth).covered == 1


def test_what_lies_in_unknown_pixels_is_not_judged():
    cat, elsewhere = (rectangle(0, 0, 20, 20), "cat"), [proposal(rectangle(30, 30, 50, 50), 0.9)]
    assert scores(elsewhere, labels(cat)).shown == 1
    assert scores(elsewhere, labels(cat, complete=False)).shown == 0
    assert scores(elsewhere, labels(cat, ignored=rectangle(25, 25, 60, 41))).shown == 0
    assert scores(elsewhere, labels(cat, ignored=rectangle(25, 25, 60, 40))).shown == 1


def test_an_accepted_proposal_counts_even_inside_ignored_pixels():
    cat = rectangle(0, 0, 20, 20)
    found = scores([proposal(cat, 0.9)], labels((cat, "cat"), ignored=cat))
    assert (found.shown, found.rate) == (1, 1)


def test_an_unsure_name_is_no_right_name():
    cat = rectangle(0, 0, 20, 20)
    assert scores([proposal(cat, 0.9, "region")], labels((cat, "cat"))).named == 0


def test_nothing_shown_and_nothing_labelled():
    assert math.isnan(scores([], labels()).rate)
    assert math.isnan(scores([], labels()).covered)
    assert scores([proposal(rectangle(0, 0, 9, 9), 0.9)], labels()).rate == 0
    assert scores([], labels((rectangle(0, 0, 9, 9), "cat"))).covered == 0


rectangles = st.builds(
    lambda top, left, height, width: rectangle(top, left, top + height, left + width),
    *(st.sampled_from(values) for values in ([0, 2, 3, 20], [0, 2, 30], [16, 18, 20], [1, 20])),
)


@settings(max_examples=40, deadline=None)
@given(st.lists(rectangles, max_size=6), st.lists(rectangles, max_size=8))
def test_as_many_are_accepted_as_cocoeval_matches_at_three_quarters(truth, masks):
    entries = [
        [
            {"id": number, "image_id": 1, "category_id": 1, "iscrowd": 0, "area": mask.area, "score": 1 - number / 100}
            | {"segmentation": mask.to_coco()}
            for number, mask in enumerate(side, start=1)
        ]
        for side in (truth, masks)
    ]
    evaluation = COCOeval(*(coco_of(side) for side in entries), "segm")
    evaluation.params.iouThrs = np.array([0.75])
    evaluation.evaluate()
    result = evaluation.evalImgs[0]
    matched = 0 if result is None else int((result["dtMatches"] > 0).sum())
    found = scores(
        [proposal(mask, 1 - number / 100) for number, mask in enumerate(masks, start=1)],
        labels(*((mask, "cat") for mask in truth)),
    )
    assert found.shown == len(masks)
    assert found.rate == pytest.approx(matched / len(masks) if masks else float("nan"), nan_ok=True)


def coco_of(entries):
    coco = COCO()
    images = [{"id": 1, "height": SIZE[0], "width": SIZE[1]}]
    coco.dataset = {"images": images, "annotations": entries, "categories": [{"id": 1, "name": "any"}]}
    coco.createIndex()
    return coco
