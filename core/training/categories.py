"""The label set a model learns, from the categories that data sets name."""

from __future__ import annotations

from collections.abc import Sequence

from core.annotation.labels import Category, LabelSet, distinct_colour
from core.annotation.proposals import REGION
from core.training.data.sources import DataSet


def label_set_of(sets: Sequence[DataSet]) -> LabelSet:
    """The sets' categories in their order, then "region" (stuff: any part of a photo).

    A name that occurs twice is one category; an id that is taken gives way to the next free one.
    """
    categories: dict[str, Category] = {}
    for category in (category for data_set in sets for category in data_set.categories):
        if category.name not in categories and category.name != REGION:
            categories[category.name] = _with_free_id(category, categories)
    region = Category(0, REGION, False, distinct_colour(len(categories)))
    return LabelSet.of([*categories.values(), _with_free_id(region, categories)])


def _with_free_id(category: Category, taken: dict[str, Category]) -> Category:
    ids = {other.id for other in taken.values()}
    number = category.id if category.id not in ids and category.id > 0 else max(ids, default=0) + 1
    return Category(number, category.name, category.is_thing, distinct_colour(len(taken)))
