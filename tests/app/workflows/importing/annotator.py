"""A person who draws while a data set is imported."""

from __future__ import annotations

import threading
import time
from pathlib import Path

from app.workflows.correct import Submission, correct
from app.workflows.importing import import_data
from app.workflows.ingest import PhotoFile, add_photos
from core.annotation.corrections import Operation, Request
from storage.corrections import history, rebuild
from storage.truths import load_truth
from storage.workspace import Workspace
from tests.app.workflows.importing.made_sets import category, data_set, discs, plan_of, read_image, write_photo
from tests.storage.new_workspaces import new_workspace
from tests.waiting import wait_for

CAT = category(1, "cat")


class Annotator(threading.Thread):
    """Draws on an image as fast as it is saved; keeps how long each took."""

    def __init__(self, workspace: Workspace) -> None:
        super().__init__(daemon=True)
        self.workspace = workspace
        self.masks = discs(50)
        self.waits_ms: list[float] = []
        self.ended = threading.Event()

    @property
    def saved(self) -> int:
        return len(self.waits_ms)

    def run(self) -> None:
        while not self.ended.is_set() and self.saved < 1_000:
            request = Request(Operation.DRAW, mask=self.masks[self.saved % 50])
            begun = time.perf_counter()
            correct(self.workspace, Submission(1, "client-0001", self.saved, "ann", self.saved, request))
            self.waits_ms.append((time.perf_counter() - begun) * 1000)
            time.sleep(0.005)


def photos(folder: Path, count: int) -> list[Path]:
    return [write_photo(folder, f"{number:04d}.png", seed=number) for number in range(count)]


def import_beside_an_annotator(tmp_path: Path, count: int, segments: int) -> list[float]:
    """Import that many photos of so many segments; how long each save took that the annotator made meanwhile."""
    with new_workspace(tmp_path / "workspace") as workspace:
        add_photos(workspace, [PhotoFile(write_photo(tmp_path, "mine.png", seed=999), "mine.png")])
        images = [read_image(path, segments=segments) for path in photos(tmp_path / "set", count)]
        annotator = Annotator(workspace)
        plan = plan_of(workspace, data_set([CAT], images), tmp_path / "draft")
        annotator.start()
        wait_for(lambda: annotator.saved > 0)
        before = annotator.saved
        report = import_data(workspace, plan)
        meanwhile = annotator.waits_ms[before:]
        annotator.ended.set()
        annotator.join(timeout=20)
        assert not annotator.is_alive()
        assert report.segments == count * segments
        with workspace.database.read() as session:
            assert len(history(session, 1)) == annotator.saved
            assert load_truth(session, 1) == rebuild(session, 1, annotator.saved)
        return meanwhile
