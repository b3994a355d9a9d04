"""What a run leaves: the comparison of old and new, the pictures, and the model among the workspace's."""

from __future__ import annotations

import itertools
import secrets
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from app.models import describe_model
from app.workflows.learning.comparison import Contender, compare, draw_comparison
from app.workflows.learning.comparison_file import write_comparison
from app.workflows.learning.models import Source
from app.workflows.learning.threshold import choose_threshold
from app.workflows.learning.views import Comparison
from core.annotation.files import sync_folder
from core.annotation.labels import LabelSet
from core.inference.predictor import Predictor
from core.maskformer.checkpoint import load_model, save_model
from core.maskformer.device import choose_device
from core.maskformer.manifest import read_checkpoint
from core.training.curves import draw_curves
from core.training.data.images import LabelledImage
from core.training.journal import Journal
from core.training.run_folder import CURVES_NAME, LAST_NAME, METRICS_NAME
from storage.errors import translated
from storage.models import ModelRecord, NewModel, add_model, list_models
from storage.runs import RunRecord
from storage.workspace import Workspace

DRAFT = ".draft"


@dataclass(frozen=True, eq=False)
class Verdict:
    """What a run's new model is judged by, and against which model.

    check: held-back images that neither model has learned from; when there are none, `learn` is only drawn.
    learn: what the new model has learned from, which sets its threshold.   device: None chooses the best.
    """

    old: Source
    check: Sequence[LabelledImage]
    learn: Sequence[LabelledImage]
    label_set: LabelSet
    device: str | None


def conclude(
    workspace: Workspace, run: RunRecord, folder: Path, verdict: Verdict, hold: Callable[[], None]
) -> ModelRecord:
    """Compare, draw, and register the model that the run left in its folder; returns the registered one.

    Everything is written whole or not at all, the model's row last. hold: called before anything is put among the
    workspace's models, from where on nothing may interrupt. Raises MaskwrightError.
    """
    name = _free_name(workspace, f"run-{run.id}")
    old, new = _old(verdict), _new(name, folder / LAST_NAME, verdict)
    comparison = compare(old, new, verdict.check, verdict.label_set)
    _write_pictures(old, new, comparison, verdict, folder)
    write_comparison(comparison, folder)
    hold()
    return _register(workspace, run, folder / LAST_NAME, name, comparison)


def _old(verdict: Verdict) -> Contender:
    threshold = describe_model(str(verdict.old.place)).info.threshold
    return Contender(verdict.old.name, verdict.old.sha256, _predictor(verdict.old.place, verdict), threshold)


def _new(name: str, place: Path, verdict: Verdict) -> Contender:
    """The trained model, with a threshold of its own: scores are not those of the model that it began from."""
    info, predictor = describe_model(str(place)).info, _predictor(place, verdict)
    threshold = choose_threshold(predictor.propose, verdict.learn, otherwise=info.threshold)
    return Contender(name, info.sha256, predictor, threshold)


def _predictor(place: str | Path, verdict: Verdict) -> Predictor:
    return Predictor(load_model(place, device=choose_device(verdict.device)))


def _write_pictures(old: Contender, new: Contender, comparison: Comparison, verdict: Verdict, folder: Path) -> None:
    journal = Journal(folder / METRICS_NAME)
    steps = [record for record in journal.records() if {"step", "seconds"} <= record.keys()]
    scores = {name: value for name, value in comparison.after.items() if value is not None}
    if scores and steps:
        journal.write("scores", {"step": steps[-1]["step"], "seconds": steps[-1]["seconds"], **scores})
    draw_curves(journal.records(), folder / CURVES_NAME)
    draw_comparison(old, new, verdict.check or verdict.learn, verdict.label_set, folder)


def _register(workspace: Workspace, run: RunRecord, trained: Path, name: str, comparison: Comparison) -> ModelRecord:
    """Put the model among the workspace's, its folder under its name only when it is whole, then record it."""
    checkpoint = read_checkpoint(trained)
    assert checkpoint is not None, f"{trained} holds no model"
    place = workspace.models_folder / name
    draft = place.with_name(f".{name}.{secrets.token_hex(6)}{DRAFT}")
    new = NewModel(
        name, checkpoint.weights_sha256, run.parent_sha256, run.parent_name, run.snapshot_id, run.id, comparison.after
    )
    found = {"threshold": comparison.after_threshold, "scores": dict(comparison.after)}
    with translated(place):
        _sweep_drafts(place.parent)
        try:
            save_model(load_model(trained), draft, extra=dict(checkpoint.training) | found)
            draft.rename(place)
            sync_folder(place.parent)
            with workspace.database.write() as session:
                return add_model(session, new)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
            if name not in _recorded(workspace):
                shutil.rmtree(place, ignore_errors=True)


def _recorded(workspace: Workspace) -> set[str]:
    with workspace.database.read() as session:
        return {model.name for model in list_models(session)}


def _free_name(workspace: Workspace, wanted: str) -> str:
    """The name, with a number behind it when a resumed run has used it before, or a folder of that name is there."""
    taken = _recorded(workspace)
    numbered = (f"{wanted}-{number}" for number in itertools.count(2))
    names = itertools.chain([wanted], numbered)
    return next(name for name in names if name not in taken and not (workspace.models_folder / name).exists())


def _sweep_drafts(folder: Path) -> None:
    """What killed runs left; no other run goes on now."""
    for left in folder.glob(f".*{DRAFT}"):
        shutil.rmtree(left, ignore_errors=True)
