"""An import beside people who work, and on a disk that fills up."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.workflows.correct import Submission, correct
from app.workflows.importing import import_data
from app.workflows.ingest import PhotoFile, add_photos
from core.annotation.corrections import Operation, Request
from core.annotation.errors import StorageError
from storage.corrections import history, rebuild
from storage.images import count_images, list_images
from storage.truths import load_truth
from storage.workspace import Workspace
from tests.app.workflows.importing.made_sets import category, data_set, discs, plan_of, read_image, write_photo
from tests.small_disk import fill, small_disk

CAT = category(1, "cat")
# Far above what 5,000 segments take, far below what a person calls lost.
LONGEST_WAIT_S = 1.0


class Annotator(threading.Thread):
    """Draws on an image as fast as it is saved; keeps the longest wait and what was saved."""

    def __init__(self, workspace: Workspace) -> None:
        super().__init__(daemon=True)
        self.workspace = workspace
        self.masks = discs(50)
        self.saved = 0
        self.longest_s = 0.0
        self.ended = threading.Event()

    def run(self) -> None:
        while not self.ended.is_set() and self.saved < 1_000:
            request = Request(Operation.DRAW, mask=self.masks[self.saved % 50])
            begun = time.perf_counter()
            correct(self.workspace, Submission(1, "client-0001", self.saved, "ann", self.saved, request))
            self.longest_s = max(self.longest_s, time.perf_counter() - begun)
            self.saved += 1
            time.sleep(0.005)


def photos(folder: Path, count: int) -> list[Path]:
    return [write_photo(folder, f"{number:04d}.png", seed=number) for number in range(count)]


def import_beside_an_annotator(tmp_path: Path, count: int, segments: int) -> Annotator:
    with Workspace.open(tmp_path / "workspace") as workspace:
        add_photos(workspace, [PhotoFile(write_photo(tmp_path, "mine.png", seed=999), "mine.png")])
        images = [read_image(path, segments=segments) for path in photos(tmp_path / "set", count)]
        annotator = Annotator(workspace)
        annotator.start()
        report = import_data(workspace, plan_of(workspace, data_set([CAT], images), tmp_path / "draft"))
        annotator.ended.set()
        annotator.join(timeout=20)
        assert not annotator.is_alive()
        assert report.segments == count * segments
        with workspace.database.read() as session:
            assert len(history(session, 1)) == annotator.saved > 0
            assert load_truth(session, 1) == rebuild(session, 1, annotator.saved)
        return annotator


def test_a_person_who_draws_meanwhile_loses_nothing(tmp_path):
    import_beside_an_annotator(tmp_path, 10, 20)


@pytest.mark.long
def test_a_person_who_draws_waits_little_for_5000_segments(tmp_path):
    assert import_beside_an_annotator(tmp_path, 50, 100).longest_s < LONGEST_WAIT_S


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    yield from small_disk(tmp_path, 2 << 20)


@pytest.mark.parametrize("left_kib", [0, 40, 200])
def test_a_full_disk_stops_an_import_with_the_reason_and_the_workspace_as_it_was(disk, tmp_path, left_kib):
    images = [read_image(path, segments=40) for path in photos(tmp_path / "set", 20)]
    with Workspace.open(disk / "workspace") as workspace:
        # Before the disk is full: a set is planned when there is room for a folder.
        plan = plan_of(workspace, data_set([CAT], images), disk / "workspace" / "imports")
        ballast = fill(disk, leaving_bytes=left_kib << 10)
        with pytest.raises(StorageError, match="disk is full"):
            import_data(workspace, plan)
        ballast.unlink()
        with workspace.database.read() as session:
            assert count_images(session) == (0, 0)
        assert import_data(workspace, plan).labelled == 20
        with workspace.database.read() as session:
            assert all(image.done for image in list_images(session, limit=99))
