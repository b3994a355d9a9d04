"""`launch.py export`: its options reach the export, and what it writes is said on the terminal."""

from __future__ import annotations

import json

import pytest

from app.cli import main
from app.workflows.correct import Submission, correct
from core.annotation.corrections import Operation, Request
from core.annotation.mask import Mask
from core.annotation.splits import split_of
from tests.made import disc, make_workspace


@pytest.fixture
def labelled(tmp_path):
    """Two images, the first with a car, the second with a sky."""
    workspace, images = make_workspace(tmp_path / "workspace", photos=2, proposals=1)
    for image, category_id in zip(images, (3, 7), strict=True):
        request = Request(Operation.DRAW, category_id=category_id, mask=Mask.from_array(disc(90, 120, 45, 60, 20)))
        correct(workspace, Submission(image.id, f"client-{image.id}", 0, "ann", 0, request))
    workspace.close()
    return workspace.folder, images


def export(folder, out, *options):
    return main(["export", "--workspace", str(folder), "--format", "coco", *options, str(out)])


def names(out):
    return [image["file_name"] for image in json.loads((out / "instances.json").read_bytes())["images"]]


def test_a_category_and_no_photos(labelled, tmp_path, capsys):
    folder, _ = labelled
    assert export(folder, tmp_path / "out", "--category", "sky", "--no-photos") == 0
    assert names(tmp_path / "out") == ["photo-1.png"]
    assert not (tmp_path / "out" / "images").exists()
    said = capsys.readouterr().out
    assert said.startswith("1 image with 1 segment as coco: instances.json, export-report.json\n")
    assert "1 image not done" in said


def test_new_shares_and_one_split_of_them(labelled, tmp_path):
    folder, images = labelled
    shares = {"a": 0.5, "b": 0.5}
    split = split_of(images[0].sha256, shares)
    expected = [image.file_name for image in images if split_of(image.sha256, shares) == split]
    assert export(folder, tmp_path / "out", "--shares", "a=0.5,b=0.5", "--split", split) == 0
    assert names(tmp_path / "out") == expected


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--category", "dog"], "no category is called 'dog'; the label set has person, car, sky, road"),
        (["--split", "test"], "no image of that choice is in the split 'test'"),
        (["--shares", "a=0.5"], "add up to 0.5"),
        (["--state", "done"], "nothing to export"),
    ],
)
def test_what_cannot_be_is_told_with_the_remedy(options, reason, labelled, tmp_path, capsys):
    assert export(labelled[0], tmp_path / "out", *options) == 2
    assert reason in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("empty", ["", " "])
def test_an_empty_name_is_not_the_current_folder(empty, labelled, capsys):
    with pytest.raises(SystemExit):
        export(labelled[0], empty)
    assert "OUT: is empty" in capsys.readouterr().err
