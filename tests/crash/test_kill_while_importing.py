"""kill -9 of a real import at any moment: the workspace is whole as before or whole as after, and goes on."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest

from app.cli import STOPPED, main
from storage.categories import load_label_set
from storage.corrections import rebuild
from storage.images import list_images
from storage.truths import load_truth
from storage.workspace import Workspace
from tests.app.workflows.importing.made_sets import write_coco
from tests.crash.moments import Moments
from tests.serving import PROJECT

KILLS, MOST_STARTS = 20, 60
PHOTOS, SEGMENTS = 150, 12


def import_process(workspace: Path, path: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "launch.py", "import", "--workspace", workspace, "--format", "coco", path],
        cwd=PROJECT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def state(folder: Path) -> tuple[int, int, int]:
    """(images, segments, categories), each image's truth and log checked against each other."""
    with Workspace.open(folder, create=False) as workspace, workspace.database.read() as session:
        images = list_images(session, limit=10 * PHOTOS)
        segments = 0
        for image in images:
            truth = load_truth(session, image.id)
            assert truth == rebuild(session, image.id, image.revision)
            assert workspace.blobs.exists(image.sha256)
            segments += len(truth.segments)
        return len(images), segments, len(load_label_set(session))


@pytest.mark.long
def test_twenty_kills_leave_the_whole_old_or_the_whole_new(tmp_path):
    first = write_coco(tmp_path / "first", photos=5, seed=10_000)
    second = write_coco(tmp_path / "second", photos=PHOTOS, segments=SEGMENTS, names=("cat", "dog", "cow"))
    kept, worked = tmp_path / "kept", tmp_path / "workspace"
    assert main(["import", "--workspace", str(kept), "--format", "coco", str(first)]) == 0
    old = state(kept)
    new = (old[0] + PHOTOS, old[1] + PHOTOS * SEGMENTS, old[2] + 1)
    shutil.copytree(kept, worked)
    begun = time.monotonic()
    assert import_process(worked, second).wait(timeout=120) == 0
    moments = Moments(time.monotonic() - begun, seed=11)
    assert state(worked) == new
    hits = 0
    for _ in range(MOST_STARTS):
        shutil.rmtree(worked)
        shutil.copytree(kept, worked)
        hits += moments.kill(partial(import_process, worked, second))
        assert state(worked) in (old, new)
        if hits == KILLS:
            break
    assert hits == KILLS, "the kills came too late"
    assert main(["import", "--workspace", str(worked), "--format", "coco", str(second)]) == 0
    assert state(worked) == new
    assert not list((worked / "imports").iterdir()), "what killed imports left is still there"


@pytest.mark.long
def test_ctrl_c_leaves_the_workspace_as_it_was_and_no_draft(tmp_path):
    path = write_coco(tmp_path / "set", photos=PHOTOS, segments=SEGMENTS)
    worked = tmp_path / "workspace"
    Workspace.open(worked).close()
    running = import_process(worked, path)
    until = time.monotonic() + 60
    while not any((worked / "blobs").rglob("*")):
        assert running.poll() is None
        assert time.monotonic() < until
        time.sleep(0.01)
    running.send_signal(signal.SIGINT)
    assert running.wait(timeout=120) == STOPPED
    assert state(worked) == (0, 0, 0)
    assert not list((worked / "imports").iterdir())
