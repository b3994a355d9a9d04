"""Whole workflows: a set goes into a workspace, out in each format, and into a second workspace."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from PIL import Image

from app.workflows.exporting import export_workspace
from app.workflows.importing import ImportReport, ImportRequest, import_data, plan_import
from core.annotation.labels import LabelSet
from core.annotation.truth import Truth
from core.formats.capabilities import CAPABILITIES, Capability
from storage.categories import load_label_set
from storage.images import ImageRecord, list_images
from storage.truths import load_truth
from storage.workspace import Workspace
from tests.round_trips.hard_cases import hard_set
from tests.round_trips.limits import BOTH_WAYS
from tests.round_trips.reduction import as_held, reduced
from tests.round_trips.trips import digest, same_segments, written
from tests.storage.new_workspaces import new_workspace

# LabelMe is the one that keeps unlabelled segments as they are; every truth that it brings can be told.
SOURCE = "labelme"
EXIF_ORIENTATION = 0x0112
FAST_FORMATS = ("voc",)
# What hides nothing of what came back.
AS_IT_IS = Capability("", overlaps=True, crowd=True, unlabelled=True)


@dataclass(frozen=True)
class Held:
    """What a workspace holds, images by file name without extension."""

    label_set: LabelSet
    images: Mapping[str, tuple[ImageRecord, Truth]]


def brought_in(workspace: Workspace, name: str, path: Path) -> ImportReport:
    with plan_import(workspace, ImportRequest(name, path)) as plan:
        return import_data(workspace, plan)


def held_by(workspace: Workspace) -> Held:
    with workspace.database.read() as session:
        images = {
            Path(image.file_name).stem: (image, load_truth(session, image.id))
            for image in list_images(session, limit=1000)
        }
        return Held(load_label_set(session), images)


@pytest.mark.parametrize(
    "name", [pytest.param(one, marks=() if one in FAST_FORMATS else pytest.mark.long) for one in BOTH_WAYS]
)
def test_a_workspace_goes_out_and_comes_back(name: str, tmp_path: Path) -> None:
    holds = CAPABILITIES[name]
    hard = hard_set("streets")
    written(SOURCE, hard, tmp_path / "set")
    with new_workspace(tmp_path / "first") as first, new_workspace(tmp_path / "second") as second:
        assert brought_in(first, SOURCE, tmp_path / "set").problems == ()
        before = held_by(first)
        assert set(before.images) == {Path(image.export_name).stem for image in hard.images}
        exports = [tmp_path / "out", tmp_path / "again"]
        reports = [export_workspace(first, name, out) for out in exports]
        assert reports[0] == reports[1]
        assert digest(exports[0]) == digest(exports[1])
        assert brought_in(second, name, exports[0]).problems == ()
        after = held_by(second)
        assert set(after.images) == set(before.images)
        for stem, (image, truth) in before.images.items():
            found, _ = after.images[stem]
            assert (found.height, found.width, found.done) == (image.height, image.width, True)
            wanted = reduced(truth, before.label_set, holds)
            same_segments(as_held(reduced(after.images[stem][1], after.label_set, AS_IT_IS), holds), wanted, holds)
        assert {one.name for one in after.label_set} == {one.name for one in before.label_set}
        again = brought_in(second, name, exports[1])
        assert (again.added, again.labelled, again.segments) == (0, 0, 0)
        assert held_by(second) == after


def test_exported_photos_lie_upright_with_their_masks(tmp_path: Path) -> None:
    hard = hard_set("streets")
    turned = replace(hard, images=tuple(one for one in hard.images if one.file_name == "turned.jpg"))
    written(SOURCE, turned, tmp_path / "set")
    with new_workspace(tmp_path / "workspace") as workspace:
        brought_in(workspace, SOURCE, tmp_path / "set")
        export_workspace(workspace, "coco", tmp_path / "out")
    (photo,) = (tmp_path / "out" / "images").iterdir()
    with Image.open(photo) as picture:
        assert (picture.height, picture.width) == (turned.images[0].height, turned.images[0].width)
        assert EXIF_ORIENTATION not in picture.getexif()


@pytest.mark.long
def test_coco_goes_from_workspace_to_workspace_without_another_byte(tmp_path: Path) -> None:
    written("coco", hard_set("wide ids"), tmp_path / "set")
    place = tmp_path / "set"
    files = []
    for number in range(2):
        with new_workspace(tmp_path / f"workspace {number}") as workspace:
            assert brought_in(workspace, "coco", place).problems == ()
            place = tmp_path / f"out {number}"
            export_workspace(workspace, "coco", place)
            files.append((place / "instances.json").read_bytes())
    assert files[0] == files[1]
