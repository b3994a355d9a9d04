"""kill -9 of a run's process: the workspace is as it was, the run says what happened, and it begins again clean."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable

import pytest

from app.workflows.learning import RunState, RunView, find_run, models, resume_run, start_run, stop_run
from core.annotation.errors import TrainingError
from core.training.journal import Journal
from core.training.run_folder import METRICS_NAME
from storage.images import list_images
from storage.runs import get_run
from storage.truths import load_truth
from storage.workspace import Workspace
from tests.app.workflows.learning.corrected import base_model, corrected_workspace

# The start of a process that loads torch, on a busy machine.
WAIT_S = 120


def wait_for(workspace: Workspace, run_id: int, condition: Callable[[RunView], bool]) -> RunView:
    until = time.monotonic() + WAIT_S
    while not condition(run := find_run(workspace, run_id)):
        assert time.monotonic() < until, f"waited too long for {run}"
        time.sleep(0.1)
    return run


def learning(run: RunView) -> bool:
    journal = run.folder / METRICS_NAME
    assert run.active, run.message
    return run.message.startswith("learning") and journal.is_file() and any(Journal(journal).records())


def truths(workspace: Workspace) -> list[object]:
    with workspace.database.read() as session:
        return [load_truth(session, image.id) for image in list_images(session, limit=99)]


@pytest.mark.long
@pytest.mark.timeout(4 * WAIT_S)
def test_a_killed_run_harms_nothing_is_found_and_begins_again_until_it_is_stopped(tmp_path):
    workspace, _ = corrected_workspace(tmp_path / "workspace", done=4)
    base = base_model(tmp_path)
    with workspace:
        before = truths(workspace)
        run_id = start_run(workspace, minutes=5, base=base, device="cpu")
        wait_for(workspace, run_id, learning)
        with pytest.raises(TrainingError, match="going on"):
            start_run(workspace, minutes=5, base=base, device="cpu")
        with workspace.database.read() as session:
            process = get_run(session, run_id).process
        assert process is not None
        os.kill(process.pid, signal.SIGKILL)
        killed = wait_for(workspace, run_id, lambda run: not run.active)
        assert killed.state is RunState.FAILED
        assert "ended without a word" in killed.message
        assert list(workspace.models_folder.iterdir()) == []

        resume_run(workspace, run_id)
        wait_for(workspace, run_id, learning)
        stop_run(workspace, run_id)
        stopped = wait_for(workspace, run_id, lambda run: not run.active)
        assert stopped.state is RunState.STOPPED, stopped.message
        assert [model.id for model in models(workspace, base=base)] == [stopped.model_id, 0]
        assert truths(workspace) == before
