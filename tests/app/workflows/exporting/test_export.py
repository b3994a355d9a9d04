"""An export holds the stored truth, its photos fit its masks, and it is there whole or not at all."""

from __future__ import annotations

import errno
import json
import time
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pycocotools.coco import COCO

import core.formats.semantic_png.write
from app.workflows.correct import Submission, correct
from app.workflows.exporting import REPORT_FILE, Choice, export_workspace
from app.workflows.ingest import PhotoFile, add_photos
from core.annotation.corrections import Operation, Request
from core.annotation.errors import FormatError, StorageError
from core.annotation.labels import LabelSet
from core.annotation.mask import Mask
from core.annotation.truth import Truth
from core.annotation.views import SEMANTIC_VOID, panoptic_view, semantic_view
from core.formats.registry import FORMATS
from storage.categories import add_category, load_label_set
from storage.images import ImageRecord, list_images
from storage.truths import load_truth
from storage.workspace import Workspace
from tests.storage.new_workspaces import new_workspace

WRITTEN = [name for name, one in FORMATS.items() if one.write]


def photo_file(width: int, height: int, file_format: str, orientation: int = 1) -> bytes:
    out, exif = BytesIO(), Image.Exif()
    exif[274] = orientation
    pixels = np.random.default_rng(width).integers(0, 256, (height, width, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(out, file_format, exif=exif)
    return out.getvalue()


def draw(workspace: Workspace, image: ImageRecord, category_id: int | None, box: tuple[int, int, int, int]) -> None:
    top, left, bottom, right = box
    array = np.zeros((image.height, image.width), dtype=bool)
    array[top:bottom, left:right] = True
    request = Request(Operation.DRAW, category_id=category_id, mask=Mask.from_array(array))
    _correct(workspace, image, request)


def mark_done(workspace: Workspace, image: ImageRecord) -> None:
    _correct(workspace, image, Request(Operation.DONE))


def _correct(workspace: Workspace, image: ImageRecord, request: Request) -> None:
    truth, _ = stored(workspace, image)
    correct(workspace, Submission(image.id, "test", image.id * 1000 + truth.revision, "a", truth.revision, request))


def stored(workspace: Workspace, image: ImageRecord) -> tuple[Truth, LabelSet]:
    with workspace.database.read() as session:
        return load_truth(session, image.id), load_label_set(session)


def all_images(workspace: Workspace) -> tuple[ImageRecord, ...]:
    with workspace.database.read() as session:
        return list_images(session, limit=1000)


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    """Photos: a rotated JPEG with overlaps, a PNG of the same name, a done one without segments, an untouched one."""
    photos = {
        "street/photo.jpg": photo_file(30, 20, "JPEG", orientation=6),
        "photo.PNG": photo_file(24, 16, "PNG"),
        "empty.png": photo_file(10, 12, "PNG"),
        "untouched.png": photo_file(11, 12, "PNG"),
    }
    files = []
    for index, (name, content) in enumerate(photos.items()):
        (tmp_path / f"{index}").write_bytes(content)
        files.append(PhotoFile(tmp_path / f"{index}", name))
    with new_workspace(tmp_path / "workspace") as opened:
        add_photos(opened, files)
        with opened.database.write() as session:
            person = add_category(session, name="person", is_thing=True)
            grass = add_category(session, name="grass", is_thing=False)
        first, second, empty, _ = all_images(opened)
        draw(opened, first, grass.id, (0, 0, 30, 20))
        draw(opened, first, person.id, (3, 3, 15, 12))
        draw(opened, first, person.id, (5, 5, 20, 10))
        draw(opened, first, None, (0, 0, 4, 4))
        draw(opened, second, grass.id, (0, 0, 8, 24))
        mark_done(opened, second)
        mark_done(opened, empty)
        yield opened


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_coco_holds_the_stored_truth(workspace: Workspace, tmp_path: Path) -> None:
    report = export_workspace(workspace, "coco", tmp_path / "out")
    coco = COCO(str(tmp_path / "out" / "instances.json"))
    for image in all_images(workspace)[:3]:
        truth, _ = stored(workspace, image)
        labelled = [segment for segment in truth.segments if segment.category_id is not None]
        found = coco.imgToAnns[image.id]
        assert [annotation["category_id"] for annotation in found] == [segment.category_id for segment in labelled]
        for annotation, segment in zip(found, labelled, strict=True):
            assert np.array_equal(coco.annToMask(annotation), segment.mask.to_array())
    assert (report.images, report.segments, report.unlabelled_left_out) == (3, 4, 1)


def test_panoptic_and_semantic_show_the_stored_views(workspace: Workspace, tmp_path: Path) -> None:
    export_workspace(workspace, "coco-panoptic", tmp_path / "p")
    export_workspace(workspace, "semantic-png", tmp_path / "s")
    first = all_images(workspace)[0]
    truth, labels = stored(workspace, first)
    with Image.open(tmp_path / "p" / "panoptic" / "photo.png") as png:
        ids = np.asarray(png).astype(int) @ [1, 256, 65_536]
    assert np.array_equal(ids, panoptic_view(truth, labels).ids)
    with Image.open(tmp_path / "s" / "masks" / "photo.png") as png:
        indices = np.asarray(png)
    lookup = np.full(256, SEMANTIC_VOID)
    lookup[: len(labels)] = [category.id for category in labels]
    assert np.array_equal(lookup[indices], semantic_view(truth, labels))


@pytest.mark.parametrize("format_name", ["coco", "coco-panoptic", "semantic-png"])
def test_photos_are_as_large_and_as_upright_as_their_masks(
    format_name: str, workspace: Workspace, tmp_path: Path
) -> None:
    export_workspace(workspace, format_name, tmp_path / "out")
    photos = sorted((tmp_path / "out" / "images").iterdir())
    assert [path.name for path in photos] == ["empty.png", "photo-2.PNG", "photo.jpg"]
    with Image.open(photos[2]) as turned:
        assert turned.size == (20, 30)
        assert turned.getexif().get(274, 1) == 1
    assert photos[1].read_bytes() == photo_file(24, 16, "PNG")


def test_a_second_export_is_byte_identical_in_every_format(workspace: Workspace, tmp_path: Path) -> None:
    for format_name in WRITTEN:
        export_workspace(workspace, format_name, tmp_path / "one" / format_name)
    time.sleep(1.1)
    for format_name in WRITTEN:
        export_workspace(workspace, format_name, tmp_path / "two" / format_name)
        assert contents(tmp_path / "one" / format_name) == contents(tmp_path / "two" / format_name)
    assert [path.name for path in (tmp_path / "two").iterdir() if path.name.startswith(".")] == []


def test_the_report_says_what_is_missing(workspace: Workspace, tmp_path: Path) -> None:
    report = export_workspace(workspace, "coco-panoptic", tmp_path / "out")
    saved = json.loads((tmp_path / "out" / REPORT_FILE).read_bytes())
    assert saved["format"] == "coco-panoptic"
    assert saved["notes"] == list(report.notes)
    assert saved["renamed"] == [
        {"image_id": 1, "file_name": "street/photo.jpg", "export_name": "photo.jpg"},
        {"image_id": 2, "file_name": "photo.PNG", "export_name": "photo-2.PNG"},
    ]
    assert report.files == ("panoptic.json", "panoptic/", "images/", REPORT_FILE)
    assert report.summary().splitlines()[0].startswith("3 images with 4 segments as coco-panoptic: ")
    assert "1 unlabelled segment left out until labelled" in report.summary().splitlines()
    assert "1 photo written as shown on the page, not as the file was" in report.notes


def test_done_images_only_and_names_do_not_shift(workspace: Workspace, tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    report = export_workspace(
        workspace,
        "coco",
        tmp_path / "out",
        choice=Choice(state="done"),
        photos=False,
        progress=lambda *now: seen.append(now),
    )
    raw = json.loads((tmp_path / "out" / "instances.json").read_bytes())
    assert [image["file_name"] for image in raw["images"]] == ["photo-2.PNG", "empty.png"]
    assert report.images == 2
    assert not (tmp_path / "out" / "images").exists()
    assert seen == [(1, 2), (2, 2)]


def test_a_workspace_without_segments_has_nothing_to_export(tmp_path: Path) -> None:
    with Workspace.open(tmp_path / "new") as workspace, pytest.raises(FormatError, match="nothing to export"):
        export_workspace(workspace, "coco", tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(("format_name", "state"), [("bsds", "all"), ("coco", "new")])
def test_unknown_choices_name_the_known_ones(
    format_name: str, state: str, workspace: Workspace, tmp_path: Path
) -> None:
    with pytest.raises(FormatError, match=r"coco, coco-panoptic|all, done, approved"):
        export_workspace(workspace, format_name, tmp_path / "out", choice=Choice(state=state))


def test_an_empty_folder_is_taken_and_others_are_kept(workspace: Workspace, tmp_path: Path) -> None:
    empty, mine, file = tmp_path / "empty", tmp_path / "mine", tmp_path / "file"
    empty.mkdir()
    export_workspace(workspace, "coco", empty)
    assert (empty / "instances.json").is_file()
    mine.mkdir()
    (mine / "thesis.txt").write_text("years of work")
    file.write_text("a file")
    for out, replace in [(empty, False), (mine, False), (mine, True), (file, True)]:
        with pytest.raises(FormatError, match=str(out)):
            export_workspace(workspace, "coco", out, replace=replace)
    assert contents(mine) == {"thesis.txt": b"years of work"}


def test_replace_keeps_what_the_old_export_did_not_write(workspace: Workspace, tmp_path: Path) -> None:
    out = tmp_path / "out"
    export_workspace(workspace, "coco", out)
    (out / "runs").mkdir()
    (out / "mine.txt").write_text("years of work")
    before = contents(out)
    with pytest.raises(FormatError, match=r"mine\.txt, runs"):
        export_workspace(workspace, "voc", out, replace=True)
    assert contents(out) == before


def test_the_report_of_an_export_is_read_before_its_folder_is_replaced(workspace: Workspace, tmp_path: Path) -> None:
    for number, damaged in enumerate([b"", b"[]", b'{"files": 3}', b'{"files": [1]}']):
        out = tmp_path / f"out-{number}"
        out.mkdir()
        (out / REPORT_FILE).write_bytes(damaged)
        with pytest.raises(FormatError, match="holds no earlier export"):
            export_workspace(workspace, "coco", out, replace=True)


def test_no_export_takes_the_place_of_its_workspace_or_lies_in_it(workspace: Workspace, tmp_path: Path) -> None:
    out = workspace.folder.parent
    (out / REPORT_FILE).write_text(json.dumps({"files": [path.name for path in out.iterdir()]}))
    before = contents(workspace.folder)
    for place in (out, workspace.folder, workspace.folder / "out", workspace.folder / "blobs" / "deep"):
        with pytest.raises(FormatError, match="not apart"):
            export_workspace(workspace, "coco", place, replace=True)
    assert contents(workspace.folder) == before


def test_a_folder_below_a_file_is_refused_in_words(workspace: Workspace, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("a file")
    with pytest.raises(FormatError, match=r"file is a file, so that it can hold no out"):
        export_workspace(workspace, "coco", tmp_path / "file" / "deep" / "out")


def test_replace_puts_the_new_export_in_the_place_of_the_old(workspace: Workspace, tmp_path: Path) -> None:
    out = tmp_path / "deep" / "er" / "out"
    export_workspace(workspace, "coco", out)
    export_workspace(workspace, "semantic-png", out, replace=True)
    assert not (out / "instances.json").exists()
    assert (out / "labels.json").is_file()
    assert [path.name for path in out.parent.iterdir()] == ["out"]


@pytest.mark.parametrize("failure", ["cancelled", "damaged photo", "full disk"])
def test_an_export_that_stops_leaves_what_was_there(
    failure: str, workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    export_workspace(workspace, "coco", out)
    before = contents(out)
    calls = iter(range(100))
    if failure == "damaged photo":
        workspace.blobs.path(all_images(workspace)[1].display_sha256).write_bytes(b"rotten")
    if failure == "full disk":
        monkeypatch.setattr(core.formats.semantic_png.write, "write_file", _disk_full)
    with pytest.raises(StorageError if failure != "cancelled" else FormatError, match=r"damaged|full|stopped"):
        export_workspace(
            workspace,
            "semantic-png",
            out,
            replace=True,
            cancelled=lambda: failure == "cancelled" and next(calls) == 1,
        )
    assert contents(out) == before
    assert sorted(path.name for path in tmp_path.iterdir() if "out" in path.name) == ["out"]


def _disk_full(path: Path, content: bytes) -> None:
    raise OSError(errno.ENOSPC, "No space left on device", str(path))
