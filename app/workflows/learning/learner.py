"""A run's learning: from the images of its snapshot to a trained model in its folder."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from app.workflows.learning.memory import Attempt, attempts
from app.workflows.learning.models import Source
from app.workflows.learning.requests import RunRequest
from app.workflows.learning.starting import Beginning, begin_with, with_room
from core.annotation.errors import TrainingError
from core.annotation.labels import LabelSet
from core.maskformer.device import choose_device
from core.maskformer.rows import CategoryRows
from core.training.beginning import make_ready
from core.training.config import TrainingConfig
from core.training.data.batches import Mixture, StepBatches
from core.training.data.images import LabelledImage
from core.training.fine_tuning import TruthSizes, budget_since, fine_tuning_config
from core.training.labels import LabelCodes
from core.training.loop import Training, Watch
from core.training.run_folder import METRICS_NAME, STATE_NAME
from core.training.schedule import Budget
from core.training.state import TrainingState

Say = Callable[[str], None]


@dataclass(frozen=True, eq=False)
class Lesson:
    """What is learned, from what, and where it is put.

    parent: the model to begin with.   images: to learn from.   label_set: what segments may be called.
    folder: the run's.   lineage: plain values that go with the model.   began: when the run's time did (`time.time()`).
    """

    request: RunRequest
    parent: Source
    images: Sequence[LabelledImage]
    label_set: LabelSet
    folder: Path
    lineage: dict[str, Any]
    began: float


@dataclass(frozen=True)
class Learned:
    """Steps done in all, whether the learning was stopped before its time was used, and what became of the categories
    that the model knew before."""

    steps: int
    interrupted: bool
    rows: CategoryRows


def learn(lesson: Lesson, watch: Watch, say: Say) -> Learned:
    """Learn, or go on where the run's folder says it stopped. The model is in `last` in that folder afterwards.

    say: is told in words what is going on.   Raises MaskwrightError.
    """
    state_path = lesson.folder / STATE_NAME
    saved = TrainingState.read(state_path) if state_path.is_file() else None
    begin = _begin(lesson)
    device = choose_device(lesson.request.device)
    config = _config(lesson, begin, device) if saved is None else TrainingConfig.from_dict(saved.notes["config"])
    for attempt in attempts(config, device):
        try:
            training = _prepare(lesson, begin, attempt, saved)
            say(attempt.words or f"learning: {begin.rows}")
            outcome = training.run(watch)
            return Learned(outcome.steps, outcome.interrupted, begin.rows)
        except torch.cuda.OutOfMemoryError:
            begin, saved = _begin(lesson), None
            torch.cuda.empty_cache()
    raise TrainingError("no way to learn fits the memory; close other programs and start again")


def _begin(lesson: Lesson) -> Beginning:
    return begin_with(lesson.parent, lesson.label_set, seed=lesson.request.seed)


def _config(lesson: Lesson, begin: Beginning, device: torch.device) -> TrainingConfig:
    sizes = TruthSizes.of(lesson.images)
    return fine_tuning_config(model=begin.model.config, sizes=sizes, seed=lesson.request.seed, device=device)


def _prepare(lesson: Lesson, begin: Beginning, attempt: Attempt, saved: TrainingState | None) -> Training:
    if saved is None:
        # What a killed process or an attempt without memory wrote is not of this training.
        (lesson.folder / METRICS_NAME).unlink(missing_ok=True)
    model = with_room(begin.model, attempt.config)
    make_ready(model, attempt.config)
    batches = StepBatches(
        Mixture([(lesson.images, 1.0, "any")]),
        codes=LabelCodes(model.label_set),
        augment=attempt.config.augment,
        seed=attempt.config.seed,
    )
    left = budget_since(lesson.began, seconds=60 * lesson.request.minutes)
    training = Training(
        model=model.to(attempt.device),
        batches=batches,
        config=attempt.config,
        budget=left if saved is None else Budget(**saved.notes["budget"]),
        out=lesson.folder,
        evaluate=None,
        lineage=lesson.lineage | {"categories": _names(begin.rows)},
    )
    if saved is not None:
        training.load_state(saved)
    return training


def _names(rows: CategoryRows) -> dict[str, list[str]]:
    return {"kept": list(rows.kept), "new": list(rows.new), "dropped": list(rows.dropped)}
