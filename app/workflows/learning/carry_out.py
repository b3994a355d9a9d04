"""A run from its snapshot to a model that can be promoted. Loads torch: for the process that does the run."""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import torch

from app.workflows.learning.interrupts import Interrupts
from app.workflows.learning.learner import Lesson, learn
from app.workflows.learning.models import Source, base_source, find_source, source_in_use
from app.workflows.learning.outcome import Verdict, conclude
from app.workflows.learning.requests import RunRequest
from app.workflows.learning.runs import find_run, run_folder, take_up
from app.workflows.learning.samples import labelled
from app.workflows.learning.seen import seen_by
from app.workflows.learning.views import COMPARING, RunView
from app.workflows.learning.words import count
from core.annotation.errors import MaskwrightError
from core.training.loop import Watch
from core.training.step import StepReport
from storage.errors import translated
from storage.runs import RunRecord, end_run, say_of_run
from storage.snapshots import SnapshotImage, load_snapshot
from storage.tables import Part, RunState
from storage.workspace import Workspace

log = logging.getLogger(__name__)

# Below every program that people look at.
LOW_PRIORITY = 10


def _unwatched(step: int, fraction: float, report: StepReport) -> None:
    """Nobody looks on."""


def carry_out(workspace: Workspace, run_id: int, *, watch: Watch = _unwatched) -> RunView:
    """Do the run in this process, or go on with it where it was saved; returns how it ended.

    Raises TrainingError when the run, or another one, is going on elsewhere; what goes wrong later is recorded with the
    run and not raised. Ctrl-C and SIGTERM end the learning: it is saved, and what was learned is compared and
    registered; they end the comparing too, but not the registering.   watch: told after each step.
    """
    record = take_up(workspace, run_id)
    with Interrupts() as interrupts:
        state, message = _ended(workspace, record, watch, interrupts)
        interrupts.hold()
        with workspace.database.write() as session:
            end_run(session, run_id, state, message)
    return find_run(workspace, run_id)


def keep_out_of_the_way() -> None:
    """One thread less and a low priority: the page that people work on comes first."""
    os.nice(LOW_PRIORITY)
    torch.set_num_threads(max(1, (os.cpu_count() or 2) - 1))


def _ended(workspace: Workspace, record: RunRecord, watch: Watch, interrupts: Interrupts) -> tuple[RunState, str]:
    try:
        with translated(run_folder(workspace, record.id)):
            return _do(workspace, record, watch, interrupts)
    except KeyboardInterrupt:
        return RunState.STOPPED, "stopped before there was a model to promote; resume it to go on"
    except MaskwrightError as error:
        return RunState.FAILED, str(error)
    except Exception as error:  # whatever torch raises, the page must say it
        log.exception("run %d failed", record.id)
        return RunState.FAILED, f"{type(error).__name__}: {error}"


def _do(workspace: Workspace, record: RunRecord, watch: Watch, interrupts: Interrupts) -> tuple[RunState, str]:
    request = RunRequest.from_json(record.request)
    folder = run_folder(workspace, record.id)
    with workspace.database.read() as session:
        snapshot = load_snapshot(session, record.snapshot_id)
    images = labelled(workspace, snapshot, snapshot.part(Part.LEARN))

    def say(message: str) -> None:
        with workspace.database.write() as session:
            say_of_run(session, record.id, message)

    parent = find_source(workspace, record.parent_sha256) or base_source(workspace, request.base)
    lesson = Lesson(
        request=request,
        parent=parent,
        images=images,
        label_set=snapshot.label_set,
        folder=folder,
        lineage=_lineage(record, parent, images=len(images)),
        began=_began(record),
    )
    learned = learn(lesson, watch, say)
    if learned.steps == 0:
        return RunState.STOPPED, "stopped before it learned anything; resume it to go on"
    say(COMPARING)
    old = source_in_use(workspace, request.base).source
    check = labelled(workspace, snapshot, _unseen(workspace, snapshot.part(Part.CHECK), parent, old))
    verdict = Verdict(old, check, images, snapshot.label_set, request.device)
    model = conclude(workspace, record, folder, verdict, interrupts.hold)
    counted = f"{count(len(images), 'image')} in {count(learned.steps, 'step')}"
    unjudged = "" if check else "; no image was left to compare it with the old one by"
    words = f"learned from {counted} ({learned.rows}){unjudged}; {model.name} can be promoted"
    if learned.interrupted:
        return RunState.STOPPED, f"stopped early: {words}, or the run resumed"
    return RunState.FINISHED, words


def _unseen(workspace: Workspace, check: Sequence[SnapshotImage], *models: Source) -> list[SnapshotImage]:
    """Those that none of the models has learned from: another one may have been promoted since the run was begun."""
    with workspace.database.read() as session:
        seen = seen_by(session, [model.sha256 for model in models])
    return [image for image in check if image.image_id not in seen]


def _began(record: RunRecord) -> float:
    """When the run's time began: with its process, or with the run where the process is older."""
    assert record.process is not None, "a run that is carried out has a process"
    return max(float(record.process.started), record.started_at.timestamp())


def _lineage(record: RunRecord, parent: Source, *, images: int) -> dict[str, Any]:
    return {
        "run": record.id,
        "snapshot": record.snapshot_id,
        "images": images,
        "parent": {"name": parent.name, "weights_sha256": parent.sha256},
        "begun": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
