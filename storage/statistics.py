"""A workspace in numbers: how far the work is, and of what its truth consists."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.annotation.labels import Category
from storage.categories import load_label_set
from storage.tables import UNLABELLED, CategoryCountRow, ImageRow, ImageState
from storage.tags import count_tags


@dataclass(frozen=True)
class CategoryCount:
    """How many segments have the category, in how many images; crowds count as one segment each."""

    category: Category
    segments: int
    images: int


@dataclass(frozen=True)
class Statistics:
    """Images by state and split, segments by category in the label set's order, and images by tag.

    unlabelled: (segments, images) without a category. Segments and tags of deleted images are not counted.
    """

    by_state: Mapping[ImageState, int]
    by_split: Mapping[str, Mapping[ImageState, int]]
    categories: tuple[CategoryCount, ...]
    unlabelled: tuple[int, int]
    tags: tuple[tuple[str, int], ...]

    @property
    def images(self) -> int:
        """All but the deleted ones."""
        return sum(self.by_state.values()) - self.by_state[ImageState.DELETED]

    @property
    def segments(self) -> int:
        """All of them, unlabelled ones included."""
        return sum(count.segments for count in self.categories) + self.unlabelled[0]


def load_statistics(session: Session) -> Statistics:
    """The numbers of this moment; no segment is read for them."""
    by_split = {
        split: {state: _count_images(session, split, state) for state in ImageState} for split in _splits(session)
    }
    return Statistics(
        by_state={state: sum(images[state] for images in by_split.values()) for state in ImageState},
        by_split=by_split,
        categories=count_categories(session),
        unlabelled=_counts_by_category(session).get(UNLABELLED, (0, 0)),
        tags=count_tags(session),
    )


def count_categories(session: Session) -> tuple[CategoryCount, ...]:
    """The categories in their order with what they are used for; no segment is read."""
    counts = _counts_by_category(session)
    return tuple(CategoryCount(category, *counts.get(category.id, (0, 0))) for category in load_label_set(session))


def _counts_by_category(session: Session) -> dict[int, tuple[int, int]]:
    rows = session.execute(select(CategoryCountRow.category_id, CategoryCountRow.segments, CategoryCountRow.images))
    return {category_id: (segments, images) for category_id, segments, images in rows}


def _splits(session: Session) -> Iterator[str]:
    """Those in use, sorted: a leap through the index to each, where DISTINCT would walk through every image."""
    split = session.scalar(select(func.min(ImageRow.split)))
    while split is not None:
        yield split
        split = session.scalar(select(func.min(ImageRow.split)).where(ImageRow.split > split))


def _count_images(session: Session, split: str, state: ImageState) -> int:
    """One range of the index: counting is three times as fast as grouping."""
    return session.scalar(select(func.count()).where(ImageRow.split == split, ImageRow.state == state)) or 0
