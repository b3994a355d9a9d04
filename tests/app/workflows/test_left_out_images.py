"""Skipped and deleted images are in no export, training or queue for proposals; approved ones are like done ones."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.workflows.exporting import Choice, export_workspace
from app.workflows.exporting.choice import select_images
from app.workflows.ingest import PhotoFile, add_photos, report_lines
from core.annotation.corrections import Operation, Request
from core.annotation.errors import FormatError
from core.annotation.mask import Mask
from storage.corrections import history
from storage.images import ImageRecord, NewImage, labelled_images
from storage.imports import StagedImage, insert_staged, staged_line
from storage.proposals import images_to_propose, needs_proposals
from storage.snapshots import SnapshotImage, add_snapshot
from storage.tables import ImageState, Part
from storage.workspace import Workspace
from tests.made import make_workspace
from tests.storage.stored_samples import correct

PIXEL = Mask.from_runs(90, 120, [0, 1, 90 * 120 - 1])
STATES = (Operation.DONE, Operation.APPROVE, Operation.SKIP, Operation.DELETE_IMAGE, Operation.SEND_BACK)


@pytest.fixture
def judged(tmp_path: Path) -> Iterator[tuple[Workspace, list[ImageRecord]]]:
    """Five images with a segment each: done, approved, skipped, deleted, sent back."""
    workspace, images = make_workspace(tmp_path / "workspace", photos=5)
    with workspace.database.write() as session:
        for image, operation in zip(images, STATES, strict=True):
            correct(session, image.id, Request(Operation.DRAW, mask=PIXEL, category_id=1))
            correct(session, image.id, Request(operation, comment="look again"))
    yield workspace, images
    workspace.close()


def places(found: list[int], images: list[ImageRecord]) -> list[int]:
    ids = [image.id for image in images]
    return [ids.index(number) for number in found]


@pytest.mark.parametrize(
    ("state", "expected"), [("all", [0, 1, 4]), ("done", [0, 1]), ("approved", [1]), ("skipped", [2])]
)
def test_an_export_takes_the_states_that_were_asked_for(
    judged: tuple[Workspace, list[ImageRecord]], state: str, expected: list[int], tmp_path: Path
) -> None:
    workspace, images = judged
    selection = select_images(workspace, Choice(state=state))
    assert places([pick.id for pick in selection.picks], images) == expected
    report = export_workspace(workspace, "coco", tmp_path / "out", choice=Choice(state=state), photos=False)
    assert report.images == len(expected)


def test_a_snapshot_is_exported_whole_though_an_image_was_deleted_since(
    judged: tuple[Workspace, list[ImageRecord]], tmp_path: Path
) -> None:
    workspace, images = judged
    with workspace.database.write() as session:
        snapshot = add_snapshot(session, [SnapshotImage(images[3].id, 1, Part.LEARN)])
    report = export_workspace(workspace, "coco", tmp_path / "out", choice=Choice(snapshot=snapshot.id), photos=False)
    assert report.images == 1
    with pytest.raises(FormatError, match="no chosen image is approved"):
        export_workspace(
            workspace, "coco", tmp_path / "none", choice=Choice(state="approved", snapshot=snapshot.id), photos=False
        )


def test_learning_takes_neither_skipped_nor_deleted_ones(judged: tuple[Workspace, list[ImageRecord]]) -> None:
    workspace, images = judged
    with workspace.database.read() as session:
        found = labelled_images(session)
    assert places([image.id for image in found], images) == [0, 1, 4]
    assert [image.done for image in found] == [True, True, False]


def test_a_model_is_not_asked_about_deleted_ones(judged: tuple[Workspace, list[ImageRecord]]) -> None:
    workspace, images = judged
    with workspace.database.read() as session:
        assert places(list(images_to_propose(session, "e" * 64)), images) == [2, 4], "done ones are answered for"
        assert not needs_proposals(session, images[3].id, "e" * 64)
        assert needs_proposals(session, images[2].id, "e" * 64)


def test_an_import_leaves_judged_images_as_they_are(judged: tuple[Workspace, list[ImageRecord]]) -> None:
    """Also those without a segment: their log says more than an import knows."""
    workspace, images = judged
    with workspace.database.write() as session:
        correct(session, images[3].id, Request(Operation.DELETE, segments=(1,)))
        staged = [
            StagedImage(_as_new(image), (), done=True, revision=3 if image is images[3] else 2, last_segment_id=1)
            for image in images
        ]
        inserted = insert_staged(session, map(staged_line, staged), client="import-1", user="ann")
        assert (inserted.kept, inserted.labelled) == (5, 0)
        assert history(session, images[3].id)[-1].operation is Operation.DELETE


def test_a_photo_that_comes_again_after_it_was_deleted_is_told(
    judged: tuple[Workspace, list[ImageRecord]], tmp_path: Path
) -> None:
    workspace, images = judged
    path = tmp_path / "again.png"
    path.write_bytes(workspace.blobs.read(images[3].sha256))
    report = add_photos(workspace, [PhotoFile(path, "again.png")])
    assert report.known[0].state is ImageState.DELETED
    assert any("deleted here" in line and "reopen" in line for line in report_lines(report))


def _as_new(image: ImageRecord) -> NewImage:
    return NewImage(image.sha256, image.display_sha256, image.display_type, image.file_name, image.width, image.height)
