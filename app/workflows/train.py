"""Train a model on data sets and leave it, with everything that repeats or resumes it, in a folder."""

from __future__ import annotations

import hashlib
import math
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from tqdm import tqdm

from app.models import describe_model
from core.annotation.errors import TrainingError
from core.annotation.proposals import REGION
from core.inference.predictor import Predictor
from core.maskformer.build import build_model
from core.maskformer.checkpoint import load_backbone_weights, load_model
from core.maskformer.convert import with_label_set, with_mask_classifier, with_queries
from core.maskformer.device import choose_device
from core.maskformer.model import MaskFormer
from core.training.beginning import make_ready
from core.training.categories import label_set_of
from core.training.config import TrainingConfig, read_config
from core.training.curves import draw_run
from core.training.data.batches import Mixture, StepBatches
from core.training.data.images import Skipped
from core.training.data.sources import DataSet, Part, SourceConfig, read_data_set, summary_of
from core.training.distributed import join_team, own_device
from core.training.labels import LabelCodes
from core.training.loop import Outcome, Training
from core.training.metrics.recall import cover_images, summarise
from core.training.run_folder import BEST_NAME, LAST_NAME, STATE_NAME
from core.training.schedule import Budget
from core.training.state import TrainingState
from core.training.step import StepReport

DEFAULT_MINUTES = 30.0
PARTS: tuple[Part, ...] = ("train", "check")


@dataclass(frozen=True)
class TrainRequest:
    """What to train.

    data: folders of data sets; the held-back images of the first judge which model is the best.
    config: a JSON file of `TrainingConfig`; None takes the defaults.   seed: overrides the config's.
    minutes, steps: how long, one of the two; with neither, DEFAULT_MINUTES.
    start: a model to begin from (as `load_model` takes it), with its sizes; None begins with a new one. Where the sets
        name other categories than it knows, it is taught theirs, and keeps what it knew of those it shares with them.
        It gets a mask classifier when the configuration's model has one and it has none.
    backbone_weights: ImageNet weights for a new model's backbone (.pth); None draws random ones.
    resume: go on with the training in `out`.   device: None chooses the best.
    """

    data: tuple[Path, ...]
    out: Path
    config: Path | None = None
    minutes: float | None = None
    steps: int | None = None
    start: str | Path | None = None
    backbone_weights: Path | None = None
    seed: int | None = None
    resume: bool = False
    device: str | None = None


def train(request: TrainRequest, *, quiet: bool = False) -> Outcome:
    """Train as asked; progress goes to the terminal unless `quiet`. Raises MaskwrightError before or while training.

    Under torchrun all processes call this alike and learn together; the first writes and prints.
    """
    config = read_config(request.config, request.seed)
    budget = _budget(request)
    notes = _check_sets(request, config)
    _check_out(request)
    sets = [read_data_set(folder, config.sources.get(folder.name, SourceConfig())) for folder in request.data]
    _check_parts(sets)
    model, changes = _starting_model(request, config, sets)
    unread: dict[str, Skipped] = {}
    with join_team(model.device) as team:
        training = Training(
            model=model,
            batches=_batches(model, config, sets),
            config=config,
            budget=budget,
            out=request.out,
            evaluate=lambda judged: _judge(judged, sets[0], unread),
            lineage=_lineage(request, sets),
            team=team,
            judged=lambda: draw_run(request.out),
        )
        if request.resume:
            training.load_state(TrainingState.read(request.out / STATE_NAME))
        elif team.leads:
            training.journal.clear()
        hidden = quiet or not team.leads
        with tqdm(
            total=100, unit="%", disable=hidden, bar_format="{l_bar}{bar}| {elapsed}<{remaining} {postfix}"
        ) as bar:
            for line in () if hidden else [*notes, *(data_set.summary() for data_set in sets), *changes]:
                bar.write(line)
            outcome = training.run(_Progress(bar))
            if team.leads and (outcome.interrupted or outcome.best_step is None):
                draw_run(request.out)
            for skipped, when in ((training.batches.skipped, "learning"), (unread, "judging")):
                if skipped and not hidden:
                    bar.write(f"{summary_of(tuple(skipped.values()))} while {when}")
            return outcome


def _budget(request: TrainRequest) -> Budget:
    if request.minutes is None and request.steps is None:
        return Budget(minutes=DEFAULT_MINUTES)
    return Budget(steps=request.steps, minutes=request.minutes)


def _check_sets(request: TrainRequest, config: TrainingConfig) -> list[str]:
    """What to tell of the request's sets, a line each, before anything of them is read. Raises TrainingError."""
    names = [folder.name for folder in request.data]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise TrainingError(f"two of the sets are called {twice}, and settings go by name; rename one of the folders")
    strange = sorted(set(config.categories_from) - set(names))
    if strange:
        raise TrainingError(
            f"categories_from names {strange[0]}, which is none of the given sets ({', '.join(names)}); mend the name"
        )
    return [
        f"the configuration's sources name {name}, which is none of the given sets"
        for name in sorted(set(config.sources) - set(names))
    ]


