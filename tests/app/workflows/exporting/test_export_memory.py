"""The memory of an export does not grow with its data set."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from app.workflows.exporting import export_workspace
from storage.workspace import Workspace
from tests.benchmarks.big_workspace import make_big_workspace
from tests.benchmarks.memory import peak_growth

MIB = 1 << 20


@pytest.mark.long
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells and resets a process's peak")
def test_a_set_five_times_as_large_takes_hardly_more_memory(tmp_path: Path) -> None:
    """The names of its images are all that grows, by about a kilobyte each."""
    growths = []
    for images in (1_000, 1_000, 5_000):
        folder, out = tmp_path / f"{len(growths)}", tmp_path / f"out {len(growths)}"
        make_big_workspace(folder, images=images)
        with Workspace.open(folder) as workspace:
            growths.append(
                peak_growth(lambda opened=workspace, out=out: export_workspace(opened, "coco", out, photos=False))
            )
    _, small, large = growths
    assert large < 60 * MIB
    assert large - small < 15 * MIB
