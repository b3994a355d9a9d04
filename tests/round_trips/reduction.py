"""What must come back of a truth from a format that holds this much and no more.

Stands on the table of core.formats and the three views alone; knows no format by name.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.annotation.labels import LabelSet
from core.annotation.mask import Mask
from core.annotation.truth import Truth
from core.annotation.views import SEMANTIC_VOID, panoptic_view, semantic_view
from core.formats.capabilities import Apart, Capability


@dataclass(frozen=True)
class Held:
    """A segment as a file holds it; `category` is a name, None for unlabelled."""

    category: str | None
    mask: Mask
    crowd: bool = False

    @property
    def key(self) -> tuple[str, bool, str]:
        """To sort by."""
        return self.category or "", self.crowd, self.mask.counts


def reduced(truth: Truth, label_set: LabelSet, holds: Capability) -> list[Held]:
    """The segments that come back, from the bottom to the top where they may overlap, else sorted."""
    if holds.overlaps:
        return list(_one_by_one(truth, label_set, holds))
    parts = {Apart.ALL: _visible, Apart.THINGS: _panoptic, Apart.NONE: _semantic}[holds.apart]
    return sorted(parts(truth, label_set, holds), key=lambda held: held.key)


def as_held(segments: Iterable[Held], holds: Capability) -> list[Held]:
    """What a reader found, in the order of `reduced`."""
    return list(segments) if holds.overlaps else sorted(segments, key=lambda held: held.key)


def _one_by_one(truth: Truth, label_set: LabelSet, holds: Capability) -> Iterator[Held]:
    for segment in truth.segments:
        category = label_set.find(segment.category_id)
        if category is not None or holds.unlabelled:
            yield Held(category.name if category else None, segment.mask, holds.crowd and segment.crowd)


def visible_parts(truth: Truth) -> dict[int, npt.NDArray[np.bool_]]:
    """The pixels [H, W] of each segment that no other lies on, by the segments' ids."""
    top = np.full((truth.height, truth.width), -1)
    for place, segment in enumerate(truth.segments):
        top[segment.mask.to_array()] = place
    return {segment.id: top == place for place, segment in enumerate(truth.segments)}


def _visible(truth: Truth, label_set: LabelSet, holds: Capability) -> Iterator[Held]:
    visible = visible_parts(truth)
    covered = np.zeros((truth.height, truth.width), dtype=bool)
    void = covered.copy()
    for segment in truth.segments:
        category, inside = label_set.find(segment.category_id), visible[segment.id]
        covered |= inside
        if category is None:
            void |= inside
        elif inside.any():
            yield Held(category.name, Mask.from_array(inside), holds.crowd and segment.crowd)
    if holds.void and not truth.done:
        void |= ~covered
    if holds.unlabelled and void.any():
        yield Held(None, Mask.from_array(void))


def _panoptic(truth: Truth, label_set: LabelSet, holds: Capability) -> Iterator[Held]:
    view = panoptic_view(truth, label_set)
    for segment in view.segments:
        name = label_set.get(segment.category_id).name
        yield Held(name, Mask.from_array(view.ids == segment.id), holds.crowd and segment.crowd)


def _semantic(truth: Truth, label_set: LabelSet, holds: Capability) -> Iterator[Held]:
    view = semantic_view(truth, label_set)
    for number in np.unique(view[view != SEMANTIC_VOID]):
        yield Held(label_set.get(int(number)).name, Mask.from_array(view == number))