def _check_out(request: TrainRequest) -> None:
    """Make the folder. Raises TrainingError where it cannot be, or holds what would be overwritten."""
    if request.start is not None and request.backbone_weights is not None:
        raise TrainingError("a model to start from has its own backbone weights; give one of the two")
    out = request.out
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise TrainingError(f"{out} cannot be a training's folder ({error.strerror}); give another --out") from error
    if not os.access(out, os.W_OK):
        raise TrainingError(f"nothing can be written to {out}; give another --out")
    if request.resume:
        return
    if (out / STATE_NAME).is_file():
        raise TrainingError(f"{out} holds a training already; give --resume to go on, or another folder")
    for name in (BEST_NAME, LAST_NAME):
        if (out / name).exists():
            raise TrainingError(
                f"{out} holds {name}/ of a training that cannot be resumed; move it away, or give another --out"
            )


def _check_parts(sets: Sequence[DataSet]) -> None:
    for data_set in sets:
        if not data_set.part("train"):
            raise TrainingError(
                f"{data_set.name}: all of its {len(data_set.images)} photos are held back for judging, so that there "
                "is none to learn from; add photos, or leave the set out"
            )


def _starting_model(
    request: TrainRequest, config: TrainingConfig, sets: Sequence[DataSet]
) -> tuple[MaskFormer, list[str]]:
    """The model as training begins, and what was changed of the one it starts from, a line each."""
    torch.manual_seed(config.seed)
    named = [data_set for data_set in sets if not config.categories_from or data_set.name in config.categories_from]
    changes: list[str] = []
    if request.start is None:
        model = build_model(config.model, label_set_of(named))
        if request.backbone_weights is not None:
            load_backbone_weights(model, request.backbone_weights)
    else:
        model, changes = _changed_model(load_model(request.start), config, named)
    if config.model.mask_classifier and model.mask_classifier is None:
        model = with_mask_classifier(model)
    make_ready(model, config)
    return model.to(choose_device(own_device(request.device))), changes


def _changed_model(model: MaskFormer, config: TrainingConfig, named: Sequence[DataSet]) -> tuple[MaskFormer, list[str]]:
    """The model with the sets' categories, unless they name none, and with the configured number of queries."""
    changes = []
    label_set = label_set_of(named)
    names = {category.name for category in label_set}
    if names - {REGION} and names != {category.name for category in model.label_set}:
        model, categories = with_label_set(model, label_set)
        changes.append(f"categories: {categories}")
    if config.queries is not None:
        model, queries = with_queries(model, config.queries)
        changes.append(f"queries: {queries}")
    return model, changes


def _batches(model: MaskFormer, config: TrainingConfig, sets: Sequence[DataSet]) -> StepBatches:
    weights = {data_set.name: config.sources.get(data_set.name, SourceConfig()).weight for data_set in sets}
    mixture = Mixture([(data_set.part("train"), weights[data_set.name], data_set.unnamed) for data_set in sets])
    return StepBatches(mixture, codes=LabelCodes(model.label_set), augment=config.augment, seed=config.seed)


def _judge(model: MaskFormer, data_set: DataSet, unread: dict[str, Skipped]) -> dict[str, float]:
    """Recall of the model's proposals on the set's held-back images, AR first; nothing where no mask is held back.

    unread: takes the images that cannot be read, by item; they are left out.
    """
    predictor = Predictor(model)
    covered = cover_images(
        data_set.part("check"),
        lambda pixels: [proposal.mask for proposal in predictor.propose(pixels)],
        leave_out=lambda skipped: unread.update({skipped.item: skipped}),
    )
    scores = summarise(covered, draws=1)
    values = {
        "ar": scores.overall.ar,
        "r50": scores.overall.r50,
        "r75": scores.overall.r75,
        "ar_medium": scores.medium.ar,
        "ar_large": scores.large.ar,
        "r50_large": scores.large.r50,
        "ar_10": scores.few.ar,
    }
    return {name: value for name, value in values.items() if not math.isnan(value)}


def _lineage(request: TrainRequest, sets: Sequence[DataSet]) -> Mapping[str, Any]:
    """Which images the model learns from, by set; what it began with; and when."""
    weights = request.backbone_weights.name if request.backbone_weights else None
    parent = None
    if request.start is not None:
        model = describe_model(str(request.start))
        parent = {"weights_sha256": model.info.sha256, "training": model.training}
    return {
        "data": {data_set.name: _images_of(data_set) for data_set in sets},
        "backbone_weights": weights,
        "parent": parent,
        "begun": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }


def _images_of(data_set: DataSet) -> dict[str, Any]:
    """How many images each part has; and a digest of those that the model learns from, in order."""
    learned = "".join(image.digest for image in data_set.part("train"))
    counts = {str(part): len(data_set.part(part)) for part in PARTS}
    return {**counts, "train_sha256": hashlib.sha256(learned.encode()).hexdigest()}


class _Progress:
    """Shows the share of the budget, the time left, and the loss as a running mean."""

    def __init__(self, bar: Any) -> None:
        self.bar = bar
        self.loss: float | None = None

    def __call__(self, step: int, fraction: float, report: StepReport) -> None:
        self.loss = report.loss if self.loss is None else 0.98 * self.loss + 0.02 * report.loss
        self.bar.set_postfix_str(f"step {step}, loss {self.loss:.3f}", refresh=False)
        self.bar.update(min(100.0, 100 * fraction) - self.bar.n)
