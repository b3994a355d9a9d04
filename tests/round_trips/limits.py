"""What each format refuses, and the number that its refusal names."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.annotation.errors import FormatError
from core.annotation.labels import LabelSet
from core.annotation.truth import Truth
from core.formats.capabilities import CAPABILITIES, READ_FORMATS, WRITTEN_FORMATS
from tests.round_trips.hard_cases import HardSet
from tests.round_trips.trips import written

BOTH_WAYS = tuple(name for name in WRITTEN_FORMATS if name in READ_FORMATS)
# The ids that are values of pixels: 16 bits, from 1 in Cityscapes, where 65 · 1000 + 535 is the last.
CATEGORY_IDS = {"cityscapes": range(1, 66), "ade20k": range(65_535)}
ANY = range(2**31)


def beyond(name: str, hard: HardSet) -> set[int]:
    """The counts and category ids that are too large (or small) for the format; none where it holds the set."""
    holds = CAPABILITIES[name]
    most = max((most_of_one_category(image.truth, hard.label_set) for image in hard.images), default=0)
    numbers = {category.id for category in hard.label_set if category.id not in CATEGORY_IDS.get(name, ANY)}
    if holds.most_categories is not None and len(hard.label_set) > holds.most_categories:
        numbers.add(len(hard.label_set))
    if holds.most_instances is not None and most > holds.most_instances:
        numbers.add(most)
    if name == "voc":
        # One number a segment, whatever its category.
        numbers |= {len(image.truth.segments) for image in hard.images if len(image.truth.segments) > 254}
    if name == "cityscapes" and most > 536 and 65 in {category.id for category in hard.label_set}:
        # 65 · 1000 + 535 is the last of 16 bits.
        numbers.add(most)
    return numbers


def most_of_one_category(truth: Truth, labels: LabelSet) -> int:
    """The most segments of one category in an image."""
    ids = [segment.category_id for segment in truth.segments]
    return max((ids.count(category.id) for category in labels), default=0)


def refused(name: str, hard: HardSet, folder: Path) -> None:
    """Fails unless the format refuses the set with a number that is beyond its limits."""
    numbers = "|".join(map(str, sorted(beyond(name, hard))))
    with pytest.raises(FormatError, match=rf"\b({numbers})\b"):
        written(name, hard, folder)
