from dataclasses import astuple

import numpy as np
import pytest

from core.annotation.mask import Mask
from core.training.metrics.judge import judge
from core.training.metrics.recall import cover_images, summarise
from core.training.metrics.tasks import judge_instance, judge_panoptic
from core.training.metrics.truths import judged
from tests.core.training.made_sets import box
from tests.core.training.metrics.sure_model import image_of


def test_one_pass_gives_what_the_single_metrics_give(predictor, photo):
    label_set = predictor.model.label_set
    masks = [one.mask for one in predictor.propose(image_of(photo).pixels())]
    made = Mask.from_array(box(80, 96, 10, 10, 50, 60))
    # Small ones on top, as the tasks take files to mean.
    named = sorted([(masks[0], "cat"), (masks[3], "grass"), (made, None)], key=lambda one: -one[0].area)
    images = [image_of(photo, *named), image_of(photo, (made, "cat"))]
    watched = []
    scores = judge(images, predictor, categories=label_set, threshold=0.0, watch=lambda: watched.append(1))
    assert len(watched) == scores.images == 2
    panoptic = judge_panoptic(images, predictor, judged(label_set), threshold=0.0, watch=lambda: None).overall
    precision = judge_instance(images, predictor, judged(label_set), watch=lambda: None)
    recall = summarise(cover_images(images, lambda pixels: [one.mask for one in predictor.propose(pixels)])).overall
    assert (scores.pq, scores.sq, scores.rq) == (panoptic.pq, panoptic.sq, panoptic.rq)
    assert (scores.ap, scores.ap50) == (precision.ap, precision.ap50)
    assert (scores.ar, scores.r50, scores.r75) == (recall.ar, recall.r50, recall.r75)
    assert scores.pq > 0
    assert 0 < scores.ar < 1


def test_the_models_own_proposals_are_all_found_and_acceptable(predictor, photo):
    proposals = predictor.propose(image_of(photo).pixels())
    image = image_of(photo, *((one.mask, None) for one in proposals))
    scores = judge([image], predictor, categories=predictor.model.label_set, threshold=0.0)
    assert scores.ap_any == scores.ap50_any == pytest.approx(1)
    assert scores.ar == scores.accept_rate == scores.covered == 1
    # Nobody says what the masks are.
    assert np.isnan([scores.pq, scores.ap, scores.named]).all()
    first = judge([image], predictor, categories=predictor.model.label_set, threshold=0.0, limit=2)
    assert first.covered == 1
    assert max(first.ar, first.ap_any) < 1


def test_without_images_there_are_no_scores(predictor):
    scores = judge([], predictor, categories=predictor.model.label_set, threshold=0.5)
    assert scores.images == 0
    assert np.isnan(astuple(scores)[1:]).all()


def test_an_image_without_a_segment_that_is_done_counts_what_is_proposed_as_wrong(predictor, photo):
    scores = judge([image_of(photo)], predictor, categories=predictor.model.label_set, threshold=0.0)
    assert (scores.pq, scores.accept_rate) == (0, 0)
    assert np.isnan([scores.ap, scores.ar, scores.covered]).all()
