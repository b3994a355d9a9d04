"""Panoptic quality: how well segments are found, named and outlined (Kirillov et al. 2019, section 4)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from core.annotation.labels import Category, LabelSet
from core.annotation.views import PANOPTIC_VOID
from core.training.metrics.truths import Ids, SegmentMap
from core.training.metrics.unknown import UNKNOWN_ABOVE

MATCHED_ABOVE = 0.5


@dataclass(frozen=True)
class Quality:
    """pq = sq · rq of one category; of several, each is a mean over the categories that occur. NaN for none.

    sq: mean IoU of the matched segments (0 without one).   rq: matched / (matched + ½ wrong + ½ missed).
    matched, wrong, missed: numbers of segments.
    """

    pq: float
    sq: float
    rq: float
    matched: int
    wrong: int
    missed: int


@dataclass(frozen=True)
class PanopticScores:
    """by_category: by name, of each category that has a segment in the truth or a wrong one in a prediction."""

    images: int
    overall: Quality
    things: Quality
    stuff: Quality
    by_category: Mapping[str, Quality]


class PanopticQuality:
    """Matches segments of one image at a time and keeps four numbers a category."""

    def __init__(self, categories: LabelSet) -> None:
        self._categories = categories
        self._images = 0
        self._counts = {category.id: _Counts() for category in categories}

    def add(self, predicted: SegmentMap, truth: SegmentMap, *, crowds: Collection[int] = ()) -> None:
        """Match an image's segments, of one category and with an IoU above one half without void.

        truth: `PANOPTIC_VOID` (0) is void; a value that has no category otherwise is known to be none of them.
        predicted: a value without a category, or with one that is not judged, is no segment.
        crowds: ids of the truth whose segments are neither to be found nor right. A segment that a map's `categories`
        names but that has no pixel in it does not count.
        """
        pairs = _Overlaps.of(predicted.ids, truth.ids)
        found_left, true_left = self._segments(predicted, pairs.found), self._segments(truth, pairs.true)
        for match in _matches(found_left, true_left, pairs, crowds):
            self._counts[match.category_id].match(match.iou)
            del found_left[match.found], true_left[match.true]
        for true, category in true_left.items():
            self._counts[category].missed += true not in crowds
        for found, category in found_left.items():
            alike = [true for true in crowds if truth.categories.get(true) == category]
            unknown = sum(pairs.shared(found, true) for true in (PANOPTIC_VOID, *alike))
            self._counts[category].wrong += unknown / pairs.found[found] <= UNKNOWN_ABOVE
        self._images += 1

    def scores(self) -> PanopticScores:
        """The scores of all images so far."""
        occurring = [category for category in self._categories if self._counts[category.id].occurs]
        of_things = [category for category in occurring if category.is_thing]
        of_stuff = [category for category in occurring if not category.is_thing]
        overall, things, stuff = (self._mean(categories) for categories in (occurring, of_things, of_stuff))
        by_category = {category.name: self._counts[category.id].quality() for category in occurring}
        return PanopticScores(self._images, overall, things, stuff, by_category)

    def _segments(self, segments: SegmentMap, areas: Mapping[int, int]) -> dict[int, int]:
        """The judged category of each segment that has one and has pixels."""
        return {
            number: category
            for number, category in segments.categories.items()
            if number in areas and category in self._counts
        }

    def _mean(self, categories: Sequence[Category]) -> Quality:
        counts = [self._counts[category.id] for category in categories]
        qualities = [one.quality() for one in counts]
        pq, sq, rq = (
            float(np.mean([getattr(one, name) for one in qualities])) if qualities else float("nan")
            for name in ("pq", "sq", "rq")
        )
        matched, wrong, missed = (sum(getattr(one, name) for one in counts) for name in ("matched", "wrong", "missed"))
        return Quality(pq, sq, rq, matched, wrong, missed)


@dataclass
class _Counts:
    iou_sum: float = 0.0
    matched: int = 0
    wrong: int = 0
    missed: int = 0

    @property
    def occurs(self) -> bool:
        return self.matched + self.wrong + self.missed > 0

    def match(self, iou: float) -> None:
        self.matched += 1
        self.iou_sum += iou

    def quality(self) -> Quality:
        sq = self.iou_sum / self.matched if self.matched else 0.0
        rq = self.matched / (self.matched + 0.5 * self.wrong + 0.5 * self.missed)
        return Quality(sq * rq, sq, rq, self.matched, self.wrong, self.missed)


class _Match(NamedTuple):
    category_id: int
    found: int
    true: int
    iou: float


@dataclass(frozen=True)
class _Overlaps:
    """Pixels of each value of two maps, and of each pair of values that share some."""

    found: Mapping[int, int]
    true: Mapping[int, int]
    pairs: Mapping[tuple[int, int], int]

    @classmethod
    def of(cls, found: Ids, true: Ids) -> _Overlaps:
        assert found.shape == true.shape, (found.shape, true.shape)
        keys, counts = np.unique((found.astype(np.int64) << 32) + true, return_counts=True)
        # A negative low half has borrowed one from the high half.
        low = keys.astype(np.int32).astype(np.int64)
        pairs = dict(zip(zip(((keys - low) >> 32).tolist(), low.tolist(), strict=True), counts.tolist(), strict=True))
        areas: tuple[Counter[int], Counter[int]] = (Counter(), Counter())
        for pair, count in pairs.items():
            for area, value in zip(areas, pair, strict=True):
                area[value] += count
        return cls(*areas, pairs)

    def shared(self, found: int, true: int) -> int:
        return self.pairs.get((found, true), 0)


def _matches(
    found: Mapping[int, int], true: Mapping[int, int], overlaps: _Overlaps, crowds: Collection[int]
) -> list[_Match]:
    """Pairs of one category whose IoU is above one half, which no segment has twice; void counts in no union."""
    matches = []
    for (left, right), shared in overlaps.pairs.items():
        if right in crowds or left not in found or found[left] != true.get(right):
            continue
        union = overlaps.found[left] + overlaps.true[right] - shared - overlaps.shared(left, PANOPTIC_VOID)
        if shared / union > MATCHED_ABOVE:
            matches.append(_Match(found[left], left, right, shared / union))
    return matches
