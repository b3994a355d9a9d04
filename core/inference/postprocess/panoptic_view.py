"""The panoptic view: every pixel in one segment at most, stuff merged, things apart (paper, section 3.4)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from core.annotation.labels import LabelSet
from core.annotation.mask import Box
from core.annotation.views import PANOPTIC_VOID
from core.inference.axis import Axis
from core.inference.contest import Contest, log_weighted_probability
from core.inference.mask_runs import gap_areas, inside_areas
from core.inference.painting import Canvas, corner_max, corner_min
from core.inference.postprocess.raw import RawImage, Size, raw_images, threshold_logit
from core.maskformer.output import MaskFormerOutput


@dataclass(frozen=True)
class PredictedSegment:
    """One segment of a predicted panoptic map, as it shows there.

    id: its value in the map, from 1.   score: in 0..1, the best category probability among its queries.
    area: pixels.   bbox: the tight (x, y, width, height).
    """

    id: int
    category_id: int
    is_thing: bool
    score: float
    area: int
    bbox: Box


class PanopticPrediction(NamedTuple):
    """ids: int32 [H, W], 0 where no segment is.   segments: one for each other value in it, in rising order."""

    ids: npt.NDArray[np.int32]
    segments: tuple[PredictedSegment, ...]


@torch.no_grad()
def panoptic(
    output: MaskFormerOutput,
    sizes: Sequence[Size],
    label_set: LabelSet,
    *,
    threshold: float = 0.8,
    overlap_threshold: float = 0.8,
    mask_threshold: float = 0.5,
    inside_only: bool = True,
    input_sizes: Sequence[Size] | None = None,
) -> list[PanopticPrediction]:
    """One id map an image, with its segments.

    A query takes part when its best category is not "no object" and has a probability above `threshold`. A pixel goes
    to the query with the largest score·probability there. A query that wins less than `overlap_threshold` of the
    pixels where its own probability reaches `mask_threshold` is dropped. inside_only: a pixel must also have a
    probability of `mask_threshold` in the mask that won it, else it is void (Mask2Former's rule); without it every
    pixel that was won counts (MaskFormer's rule). Stuff of one category becomes one segment.
    sizes: each image's (height, width).
    Raises ModelError for sizes, labels, thresholds or logits that cannot be used.
    """
    for name, value in (("threshold", threshold), ("overlap_threshold", overlap_threshold)):
        threshold_logit(name, value)
    cut = threshold_logit("mask_threshold", mask_threshold)
    rule = _Rule(threshold, overlap_threshold, cut, inside_only)
    return [_panoptic(image, label_set, rule) for image in raw_images(output, sizes, label_set, input_sizes)]


@dataclass(frozen=True)
class _Rule:
    threshold: float
    overlap_threshold: float
    cut: float
    inside_only: bool


def _panoptic(image: RawImage, label_set: LabelSet, rule: _Rule) -> PanopticPrediction:
    scores, categories = image.class_logits.softmax(-1).max(-1)
    kept = ((categories < len(label_set)) & (scores > rule.threshold)).nonzero()[:, 0]
    if len(kept) == 0:
        return PanopticPrediction(np.full(image.size, PANOPTIC_VOID, dtype=np.int32), ())
    logits, rows, columns = image.masks(kept)
    cut = rule.cut if rule.inside_only else -math.inf
    canvas = Contest(logits, scores[kept].log(), log_weighted_probability, cut).paint(rows, columns)
    won = canvas.areas.view(-1, 2)
    enough = _covers(logits - rule.cut, won.sum(1), rows, columns, rule.overlap_threshold) & (won[:, 1] > 0)
    return _segments(canvas, enough, scores[kept].tolist(), categories[kept].tolist(), label_set)


def _covers(logits: Tensor, won: Tensor, rows: Axis, columns: Axis, share: float) -> Tensor:
    """Whether each query won `share` of the pixels where its logit is 0 or more: bool [n].

    Gaps that are inside whole, or not outside whole, bound that area; it is counted where this does not decide.
    """
    least, most = (share * gap_areas(bound(logits) >= 0, rows, columns) for bound in (corner_min, corner_max))
    enough = (won >= most) & (won > 0)
    unclear = (~enough & (won >= least) & (won > 0)).nonzero()[:, 0]
    outside = inside_areas(-logits[unclear], rows, columns)
    enough[unclear] = won[unclear] >= share * (rows.pixels * columns.pixels - outside)
    return enough


def _segments(
    canvas: Canvas, enough: Tensor, scores: list[float], categories: list[int], label_set: LabelSet
) -> PanopticPrediction:
    """Number the queries that are left, in their order; `canvas` as `Contest` paints it."""
    members: dict[tuple[bool, int], list[int]] = {}
    for query in enough.nonzero()[:, 0].tolist():
        category = label_set.categories[categories[query]]
        members.setdefault((category.is_thing, query if category.is_thing else category.id), []).append(query)
    values = torch.full((2 * len(scores),), PANOPTIC_VOID, dtype=torch.int32)
    segments = []
    for number, queries in enumerate(members.values(), start=1):
        category = label_set.categories[categories[queries[0]]]
        labels = 2 * torch.tensor(queries) + 1
        values[labels] = number
        score, area = max(scores[query] for query in queries), int(canvas.areas[labels].sum())
        segments.append(PredictedSegment(number, category.id, category.is_thing, score, area, canvas.bbox(labels)))
    return PanopticPrediction(canvas.translated(values).numpy(), tuple(segments))
