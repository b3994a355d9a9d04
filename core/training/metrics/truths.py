"""An image's labels in the form that each metric compares: a category map, an id map, or masks one by one.

Truth is judged by name: the names are those of the judged categories. A mask without a name, of `REGION`, or of a name
that is not judged is void, like the labels' ignored pixels. What no mask covers is `NOTHING` where the labels are
complete, else void. Where masks overlap, the later one is on top.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from core.annotation.labels import Category, LabelSet, distinct_colour
from core.annotation.mask import Mask
from core.annotation.proposals import REGION
from core.annotation.views import PANOPTIC_VOID, SEMANTIC_VOID
from core.training.data.images import LabelledImage, LabelledMask, Labels

Ids = npt.NDArray[np.int32]
Size = tuple[int, int]

# A pixel that is known to belong to no judged category: what is predicted there is wrong.
NOTHING = -2
# The one category of masks that are judged without names.
ANY = Category(1, "any", True, distinct_colour(0))


@dataclass(frozen=True, eq=False)
class SegmentMap:
    """ids: int32 [H, W], `PANOPTIC_VOID` (0) or `NOTHING` where no segment is.   categories: each id's category id."""

    ids: Ids
    categories: Mapping[int, int]


@dataclass(frozen=True)
class Thing:
    """A mask of an instance truth. In a crowd, predicted masks are neither right nor wrong."""

    category_id: int
    mask: Mask
    crowd: bool = False


def judged(label_set: LabelSet) -> LabelSet:
    """The categories that truth can be judged by: all but `REGION`."""
    return LabelSet.of(category for category in label_set if category.name != REGION)


def largest_first(labels: Labels) -> Labels:
    """The labels with small masks on top: for sets that do not say which of two overlapping masks is."""
    return replace(labels, masks=tuple(sorted(labels.masks, key=lambda labelled: -labelled.mask.area)))


def panoptic_labels(image: LabelledImage, parts: Labels, categories: LabelSet) -> Labels:
    """The labels for what asks stuff by category and things one by one. Raises as the image's readers do.

    parts: the image's first reading. In semantic sets a thing's connected parts, as it has them, are its instances;
    what that leaves out of a thing is ignored.
    """
    if image.whole is None:
        return parts
    whole = image.whole()
    instances = [one for one in parts.masks if _is_thing(one, categories)]
    stuff = [one for one in whole.masks if not _is_thing(one, categories)]
    ignored = [*([] if whole.ignored is None else [whole.ignored]), *_left_out(whole, instances, categories)]
    return replace(whole, masks=(*stuff, *instances), ignored=Mask.union(ignored) if ignored else None)


def _left_out(whole: Labels, instances: Sequence[LabelledMask], categories: LabelSet) -> list[Mask]:
    masks = [one.mask for one in whole.masks if _is_thing(one, categories)]
    if not masks:
        return []
    found = Mask.union([Mask.empty(*masks[0].shape), *(one.mask for one in instances)])
    return [Mask.from_array(Mask.union(masks).to_array() & ~found.to_array())]


def _is_thing(labelled: LabelledMask, categories: LabelSet) -> bool:
    category = _category(labelled, categories)
    return category is not None and category.is_thing


def _category(labelled: LabelledMask, categories: LabelSet) -> Category | None:
    """The judged category of a mask; None for one without a name, or of another name."""
    return categories.named(labelled.category or REGION)


def category_map(labels: Labels, size: Size, categories: LabelSet) -> Ids:
    """The category id of each pixel of a (height, width) image, int32 [H, W]; `SEMANTIC_VOID` (−1) or `NOTHING`."""
    view = np.full(size, NOTHING if labels.complete else SEMANTIC_VOID, dtype=np.int32)
    for labelled in labels.masks:
        category = _category(labelled, categories)
        view[labelled.mask.to_array()] = SEMANTIC_VOID if category is None else category.id
    return _without_ignored(view, labels, SEMANTIC_VOID)


def segment_map(labels: Labels, size: Size, categories: LabelSet) -> SegmentMap:
    """The segments of a (height, width) image; stuff of one category is one segment. Hidden masks have no pixel."""
    view = np.full(size, NOTHING if labels.complete else PANOPTIC_VOID, dtype=np.int32)
    meanings: dict[int, int] = {}
    stuff: dict[int, int] = {}
    for number, labelled in enumerate(labels.masks, start=1):
        category = _category(labelled, categories)
        value = PANOPTIC_VOID
        if category is not None:
            value = number if category.is_thing else stuff.setdefault(category.id, number)
            meanings[value] = category.id
        view[labelled.mask.to_array()] = value
    return SegmentMap(_without_ignored(view, labels, PANOPTIC_VOID), meanings)


def things(labels: Labels, size: Size, categories: LabelSet) -> list[Thing]:
    """The masks of things of a (height, width) image one by one, overlaps kept. Void is a crowd of every category.

    Void are here ignored pixels and masks that are not judged, and what no mask covers where labels are incomplete.
    """
    named = [(_category(labelled, categories), labelled.mask) for labelled in labels.masks]
    found = [Thing(category.id, mask) for category, mask in named if category is not None and category.is_thing]
    void = unknown_part(labels, size, unjudged=[mask for category, mask in named if category is None])
    if void is None:
        return found
    return [*found, *(Thing(category.id, void, crowd=True) for category in categories if category.is_thing)]


def any_things(labels: Labels, size: Size) -> list[Thing]:
    """All masks of a (height, width) image, whatever their names, as the category `ANY`; the unknown is a crowd."""
    found = [Thing(ANY.id, labelled.mask) for labelled in labels.masks]
    void = unknown_part(labels, size)
    return found if void is None else [*found, Thing(ANY.id, void, crowd=True)]


def unknown_part(labels: Labels, size: Size, *, unjudged: Sequence[Mask] = ()) -> Mask | None:
    """The pixels of a (height, width) image of which nothing is known, and those of the masks not judged.

    The labels say nothing of ignored pixels, and where they are incomplete nothing of what no mask covers. None for
    no such pixel.
    """
    unknown = [*unjudged, *([] if labels.ignored is None else [labels.ignored])]
    if not labels.complete:
        covered = Mask.union([Mask.empty(*size), *(labelled.mask for labelled in labels.masks)])
        unknown.append(Mask.from_array(~covered.to_array()))
    void = Mask.union(unknown) if unknown else None
    return void if void is not None and void.area else None


def _without_ignored(view: Ids, labels: Labels, void: int) -> Ids:
    if labels.ignored is not None:
        view[labels.ignored.to_array()] = void
    return view
