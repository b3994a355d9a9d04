"""A disk that fills up at any point of a run: a clear error, nothing half-written, and the model in use unharmed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.workflows.learning import RunState, find_run, models, prepare_run
from app.workflows.learning.carry_out import carry_out
from app.workflows.learning.requests import RunRequest
from core.annotation.errors import StorageError
from storage.images import list_images
from storage.truths import load_truth
from tests.app.workflows.learning.corrected import base_model, corrected_workspace
from tests.small_disk import fill, small_disk

# A run writes its model twice, and three times as much to go on from.
DISK_BYTES = 160 << 20


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A folder on a disk of its own with DISK_BYTES."""
    yield from small_disk(tmp_path, DISK_BYTES)


@pytest.mark.long
def test_a_run_that_finds_no_room_says_so_and_goes_on_when_there_is(disk, tmp_path):
    workspace, _ = corrected_workspace(disk / "workspace", done=4)
    base = base_model(tmp_path)
    with workspace:
        with workspace.database.read() as session:
            before = [load_truth(session, image.id) for image in list_images(session, limit=9)]
        run_id = prepare_run(workspace, RunRequest(minutes=0.01, base=base, device="cpu"))
        ballast = fill(disk, leaving_bytes=1 << 20)
        failed = carry_out(workspace, run_id)
        assert failed.state is RunState.FAILED
        assert "No space left" in failed.message
        assert [path.name for path in workspace.models_folder.iterdir()] == []
        assert list(failed.folder.rglob("*.part")) == []
        ballast.unlink()
        run = carry_out(workspace, run_id)
        assert run.state is RunState.FINISHED, run.message
        assert [model.id for model in models(workspace, base=base)] == [run.model_id, 0]
        with workspace.database.read() as session:
            assert [load_truth(session, image.id) for image in list_images(session, limit=9)] == before


def test_a_run_that_cannot_even_be_recorded_is_refused(disk, tmp_path):
    workspace, _ = corrected_workspace(disk / "workspace", done=4)
    base = base_model(tmp_path)
    with workspace:
        ballast = fill(disk, leaving_bytes=0)
        with pytest.raises(StorageError, match="disk is full"):
            prepare_run(workspace, RunRequest(base=base))
        ballast.unlink()
        assert find_run(workspace, prepare_run(workspace, RunRequest(base=base))).active
