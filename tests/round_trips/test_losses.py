"""What an export says that it left out is what is missing from it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from core.annotation.views import labelled
from core.formats.capabilities import CAPABILITIES, WRITTEN_FORMATS
from tests.round_trips.hard_cases import STREETS, HardSet, Part, Scene, box, hard_set, made
from tests.round_trips.reduction import visible_parts
from tests.round_trips.trips import written

# What a format says of sets in which nothing is lost: YOLO of its outlines, ADE20K of its gaps.
ALWAYS_SAID = {"yolo": {"iou"}, "ade20k": {"id-gaps"}}


def test_hidden_covered_unlabelled_and_crowd_segments_are_counted_by_every_format(tmp_path: Path) -> None:
    streets = hard_set("streets")
    hard = replace(streets, images=streets.images[:-1])
    wanted = counted(hard)
    for name in WRITTEN_FORMATS:
        holds = CAPABILITIES[name]
        report = written(name, hard, tmp_path / name)
        said = {loss.kind: loss.count for loss in report.losses}
        assert said.get("hidden", 0) == (0 if holds.overlaps else wanted["hidden"]), name
        assert said.get("covered", 0) == (0 if holds.overlaps else wanted["covered"]), name
        assert said.get("crowd", 0) == (0 if holds.crowd else wanted["crowd"]), name
        if not holds.unlabelled:
            assert said.get("unlabelled", 0) == wanted["unlabelled"], name


def counted(hard: HardSet) -> dict[str, int]:
    counts = dict.fromkeys(("hidden", "covered", "crowd", "unlabelled"), 0)
    for image in hard.images:
        visible = visible_parts(image.truth)
        known = list(labelled(image.truth, hard.label_set))
        counts["unlabelled"] += len(image.truth.segments) - len(known)
        counts["crowd"] += sum(segment.crowd for segment, _ in known)
        counts["hidden"] += sum(not visible[segment.id].any() for segment, _ in known)
        counts["covered"] += sum(0 < visible[segment.id].sum() < segment.mask.area for segment, _ in known)
    return counts


@pytest.mark.parametrize("name", WRITTEN_FORMATS)
def test_no_loss_is_named_where_nothing_is_lost(name: str, tmp_path: Path) -> None:
    size = (20, 30)
    parts = (Part(box(size, 0, 0, 20, 15), 7), Part(box(size, 0, 15, 20, 30), 24))
    report = written(name, made(STREETS, [Scene("whole.png", size, parts)]), tmp_path / "out")
    assert {loss.kind for loss in report.losses} <= ALWAYS_SAID.get(name, set())
    assert (report.images, report.segments) == (1, 2)
