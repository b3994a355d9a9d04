"""A model judged on its own answers is right; on answers that were changed by hand, by as much as was changed."""

from pathlib import Path

import numpy as np
import pytest

from core.annotation.labels import Category, LabelSet
from core.annotation.mask import Mask
from core.inference.predictor import Predictor
from core.training.metrics.tasks import judge_instance, judge_panoptic, judge_semantic, unknown_names
from tests.core.training.metrics.sure_model import image_of

# The model's "cat" (thing) and "grass" (stuff) under other ids and in another order, and a name it does not know.
SET = LabelSet.of(
    [Category(2, "grass", False, (0, 0, 0)), Category(5, "ghost", True, (0, 0, 0)), Category(9, "cat", True, (0, 0, 0))]
)


def name_of(predictor: Predictor, category_id: int) -> str:
    return predictor.model.label_set.get(category_id).name


def cats_of(predictor: Predictor, path: Path) -> list[tuple[Mask, str]]:
    """The cats of the model's instance view, each mask once, best first."""
    found = predictor.instance(image_of(path).pixels())
    return [
        (mask, "cat") for mask in dict.fromkeys(o.mask for o in found if name_of(predictor, o.category_id) == "cat")
    ]


def test_the_models_own_segments_have_full_quality_and_one_not_in_the_truth_is_wrong(predictor, photo):
    ids, segments = predictor.panoptic(image_of(photo).pixels())
    masks = [(Mask.from_array(ids == one.id), name_of(predictor, one.category_id)) for one in segments]
    named = [one for one in masks if one[1] != "region"]
    assert {name for _, name in named} == {"cat", "grass"}
    watched = []
    full = judge_panoptic([image_of(photo, *masks)], predictor, SET, watch=lambda: watched.append(1))
    assert (full.overall.pq, full.overall.matched, full.overall.wrong, full.overall.missed) == (1, len(named), 0, 0)
    assert set(full.by_category) == {"cat", "grass"}
    assert watched == [1]
    fewer = judge_panoptic([image_of(photo, *named[1:])], predictor, SET, watch=lambda: None)
    assert (fewer.overall.matched, fewer.overall.wrong) == (len(named) - 1, 1)
    partial = judge_panoptic([image_of(photo, *named[1:], complete=False)], predictor, SET, watch=lambda: None)
    assert (partial.overall.matched, partial.overall.wrong) == (len(named) - 1, 0)


def test_the_models_own_categories_have_full_iou_and_swapped_ones_none(predictor, photo):
    view = predictor.semantic(image_of(photo).pixels())
    names = [category.name for category in predictor.model.label_set]
    masks = [(Mask.from_array(view == place), names[place]) for place in np.unique(view)]
    assert {name for _, name in masks} == {"cat", "grass", "region"}
    scores = judge_semantic([image_of(photo, *masks)], predictor, SET, watch=lambda: None)
    assert (scores.mean_iou, scores.accuracy) == (1, 1)
    swapped = [(mask, {"cat": "grass", "grass": "cat"}.get(name)) for mask, name in masks]
    assert judge_semantic([image_of(photo, *swapped)], predictor, SET, watch=lambda: None).mean_iou == 0


def test_the_models_own_things_have_full_precision_and_unknown_truth_halves_it(predictor, photo):
    cats = cats_of(predictor, photo)
    judged = judge_instance([image_of(photo, *cats)], predictor, SET, watch=lambda: None)
    assert judged.ap == pytest.approx(1)
    image = image_of(photo, *cats, (cats[0][0], "ghost"), complete=False)
    halved = judge_instance([image], predictor, SET, watch=lambda: None)
    assert halved.by_category == {"cat": pytest.approx(1), "ghost": 0.0}
    assert halved.ap == pytest.approx(0.5)
    assert unknown_names([image, image], predictor.model.label_set, SET) == {"ghost": 2}


def test_partial_labels_of_a_set_count_as_whole_for_its_things(predictor, photo):
    """Else a model could find a thousand cats in a photo without one and keep its AP."""
    last = image_of(photo, cats_of(predictor, photo)[-1], complete=False)
    assert judge_instance([last], predictor, SET, watch=lambda: None).ap < 0.9
