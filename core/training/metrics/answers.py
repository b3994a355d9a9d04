"""A model's answers in the form that each metric compares: its categories become the judged ones of the same name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from core.annotation.labels import LabelSet
from core.inference.postprocess import InstanceSegment, PanopticPrediction
from core.training.metrics.average_precision import Found
from core.training.metrics.truths import NOTHING, Ids, SegmentMap


def ids_by_name(model: LabelSet, categories: LabelSet) -> dict[int, int]:
    """The id of the judged category of the same name, for each id of the model's that has one."""
    named = ((category.id, categories.named(category.name)) for category in model)
    return {number: same.id for number, same in named if same is not None}


def found_categories(places: Ids, model: LabelSet, categories: LabelSet) -> Ids:
    """The judged category id of each pixel of a semantic view, int32 [H, W]; `NOTHING` where there is none.

    places: each pixel's place in the model's label set, or −1, int32 [H, W].
    """
    ids = ids_by_name(model, categories)
    # The last value stands for the place −1.
    values = np.array([*(ids.get(category.id, NOTHING) for category in model), NOTHING], dtype=np.int32)
    return values[places]


def found_segments(prediction: PanopticPrediction, ids: Mapping[int, int]) -> SegmentMap:
    """A panoptic view with the judged categories; segments of other categories have none."""
    named = {segment.id: ids[segment.category_id] for segment in prediction.segments if segment.category_id in ids}
    return SegmentMap(prediction.ids, named)


def found_things(segments: Iterable[InstanceSegment], ids: Mapping[int, int]) -> list[Found]:
    """An instance view with the judged categories; segments of other categories are left out."""
    return [Found(ids[one.category_id], one.score, one.mask) for one in segments if one.category_id in ids]
