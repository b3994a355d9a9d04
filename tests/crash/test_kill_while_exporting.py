"""kill -9 of a real export over an earlier one: its place holds the whole old or the whole new one."""

from __future__ import annotations

import hashlib
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest

from app.workflows.correct import Submission, correct
from app.workflows.exporting import Choice, export_workspace, settle_exports
from core.annotation.corrections import Operation, Request
from core.annotation.mask import Mask
from storage.workspace import Workspace
from tests.crash.moments import Moments
from tests.made import disc, make_workspace
from tests.serving import PROJECT

KILLS, MOST_STARTS = 20, 60
PHOTOS = 12

# The same command on a system that cannot exchange two folders.
WITHOUT_EXCHANGE = """
import sys
import core.annotation.swap
from app.cli import main

core.annotation.swap.exchange = lambda one, other: False
sys.exit(main(sys.argv[1:]))
"""
# The same, killed when the old export is aside and its place is empty, or when the new one has just taken it.
KILLED_BETWEEN = """
import os, signal, sys
from pathlib import Path
import core.annotation.swap
from app.cli import main

rename, fatal = Path.rename, sys.argv.pop(1)

def killed(path, target):
    rename(path, target)
    if Path(target if fatal == ".old" else path).suffix == fatal:
        os.kill(os.getpid(), signal.SIGKILL)

Path.rename = killed
core.annotation.swap.exchange = lambda one, other: False
main(sys.argv[1:])
"""


@pytest.fixture(scope="module")
def workspace_folder(tmp_path_factory):
    """Images with truth; every other one is done, so that exports of all and of done ones differ."""
    workspace, images = make_workspace(tmp_path_factory.mktemp("killed") / "workspace", photos=PHOTOS)
    for number, image in enumerate(images):
        mask = Mask.from_array(disc(image.height, image.width, 40, 40, 20 + number))
        drawn = Request(Operation.DRAW, category_id=3, mask=mask)
        correct(workspace, Submission(image.id, f"client-{number}", 0, "ann", 0, drawn))
        if number % 2:
            done = Request(Operation.DONE)
            correct(workspace, Submission(image.id, f"client-{number}", 1, "ann", 1, done))
    workspace.close()
    return workspace.folder


@pytest.fixture(scope="module")
def digests(workspace_folder, tmp_path_factory):
    """What an export of all, and of done images only, looks like."""
    folder, found = tmp_path_factory.mktemp("whole"), {}
    with Workspace.open(workspace_folder) as workspace:
        for state in ("all", "done"):
            export_workspace(workspace, "coco-panoptic", folder / state, choice=Choice(state=state))
            found[state] = digest(folder / state)
    assert found["all"] != found["done"]
    return found


def digest(folder: Path) -> str:
    hashed = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        hashed.update(repr((path.relative_to(folder).as_posix(), path.read_bytes())).encode())
    return hashed.hexdigest()


def arguments(workspace_folder: Path, out: Path, state: str) -> list[str]:
    return [
        "export",
        "--workspace",
        str(workspace_folder),
        "--format",
        "coco-panoptic",
        "--state",
        state,
        "--replace",
        str(out),
    ]


def export_process(start: list[str], workspace_folder: Path, out: Path, state: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [*start, *arguments(workspace_folder, out, state)],
        cwd=PROJECT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


@pytest.mark.skipif(sys.platform == "win32", reason="no kill -9")
@pytest.mark.parametrize("moment", [".old", ".draft"])
def test_a_swap_cut_in_two_is_ended_by_the_next_start(moment, workspace_folder, digests, tmp_path):
    out = tmp_path / "exports" / "out"
    with Workspace.open(workspace_folder) as workspace:
        export_workspace(workspace, "coco-panoptic", out)
    options = [moment, *arguments(workspace_folder, out, "done")]
    ended = subprocess.run([sys.executable, "-c", KILLED_BETWEEN, *options], cwd=PROJECT, capture_output=True)
    assert ended.returncode == -signal.SIGKILL, ended.stderr.decode()
    assert out.exists() is (moment == ".draft")
    with Workspace.open(workspace_folder) as workspace:
        settle_exports(workspace)
    assert digest(out) == digests["done"]
    assert [path.name for path in out.parent.iterdir()] == ["out"]
    assert list((workspace_folder / "exports").iterdir()) == []


@pytest.mark.long
@pytest.mark.parametrize("exchanges", [True, False])
def test_twenty_kills_leave_a_whole_export(exchanges, workspace_folder, digests, tmp_path):
    out = tmp_path / "exports" / "out"
    start = [sys.executable, "launch.py"] if exchanges else [sys.executable, "-c", WITHOUT_EXCHANGE]
    begun = time.monotonic()
    subprocess.run([*start, *arguments(workspace_folder, out, "all")], cwd=PROJECT, check=True, capture_output=True)
    moments = Moments(time.monotonic() - begun, seed=6)
    hits = 0
    for number in range(MOST_STARTS):
        state = ("done", "all")[number % 2]
        hits += moments.kill(partial(export_process, start, workspace_folder, out, state))
        if not exchanges:
            with Workspace.open(workspace_folder) as workspace:
                settle_exports(workspace)
        assert out.is_dir(), f"kill {number} left nothing"
        assert digest(out) in digests.values(), f"kill {number} left half an export"
        if hits == KILLS:
            break
    assert hits == KILLS, "the kills came too late"
    subprocess.run([*start, *arguments(workspace_folder, out, "all")], cwd=PROJECT, check=True, capture_output=True)
    assert [path.name for path in out.parent.iterdir()] == ["out"], "what killed exports left is swept"
