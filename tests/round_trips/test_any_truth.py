"""Truths that no one thought of, through every format and back."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.annotation.truth import Truth
from core.formats.capabilities import CAPABILITIES
from tests.core.formats.made_truths import truths
from tests.round_trips.hard_cases import STREETS, HardSet, Part, Scene, made
from tests.round_trips.limits import BOTH_WAYS
from tests.round_trips.trips import expected, read_back, same_segments, written

# The categories that made truths have, as one that every format takes; one was removed, None is unlabelled.
BECOMES = {7: 24, 0: 25, 900: 7, 3: 23, 55: 99, None: None}


def as_set(some: list[Truth]) -> HardSet:
    scenes = [
        Scene(
            f"{place}.png",
            (truth.height, truth.width),
            tuple(Part(one.mask.to_array(), BECOMES[one.category_id], one.crowd) for one in truth.segments),
        )
        for place, truth in enumerate(some)
    ]
    return made(STREETS, scenes)


def without_crowds_of_stuff(hard: HardSet) -> HardSet:
    """What Cityscapes can tell: the plain id of stuff is stuff, that of things a crowd."""
    stuff = {category.id for category in hard.label_set if not category.is_thing}
    images = []
    for image in hard.images:
        segments = tuple(replace(one, crowd=one.crowd and one.category_id not in stuff) for one in image.truth.segments)
        images.append(replace(image, truth=replace(image.truth, segments=segments)))
    return replace(hard, images=tuple(images))


@pytest.mark.long
@pytest.mark.parametrize("name", BOTH_WAYS)
@settings(deadline=None, max_examples=40, suppress_health_check=list(HealthCheck))
@given(some=st.lists(truths(), min_size=1, max_size=3))
def test_any_truth_comes_back(name: str, some: list[Truth]) -> None:
    hard, holds = as_set(some), CAPABILITIES[name]
    with TemporaryDirectory() as folder:
        written(name, hard, Path(folder) / "out")
        back = read_back(name, Path(folder) / "out")
        assert back.problems == ()
        wanted = expected(without_crowds_of_stuff(hard) if name == "cityscapes" else hard, holds)
        for stem, segments in wanted.items():
            same_segments(back.held(stem, holds), segments, holds)
