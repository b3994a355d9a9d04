"""Several people's partitions of one image, and the one of them that is most like the others."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np

from core.annotation.errors import FormatError
from core.annotation.truth import MAX_SEGMENTS
from core.formats.label_maps import Ids

# All partitions of an image are in memory; ten people's of the largest photos are not.
MAX_PIXELS_TOGETHER = 200_000_000


def nearest_to_others(partitions: Sequence[Ids]) -> int:
    """Which partition, maps [H, W] of 16 bits, covers the others and is covered by them best on average, the first
    of equals. Raises FormatError for partitions that cannot be compared.

    Source of the covering: Arbeláez et al., Contour Detection and Hierarchical Image Segmentation, 2011, section 3.1.2.
    """
    shape = partitions[0].shape
    if any(one.shape != shape for one in partitions):
        sizes = sorted({f"{one.shape[1]}×{one.shape[0]}" for one in partitions})
        raise FormatError(f"has partitions of several sizes: {', '.join(sizes)}; take intact copies")
    if partitions[0].size * len(partitions) > MAX_PIXELS_TOGETHER:
        raise FormatError(f"has {len(partitions)} partitions of {shape[1]}×{shape[0]}; keep the best of them")
    places = [_places(one) for one in partitions]
    likeness = np.zeros(len(partitions))
    for first, second in combinations(range(len(partitions)), 2):
        likeness[[first, second]] += _covering(places[first], places[second])
    return int(likeness.argmax())


def _places(ids: Ids) -> Ids:
    """The ids, numbered from 0, flat."""
    present = np.bincount(ids.ravel()) > 0
    if (regions := int(present.sum())) > MAX_SEGMENTS:
        raise FormatError(f"has {regions} regions, more than the {MAX_SEGMENTS} segments of an image")
    places: Ids = (np.cumsum(present, dtype=np.int32) - 1)[ids.ravel()]
    return places


def _covering(one: Ids, other: Ids) -> float:
    """How well each covers the other, 0 to 2: the best IoU of each region, weighted by its pixels."""
    rows, columns = int(one.max()) + 1, int(other.max()) + 1
    shared = np.bincount(one * columns + other, minlength=rows * columns).reshape(rows, columns)
    areas, other_areas = shared.sum(axis=1), shared.sum(axis=0)
    iou = shared / (areas[:, None] + other_areas - shared)
    return float((areas @ iou.max(axis=1) + other_areas @ iou.max(axis=0)) / one.size)
