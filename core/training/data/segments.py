"""A workspace image's truth becomes labels."""

from __future__ import annotations

from collections.abc import Iterable

from core.annotation.labels import LabelSet
from core.annotation.mask import Mask
from core.annotation.truth import Segment
from core.training.data.images import LabelledMask, Labels


def from_segments(segments: Iterable[Segment], label_set: LabelSet, *, complete: bool) -> Labels:
    """The labels of one image's segments, in their order.

    Crowds are ignored; an unlabelled segment, or one whose category the label set lacks, is a mask without a name;
    segments without a pixel are left out. `complete`: whether the image is done.
    Raises MaskError when crowds differ in size.
    """
    masks, crowds = [], []
    for segment in segments:
        category = label_set.find(segment.category_id)
        if segment.crowd:
            crowds.append(segment.mask)
        elif segment.mask.area:
            masks.append(LabelledMask(segment.mask, None if category is None else category.name))
    return Labels(tuple(masks), Mask.union(crowds) if crowds else None, complete)
