"""Label sets and random truths: overlaps, holes, crowds, stuff in pieces, unlabelled and hidden segments, great ids."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from core.annotation.labels import Category, LabelSet, distinct_colour
from core.annotation.mask import Mask
from core.annotation.truth import Segment, Source, Truth
from core.formats.exported import ExportImage

LABELS = LabelSet.of(
    [
        Category(7, "person", True, (200, 10, 10)),
        Category(0, "cat, {brown}", True, (10, 200, 10)),
        Category(900, "grass", False, (10, 120, 10)),
        Category(3, "Himmel ü", False, (100, 150, 255)),
    ]
)
# One id that no label set has: its category was removed.
CATEGORY_IDS = [*(category.id for category in LABELS), 55, None]


def many_categories(count: int) -> LabelSet:
    return LabelSet.of(Category(3 * i, f"category {i}", i % 2 == 0, distinct_colour(i)) for i in range(count))


@st.composite
def masks(draw: st.DrawFn, height: int, width: int) -> Mask:
    """A box with a hole, or scattered pixels; never empty."""
    array = np.zeros((height, width), dtype=bool)
    top, left = draw(st.integers(0, height - 1)), draw(st.integers(0, width - 1))
    bottom, right = draw(st.integers(top + 1, height)), draw(st.integers(left + 1, width))
    if draw(st.booleans()):
        array[top:bottom, left:right] = True
        array[top + 1 : bottom - 1, left + 1 : right - 1] = draw(st.booleans())
    else:
        random = np.random.default_rng(draw(st.integers(0, 2**32)))
        array[random.random((height, width)) < 0.3] = True
        array[top, left] = True
    return Mask.from_array(array)


@st.composite
def truths(draw: st.DrawFn) -> Truth:
    height, width = draw(st.integers(1, 16)), draw(st.integers(1, 16))
    ids = draw(st.lists(st.one_of(st.integers(1, 9), st.integers(65_530, 2**24 - 1)), max_size=8, unique=True))
    segments = tuple(
        Segment(
            id=number,
            mask=draw(masks(height, width)),
            category_id=draw(st.sampled_from(CATEGORY_IDS)),
            order=order,
            source=Source.DRAWN,
            crowd=draw(st.booleans()),
        )
        for order, number in enumerate(ids)
    )
    return Truth(height, width, segments=segments, last_segment_id=max(ids, default=0))


def export_images(truths: list[Truth]) -> list[ExportImage]:
    """The truths as images 10, 20, … of an export."""
    return [
        ExportImage(f"photo {i}.jpg", f"photo {i}.jpg", 10 * i, truth.height, truth.width, truth)
        for i, truth in enumerate(truths, start=1)
    ]


def boxes_truth(height: int, width: int, *boxes: tuple[int, int | None, tuple[int, int, int, int]]) -> Truth:
    """A truth of boxes (segment id, category id, (top, left, bottom, right)), from the bottom to the top."""
    segments = []
    for order, (number, category_id, (top, left, bottom, right)) in enumerate(boxes):
        array = np.zeros((height, width), dtype=bool)
        array[top:bottom, left:right] = True
        segments.append(Segment(number, Mask.from_array(array), category_id, order, Source.DRAWN))
    return Truth(height, width, segments=tuple(segments))
