import contextlib
import io

import numpy as np
import pytest
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from core.annotation.mask import Mask
from core.training.baselines import grid_masks
from core.training.data.sources import SourceConfig, read_data_set
from core.training.metrics.recall import cover, cover_images, interval, one_to_one_ar, recall, summarise
from tests.core.training import made_sets as made


def mask(*corners, side=200):
    return Mask.from_array(made.box(side, side, *corners))


def test_recall_by_hand():
    """A large mask met at IoU .8, a medium one at .6 by the second proposal, one missed, one too small to count."""
    truth = [mask(0, 0, 100, 100), mask(100, 100, 150, 150), mask(0, 150, 40, 190), mask(190, 190, 200, 200)]
    proposals = [mask(0, 0, 80, 100), mask(100, 100, 130, 150)]
    covered = [cover("x", truth, proposals)]
    np.testing.assert_allclose(covered[0].best(), [0.8, 0.6, 0.0])
    everything = recall(covered)
    assert everything.masks == 3
    assert everything.ar == pytest.approx((7 + 3) / 30)
    assert everything.r50 == pytest.approx(2 / 3)
    assert everything.r75 == pytest.approx(1 / 3)
    assert everything.mean_iou == pytest.approx(1.4 / 3)
    scores = summarise(covered, draws=10)
    assert (scores.large.masks, scores.large.ar) == (1, pytest.approx(0.7))
    assert (scores.medium.masks, scores.medium.ar) == (2, pytest.approx(0.15))


def test_only_the_first_proposals_count():
    filler = [mask(0, 0, 5, 5)] * 99
    truth, hit = [mask(50, 50, 150, 150)], mask(50, 50, 150, 150)
    assert recall([cover("x", truth, [*filler, hit])]).ar == 1
    assert recall([cover("x", truth, [*filler, filler[0], hit])]).ar == 0
    assert recall([cover("x", truth, [*filler[:10], hit])], limit=10).ar == 0


def test_nothing_proposed_and_nothing_to_find():
    assert recall([cover("x", [mask(0, 0, 50, 50)], [])]).ar == 0
    assert recall([cover("x", [], [mask(0, 0, 50, 50)])]).masks == 0
    assert np.isnan(recall([]).ar)
    assert np.isnan(one_to_one_ar([]))


def random_boxes(rng, count):
    def one():
        top, left = rng.integers(0, 120, 2)
        return mask(top, left, top + rng.integers(20, 80), left + rng.integers(20, 80))

    return [one() for _ in range(count)]


def coco_eval_ar(photos):
    """AR at 100 by pycocotools itself, categories off."""
    truth, found = [], []
    for image, (true, proposals) in enumerate(photos, start=1):
        for one in true:
            entry = {"id": len(truth) + 1, "image_id": image, "category_id": 1, "iscrowd": 0, "area": one.area}
            truth.append(entry | {"segmentation": one.to_coco(), "bbox": list(one.bbox)})
        found += [
            {"image_id": image, "category_id": 1, "segmentation": one.to_coco(), "score": 1 - place / 1000}
            for place, one in enumerate(proposals)
        ]
    with contextlib.redirect_stdout(io.StringIO()):
        coco = COCO()
        images = [{"id": image, "height": 200, "width": 200} for image in range(1, len(photos) + 1)]
        coco.dataset = {"info": {}, "images": images, "annotations": truth, "categories": [{"id": 1, "name": "any"}]}
        coco.createIndex()
        evaluation = COCOeval(coco, coco.loadRes(found), "segm")
        evaluation.params.useCats = 0
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return evaluation.stats[8]


@pytest.mark.parametrize("seed", range(4))
def test_the_one_to_one_ar_is_cocos(seed):
    rng = np.random.default_rng(seed)
    photos = []
    for _ in range(6):
        true = random_boxes(rng, 5)
        jittered = [Mask.from_array(np.roll(one.to_array(), rng.integers(-6, 7, 2), axis=(0, 1))) for one in true]
        photos.append((true, [*random_boxes(rng, 10), *jittered, *jittered[:2]]))
    covered = [cover("x", *photo) for photo in photos]
    assert one_to_one_ar(covered) == pytest.approx(coco_eval_ar(photos), abs=1e-9)
    assert recall(covered).ar >= one_to_one_ar(covered)


def test_an_interval_holds_the_score_and_narrows_with_more_photos():
    rng = np.random.default_rng(0)
    covered = [cover("x", random_boxes(rng, 3), random_boxes(rng, 40)) for _ in range(60)]

    def width(photos):
        low, high = interval(photos, lambda drawn: recall(drawn).ar, draws=200, seed=1)
        assert low <= recall(photos).ar <= high
        return high - low

    assert width(covered) < width(covered[:8])


def test_crowds_are_no_truth_and_the_first_reading_counts(tmp_path):
    crowded = read_data_set(made.coco_set(tmp_path / "coco"), SourceConfig()).images
    assert cover_images(crowded[:1], lambda _: [])[0].areas.tolist() == [1024, 256]
    parted = read_data_set(made.partition_set(tmp_path / "parts"), SourceConfig()).images
    assert cover_images(parted, lambda _: [])[0].areas.tolist() == [300, 300]


@pytest.mark.parametrize("size", [(480, 640), (321, 481), (64, 64)])
def test_the_grid_has_97_masks_that_fit_the_photo(size):
    masks = grid_masks(np.zeros((*size, 3), dtype=np.uint8))
    assert len(masks) == 97
    assert {one.shape for one in masks} == {size}
    assert masks[0].area == size[0] * size[1]
    assert len(set(masks)) > 90
