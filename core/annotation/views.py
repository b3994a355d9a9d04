"""The three views of one truth, as pure functions of an image's segments.

Semantic merges the masks of a category; instance keeps things one by one; panoptic merges stuff per
category and keeps things apart, with no pixel twice. Where segments overlap in the semantic and the panoptic
view, the higher in order wins. An unlabelled segment is void in these two: what it is nobody has said yet, so it
is not taken for what lies under it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.annotation.labels import Category, LabelSet
from core.annotation.mask import Box
from core.annotation.truth import Segment, Truth

# Category ids start at 0 in some data sets, so void needs a value that no id has.
SEMANTIC_VOID = -1
PANOPTIC_VOID = 0


@dataclass(frozen=True)
class PanopticSegment:
    """One segment of the panoptic view; `id` is its value in the id map, `area` its visible pixels."""

    id: int
    category_id: int
    is_thing: bool
    crowd: bool
    area: int
    bbox: Box


@dataclass(frozen=True)
class Panoptic:
    """The panoptic view: `ids` int32 [H, W] with 0 = void, and a segment for each other value in it."""

    ids: npt.NDArray[np.int32]
    segments: tuple[PanopticSegment, ...]


def labelled(truth: Truth, label_set: LabelSet) -> Iterator[tuple[Segment, Category]]:
    """The segments that have a category, from the bottom to the top."""
    for segment in truth.segments:
        category = label_set.find(segment.category_id)
        if category is not None:
            yield segment, category


def semantic_view(truth: Truth, label_set: LabelSet) -> npt.NDArray[np.int32]:
    """Category ids, int32 [H, W]; SEMANTIC_VOID where no segment lies or the topmost one is unlabelled."""
    # Column by column, as masks are: painting is several times faster.
    view = np.full((truth.height, truth.width), SEMANTIC_VOID, dtype=np.int32, order="F")
    for segment in truth.segments:
        category = label_set.find(segment.category_id)
        view[segment.mask.to_array()] = SEMANTIC_VOID if category is None else category.id
    return view


def instance_view(truth: Truth, label_set: LabelSet) -> tuple[Segment, ...]:
    """The things one by one, whole masks, overlaps kept; unlabelled segments stand among them."""
    stuff = {category.id for category in label_set if not category.is_thing}
    return tuple(segment for segment in truth.segments if segment.category_id not in stuff)


def panoptic_view(truth: Truth, label_set: LabelSet) -> Panoptic:
    """Stuff and crowds are one segment a category, named by their lowest segment id; things keep their own id.

    A segment that others hide whole is not in the view.
    """
    ids = np.full((truth.height, truth.width), PANOPTIC_VOID, dtype=np.int32, order="F")
    shared: dict[tuple[int, bool], int] = {}
    for segment, category in labelled(truth, label_set):
        if not category.is_thing or segment.crowd:
            key = (category.id, segment.crowd)
            shared[key] = min(segment.id, shared.get(key, segment.id))
    meanings: dict[int, tuple[Category, bool]] = {}
    for segment in truth.segments:
        named = label_set.find(segment.category_id)
        number = PANOPTIC_VOID
        if named is not None:
            number = shared.get((named.id, segment.crowd), segment.id)
            meanings[number] = (named, segment.crowd)
        ids[segment.mask.to_array()] = number
    return Panoptic(ids, tuple(_measure(ids, meanings)))


def _measure(ids: npt.NDArray[np.int32], meanings: dict[int, tuple[Category, bool]]) -> Iterator[PanopticSegment]:
    for number in sorted(meanings):
        inside = ids == number
        rows, columns = np.flatnonzero(inside.any(axis=1)), np.flatnonzero(inside.any(axis=0))
        if rows.size == 0:
            continue
        category, crowd = meanings[number]
        box = (
            int(columns[0]),
            int(rows[0]),
            int(columns[-1] - columns[0] + 1),
            int(rows[-1] - rows[0] + 1),
        )
        yield PanopticSegment(number, category.id, category.is_thing, crowd, int(inside.sum()), box)
