"""Train a model on data sets and leave it, with everything that repeats or resumes it, in a folder."""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from tqdm import tqdm

from app.models import describe_model
from core.annotation.errors import TrainingError
from core.inference.predictor import Predictor
from core.maskformer.build import build_model
from core.maskformer.checkpoint import load_backbone_weights, load_model
from core.maskformer.convert import with_mask_classifier
from core.maskformer.device import choose_device
from core.maskformer.model import MaskFormer, freeze_backbone_stages
from core.training.categories import label_set_of
from core.training.config import TrainingConfig, read_config
from core.training.data.batches import Mixture, StepBatches
from core.training.data.sources import DataSet, SourceConfig, read_data_set
from core.training.evaluation import cover_images, summarise
from core.training.labels import LabelCodes
from core.training.loop import STATE_NAME, Outcome, Training
from core.training.schedule import Budget
from core.training.state import TrainingState
from core.training.step import StepReport

DEFAULT_MINUTES = 30.0


@dataclass(frozen=True)
class TrainRequest:
    """What to train.

    data: folders of data sets; the held-back images of the first judge which model is the best.
    config: a JSON file of `TrainingConfig`; None takes the defaults.   seed: overrides the config's.
    minutes, steps: how long; with neither, DEFAULT_MINUTES.
    start: a model to begin from (as `load_model` takes it), with its sizes and categories; None begins with a new one.
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
    """Train as asked; progress goes to the terminal unless `quiet`. Raises MaskwrightError before or while training."""
    config = read_config(request.config, request.seed)
    budget = Budget(steps=request.steps, minutes=request.minutes or (None if request.steps else DEFAULT_MINUTES))
    _check_request(request)
    sets = [read_data_set(folder, config.sources.get(folder.name, SourceConfig())) for folder in request.data]
    model = _starting_model(request, config, sets)
    training = Training(
        model=model,
        batches=_batches(model, config, sets),
        config=config,
        budget=budget,
        out=request.out,
        evaluate=lambda judged: _judge(judged, sets[0]),
        lineage=_lineage(request, sets),
    )
    if request.resume:
        training.load_state(TrainingState.read(request.out / STATE_NAME))
    with tqdm(total=100, unit="%", disable=quiet, bar_format="{l_bar}{bar}| {elapsed}<{remaining} {postfix}") as bar:
        return training.run(_Progress(bar))


def _check_request(request: TrainRequest) -> None:
    if request.start is not None and request.backbone_weights is not None:
        raise TrainingError("a model to start from has its own backbone weights; give one of the two")
    begun = (request.out / STATE_NAME).is_file()
    if begun and not request.resume:
        raise TrainingError(f"{request.out} holds a training already; give --resume to go on, or another folder")


def _starting_model(request: TrainRequest, config: TrainingConfig, sets: Sequence[DataSet]) -> MaskFormer:
    torch.manual_seed(config.seed)
    model = _new_model(request, config, sets) if request.start is None else load_model(request.start)
    if config.model.mask_classifier and model.mask_classifier is None:
        model = with_mask_classifier(model)
    model.preprocessing = dataclasses.replace(model.preprocessing, long_side_px=config.input_px, short_side_px=None)
    freeze_backbone_stages(model, config.frozen_stages)
    for name, parameter in model.named_parameters():
        if config.trained_parts and not name.startswith(config.trained_parts):
            parameter.requires_grad_(False)
    return model.to(choose_device(request.device))


def _new_model(request: TrainRequest, config: TrainingConfig, sets: Sequence[DataSet]) -> MaskFormer:
    named = [data_set for data_set in sets if not config.categories_from or data_set.name in config.categories_from]
    model = build_model(config.model, label_set_of(named))
    if request.backbone_weights is not None:
        load_backbone_weights(model, request.backbone_weights)
    return model


def _batches(model: MaskFormer, config: TrainingConfig, sets: Sequence[DataSet]) -> StepBatches:
    weights = {data_set.name: config.sources.get(data_set.name, SourceConfig()).weight for data_set in sets}
    mixture = Mixture([(data_set.part("train"), weights[data_set.name], data_set.unnamed) for data_set in sets])
    return StepBatches(mixture, codes=LabelCodes(model.label_set), augment=config.augment, seed=config.seed)


def _judge(model: MaskFormer, data_set: DataSet) -> dict[str, float]:
    """Recall of the model's proposals on the set's held-back images, AR first; nothing where no mask is held back."""
    predictor = Predictor(model)
    covered = cover_images(
        data_set.part("check"), lambda pixels: [proposal.mask for proposal in predictor.propose(pixels)]
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
    """Which images the model learns from, by set and count; what it began with; and when."""
    counts = {data_set.name: {part: len(data_set.part(part)) for part in ("train", "check")} for data_set in sets}
    weights = request.backbone_weights.name if request.backbone_weights else None
    parent = None
    if request.start is not None:
        model = describe_model(str(request.start))
        parent = {"weights_sha256": model.info.sha256, "training": model.training}
    return {
        "data": counts,
        "backbone_weights": weights,
        "parent": parent,
        "begun": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }


class _Progress:
    """Shows the share of the budget, the time left, and the loss as a running mean."""

    def __init__(self, bar: Any) -> None:
        self.bar = bar
        self.loss: float | None = None

    def __call__(self, step: int, fraction: float, report: StepReport) -> None:
        self.loss = report.loss if self.loss is None else 0.98 * self.loss + 0.02 * report.loss
        self.bar.set_postfix_str(f"step {step}, loss {self.loss:.3f}", refresh=False)
        self.bar.update(min(100.0, 100 * fraction) - self.bar.n)
