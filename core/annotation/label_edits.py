"""What can be done to a label set, as functions from set to set, and how a step is taken back."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from core.annotation.errors import LabelSetError
from core.annotation.labels import Category, LabelSet


class LabelEdit(StrEnum):
    """One kind of step in the label set's log. `merge` gives one category's segments to another and removes it;
    `import` is what a data set brought, and is not undone."""

    ADD = "add"
    CHANGE = "change"
    REMOVE = "remove"
    MERGE = "merge"
    REORDER = "reorder"
    IMPORT = "import"
    UNDO = "undo"


def added(label_set: LabelSet, category: Category) -> LabelSet:
    """With the category at the end."""
    return LabelSet.of([*label_set, category])


def changed(label_set: LabelSet, category: Category) -> LabelSet:
    """With the category instead of that with its id."""
    label_set.get(category.id)
    return LabelSet.of(category if other.id == category.id else other for other in label_set)


def reordered(label_set: LabelSet, category_ids: Sequence[int]) -> LabelSet:
    """In this order, which names each category once."""
    present = sorted(category.id for category in label_set)
    if sorted(category_ids) != present:
        raise LabelSetError(f"an order names every category once; the ids are {present}, got {list(category_ids)}")
    return LabelSet.of(map(label_set.get, category_ids))


def taken_back(label_set: LabelSet, before: LabelSet, after: LabelSet) -> LabelSet:
    """Undoes the step that led from `before` to `after`; what others than it did since stays.

    The order is that of before the step; categories that were not there then follow in their present order.
    Raises LabelSetError when a name or key that would come back is another's now.
    """
    here = {category.id: category for category in label_set}
    there_after = {category.id: category for category in after}
    back = []
    for category in before:
        now, then = here.get(category.id), there_after.get(category.id)
        if now is not None:
            back.append(now if then in (None, category) else category)
        elif then is None:
            back.append(category)
    new_since = [item for item in label_set if before.find(item.id) is None and item.id not in there_after]
    return LabelSet.of([*back, *new_since])
