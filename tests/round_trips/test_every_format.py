"""Each format's writer and reader on hard cases: what comes back is the truth, reduced to what the format holds."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.formats.capabilities import CAPABILITIES, WRITTEN_FORMATS
from tests.round_trips.hard_cases import HARD_SETS, HardSet, hard_set
from tests.round_trips.limits import BOTH_WAYS, beyond, refused
from tests.round_trips.trips import digest, expected, read_back, same_segments, written

# The others take a second or more each.
FAST_SETS = ("shapes", "category names")
WITH_IMAGE_IDS = ("coco", "coco-panoptic")


def cases() -> list:
    return [
        pytest.param(name, one, id=f"{name}, {one}", marks=() if one in FAST_SETS else (pytest.mark.long,))
        for name in BOTH_WAYS
        for one in HARD_SETS
    ]


@pytest.mark.parametrize(("name", "set_name"), cases())
def test_what_the_format_holds_comes_back(name: str, set_name: str, tmp_path: Path) -> None:
    hard, holds = hard_set(set_name), CAPABILITIES[name]
    if beyond(name, hard):
        refused(name, hard, tmp_path / "out")
        return
    written(name, hard, tmp_path / "out")
    back = read_back(name, tmp_path / "out")
    assert back.problems == ()
    wanted = expected(hard, holds)
    assert set(back.images) == set(wanted)
    for stem, segments in wanted.items():
        same_segments(back.held(stem, holds), segments, holds)
    check_categories(name, hard, back.data.categories)
    for image in hard.images:
        read = back.images[Path(image.export_name).stem]
        assert read.labelled
        assert read.photo.read_bytes() == hard.photos[image.export_name]
        assert read.size in {(image.height, image.width), None}
        if name in WITH_IMAGE_IDS:
            assert read.id == image.image_id
        if holds.splits:
            assert read.split == image.split


def check_categories(name: str, hard: HardSet, found: tuple) -> None:
    holds = CAPABILITIES[name]
    wanted = {category.name: category for category in hard.label_set}
    assert {category.name for category in found} == set(wanted)
    for category in found:
        if holds.category_ids:
            assert category.id == wanted[category.name].id
        if holds.kinds:
            assert category.is_thing == wanted[category.name].is_thing
        if holds.colours:
            assert category.colour == wanted[category.name].colour


@pytest.mark.parametrize("name", WRITTEN_FORMATS)
def test_a_second_export_is_the_same_to_the_byte(name: str, tmp_path: Path) -> None:
    hard = hard_set("image names")
    reports = [written(name, hard, tmp_path / folder) for folder in ("first", "second")]
    assert reports[0] == reports[1]
    assert digest(tmp_path / "first") == digest(tmp_path / "second")
