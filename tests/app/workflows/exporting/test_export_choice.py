"""An export takes the images that were asked for, as they were when it began, with ids and splits on record."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import update

from app.workflows.correct import Submission, correct
from app.workflows.exporting import REPORT_FILE, Choice, export_workspace, export_zip
from core.annotation.corrections import Operation, Request
from core.annotation.errors import FormatError, StorageError
from core.annotation.mask import Mask
from core.annotation.splits import split_of
from core.formats.registry import FORMATS
from storage.images import ImageRecord
from storage.tables import ImageRow
from storage.workspace import Workspace
from tests.made import disc, make_workspace
from tests.small_disk import fill, small_disk

PERSON, CAR, SKY = 1, 3, 7


def submit(workspace: Workspace, image: ImageRecord, revision: int, request: Request) -> None:
    correct(workspace, Submission(image.id, f"client-{image.id}", revision, "ann", revision, request))


def draw(workspace: Workspace, image: ImageRecord, revision: int, category_id: int, radius: int = 20) -> None:
    mask = Mask.from_array(disc(image.height, image.width, 45, 60, radius))
    submit(workspace, image, revision, Request(Operation.DRAW, category_id=category_id, mask=mask))


@pytest.fixture
def images(tmp_path: Path) -> Iterator[tuple[Workspace, list[ImageRecord]]]:
    """Six images; the first has a person and a sky, the second a car, the third a person and is done."""
    workspace, images = make_workspace(tmp_path / "workspace", photos=6, proposals=1)
    draw(workspace, images[0], 0, SKY, 40)
    draw(workspace, images[0], 1, PERSON)
    draw(workspace, images[1], 0, CAR)
    draw(workspace, images[2], 0, PERSON)
    submit(workspace, images[2], 1, Request(Operation.DONE))
    with workspace:
        yield workspace, list(images)


def exported(out: Path) -> dict[str, list[int]]:
    """File name → categories of its segments."""
    raw = json.loads((out / "instances.json").read_bytes())
    return {
        image["file_name"]: [one["category_id"] for one in raw["annotations"] if one["image_id"] == image["id"]]
        for image in raw["images"]
    }


def give(workspace: Workspace, image: ImageRecord, **values: object) -> None:
    with workspace.database.write() as session:
        session.execute(update(ImageRow).where(ImageRow.id == image.id).values(**values))


def test_images_are_chosen_with_all_their_segments(images, tmp_path):
    workspace, (_, second, *_) = images
    give(workspace, second, split="val")
    first_two = {"photo-0.png": [SKY, PERSON], "photo-1.png": [CAR]}
    for number, (choice, expected) in enumerate(
        [
            (Choice(), first_two | {"photo-2.png": [PERSON]}),
            (Choice(state="done"), {"photo-2.png": [PERSON]}),
            (Choice(categories=("person",)), {"photo-0.png": [SKY, PERSON], "photo-2.png": [PERSON]}),
            (Choice(categories=("car", "sky")), first_two),
            (Choice(categories=("person",), state="done"), {"photo-2.png": [PERSON]}),
            (Choice(split="val"), {"photo-1.png": [CAR]}),
        ]
    ):
        out = tmp_path / f"{number}"
        export_workspace(workspace, "coco", out, choice=choice, photos=False)
        assert exported(out) == expected, choice


def test_names_that_are_not_known_are_answered_with_those_that_are(images, tmp_path):
    workspace, (first, *_) = images
    give(workspace, first, split="val")
    with pytest.raises(FormatError, match=r"'dog'; the label set has person, car, sky, road"):
        export_workspace(workspace, "coco", tmp_path / "out", choice=Choice(categories=("dog",)))
    with pytest.raises(FormatError, match=r"'test': there are 2 in train, 1 in val"):
        export_workspace(workspace, "coco", tmp_path / "out", choice=Choice(split="test"))
    with pytest.raises(FormatError, match="nothing to export: no image has a segment of 'road'"):
        export_workspace(workspace, "coco", tmp_path / "out", choice=Choice(categories=("road",)))


def test_shares_split_anew_by_content_and_are_recorded(images, tmp_path):
    workspace, records = images
    shares = {"one": 0.5, "two": 0.5}
    expected: dict[str, list[str]] = {}
    for record in records[:3]:
        expected.setdefault(split_of(record.sha256, shares), []).append(record.file_name)
    report = export_workspace(workspace, "coco", tmp_path / "out", choice=Choice(shares=shares))
    saved = json.loads((tmp_path / "out" / REPORT_FILE).read_bytes())
    assert saved["splits"] == expected
    assert saved["choice"]["shares"] == shares
    assert all(f"{name} {len(names)}" in report.summary() for name, names in expected.items())


def test_images_keep_the_ids_they_came_with(images, tmp_path):
    workspace, (first, second, third, *_) = images
    give(workspace, first, source_id=900_000_000_001)
    give(workspace, second, source_id=third.id)
    report = export_workspace(workspace, "coco", tmp_path / "out")
    raw = json.loads((tmp_path / "out" / "instances.json").read_bytes())
    assert [image["id"] for image in raw["images"]] == [900_000_000_001, third.id, 900_000_000_001 + third.id]
    assert report.notes == ()


def test_ids_that_two_images_came_with_give_way_to_the_workspaces_own(images, tmp_path):
    workspace, (first, second, third, *_) = images
    give(workspace, first, source_id=7)
    give(workspace, second, source_id=7)
    report = export_workspace(workspace, "coco", tmp_path / "out")
    raw = json.loads((tmp_path / "out" / "instances.json").read_bytes())
    assert [image["id"] for image in raw["images"]] == [first.id, second.id, third.id]
    assert "image ids are the workspace's own" in report.notes[0]


def test_the_truth_is_of_the_moment_the_export_began(images, tmp_path):
    workspace, (_, second, third, fourth, *_) = images
    export_workspace(workspace, "coco", tmp_path / "before")

    def correct_meanwhile(finished: int, total: int) -> None:
        if finished == 1:
            submit(workspace, third, 2, Request(Operation.DELETE, segments=(1,)))
            draw(workspace, second, 1, SKY)
            draw(workspace, fourth, 0, SKY)

    export_workspace(workspace, "coco", tmp_path / "during", progress=correct_meanwhile)
    for name in ("instances.json", REPORT_FILE):
        assert (tmp_path / "during" / name).read_bytes() == (tmp_path / "before" / name).read_bytes()


def test_the_report_names_what_the_format_does_not_hold_of_the_label_set_and_of_states(images, tmp_path):
    workspace, _ = images
    for name in (name for name, one in FORMATS.items() if one.write):
        report = export_workspace(workspace, name, tmp_path / name, photos=False)
        counts = {loss.kind: loss.count for loss in report.losses}
        held = FORMATS[name].holds
        assert counts.get("kinds", 0) == (0 if held.kinds else 2), name
        assert counts.get("category-ids", 0) == (0 if held.category_ids else 4), name
        assert counts.get("colours", 0) == (0 if held.colours else 4), name
        assert counts.get("splits", 0) == (0 if held.splits else 3), name
        assert counts.get("in-work", 0) == (0 if held.void else 2), name
        assert len(counts) == len(report.losses), f"{name} counts a loss twice"
        saved = json.loads((tmp_path / name / REPORT_FILE).read_bytes())
        assert saved["losses"] == [
            {"kind": loss.kind, "count": loss.count, "what": loss.what} for loss in report.losses
        ]


def test_segment_ids_stay_where_none_is_there_twice(images, tmp_path):
    """The first image has the segments 1 and 2, the others 1."""
    workspace, _ = images
    export_workspace(workspace, "coco-panoptic", tmp_path / "one", choice=Choice(categories=("sky",)))
    raw = json.loads((tmp_path / "one" / "panoptic.json").read_bytes())
    assert [part["id"] for part in raw["annotations"][0]["segments_info"]] == [1, 2]


def test_a_zip_holds_the_export_and_is_the_same_each_time(images, tmp_path):
    workspace, _ = images
    export_workspace(workspace, "coco", tmp_path / "out")
    export_zip(workspace, "coco", tmp_path / "one.zip")
    export_zip(workspace, "coco", tmp_path / "two.zip")
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()
    with zipfile.ZipFile(tmp_path / "one.zip") as archive:
        assert archive.testzip() is None
        found = {name: archive.read(name) for name in archive.namelist()}
    expected = {
        path.relative_to(tmp_path / "out").as_posix(): path.read_bytes()
        for path in (tmp_path / "out").rglob("*")
        if path.is_file()
    }
    assert found == expected
    with pytest.raises(FormatError, match="stopped"):
        export_zip(workspace, "coco", tmp_path / "three.zip", cancelled=lambda: True)
    assert sorted(path.name for path in tmp_path.iterdir() if "three" in path.name) == []


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    yield from small_disk(tmp_path, 1 << 20)


def test_a_full_disk_leaves_the_old_export(images, disk):
    """Until there is room for the new one beside it; there is a page more each time."""
    workspace, _ = images
    out = disk / "out"
    export_workspace(workspace, "coco-panoptic", out, choice=Choice(state="done"))
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    refused = 0
    while True:
        ballast = fill(disk, leaving_bytes=refused * 4096)
        try:
            export_workspace(workspace, "coco-panoptic", out, replace=True)
        except StorageError as error:
            assert "full" in str(error)  # noqa: PT017 — whether it fits depends on the pages left
            refused += 1
        else:
            break
        finally:
            ballast.unlink()
        assert {path: path.read_bytes() for path in out.rglob("*") if path.is_file()} == before
        assert [path.name for path in disk.iterdir()] == ["out"]
    assert refused > 4
    assert len(json.loads((out / "panoptic.json").read_bytes())["images"]) == 3
    assert [path.name for path in disk.iterdir()] == ["out"]
