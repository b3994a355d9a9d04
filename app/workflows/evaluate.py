"""Judge a model on images of data sets: its proposals, beside some made without a model, or one of its three views."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from tqdm import tqdm

from app.models import open_predictor
from core.annotation.errors import TrainingError
from core.annotation.files import write_atomically
from core.annotation.labels import LabelSet
from core.annotation.proposals import REGION
from core.inference.predictor import Predictor
from core.training.baselines import felzenszwalb_masks, grid_masks, merge_tree_masks
from core.training.config import read_config
from core.training.data.images import LabelledImage, Labels, Pixels, Skipped
from core.training.data.sources import DataSet, SourceConfig, read_data_set
from core.training.metrics.average_precision import PrecisionScores
from core.training.metrics.calibration import Calibration, Reliability
from core.training.metrics.mean_iou import SemanticScores
from core.training.metrics.panoptic_quality import PanopticScores
from core.training.metrics.reading import first_reading, read_images
from core.training.metrics.recall import Coverage, Propose, Scores, cover, cover_images, summarise
from core.training.metrics.tasks import (
    PANOPTIC_THRESHOLD,
    judge_instance,
    judge_panoptic,
    judge_semantic,
    unknown_names,
)
from core.training.metrics.truths import judged
from core.training.naming import NameScores, judge_names

Task = Literal["proposals", "semantic", "instance", "panoptic"]
Part = Literal["check", "train", "all"]

MODEL = "model"
GRID = "grid of masks"
BASELINES: Mapping[str, Propose] = {"Felzenszwalb": felzenszwalb_masks, "merge tree": merge_tree_masks}


@dataclass(frozen=True)
class EvaluationRequest:
    """What to judge.

    model: a name, folder, file or hub id.   data: folders of data sets.   part: the images held back from training
    ("check"), the others, or all.   baselines: also proposals by `BASELINES`; they need scikit-image.
    threshold: the least category probability of a panoptic segment; None: PANOPTIC_THRESHOLD.
    config: a JSON file of `TrainingConfig`, for what it says of the sets.   out: also write the scores there as JSON.
    device: None chooses the best.   precision: see `Predictor`.
    """

    model: str | Path
    data: tuple[Path, ...]
    task: Task = "proposals"
    part: Part = "check"
    baselines: bool = False
    threshold: float | None = None
    config: Path | None = None
    out: Path | None = None
    device: str | None = None
    precision: str = "auto"

    def __post_init__(self) -> None:
        if self.baselines and self.task != "proposals":
            raise TrainingError(f"baselines make proposals only, not the {self.task} view; leave --baselines out")
        if self.threshold is not None and self.task != "panoptic":
            raise TrainingError(
                f"--threshold is for --task panoptic; the scores of {self.task} go by all that is found"
            )
        if self.threshold is not None and not 0 <= self.threshold <= 1:
            raise TrainingError(f"--threshold is a probability from 0 to 1, got {self.threshold}")


@dataclass(frozen=True)
class ProposalResult:
    """One set's scores: of the proposals, the model's and others'; of the names that given masks get.

    reliability: how far the scores of the model's proposals can be believed.
    skipped: images that could not be read; nothing counts them.
    """

    name: str
    scores: Mapping[str, Scores]
    names: NameScores
    reliability: Reliability
    skipped: tuple[Skipped, ...] = ()


@dataclass(frozen=True)
class ViewResult:
    """One set's scores of a view.

    unknown: masks, by name, of categories that the model does not know: all missed.
    skipped: images that could not be read; nothing counts them.
    """

    name: str
    task: Task
    scores: SemanticScores | PrecisionScores | PanopticScores
    unknown: Mapping[str, int]
    skipped: tuple[Skipped, ...] = ()


Result = ProposalResult | ViewResult


def evaluate(request: EvaluationRequest, *, quiet: bool = False) -> list[Result]:
    """Scores of the asked part of each set; progress goes to the terminal unless `quiet`.

    Raises MaskwrightError for a model or set that cannot be read, a set without what the task needs, or an `out` that
    cannot be written.
    """
    if request.out is not None:
        _check_out(request.out)
    sources = read_config(request.config, None).sources
    sets = [read_data_set(folder, sources.get(folder.name, SourceConfig())) for folder in request.data]
    for data_set in sets:
        _check_set(data_set, request.task)
        _check_part(data_set, request.part)
    predictor = open_predictor(request.model, device=request.device, precision=request.precision)
    results = [_judge_set(data_set, predictor, request, quiet) for data_set in sets]
    if request.out is not None:
        _write(request.out, results)
    return results


def _check_out(out: Path) -> None:
    try:
        fits = out.parent.is_dir() and not out.is_dir() and os.access(out.parent, os.W_OK)
    except OSError:  # a name that no file can have
        fits = False
    if not fits:
        raise TrainingError(f"the scores cannot be written to {out}: give a file in a folder that is there")


def _write(out: Path, results: Sequence[Result]) -> None:
    try:
        with write_atomically(out) as file:
            file.write(json.dumps([_plain(result) for result in results], indent=1).encode() + b"\n")
    except OSError as error:
        raise TrainingError(f"the scores cannot be written to {out} ({error.strerror}); give another file") from error


def _images(data_set: DataSet, part: Part) -> tuple[LabelledImage, ...]:
    return data_set.images if part == "all" else data_set.part(part)


def _check_part(data_set: DataSet, part: Part) -> None:
    if not _images(data_set, part):
        what = "held back from training" if part == "check" else "to learn from"
        raise TrainingError(
            f"{data_set.name} has no image {what} among its {len(data_set.images)}; give --part all to judge by them"
        )


def _check_set(data_set: DataSet, task: Task) -> None:
    categories = judged(LabelSet.of(data_set.categories))
    if task != "proposals" and not len(categories):
        raise TrainingError(
            f"{data_set.name} names no categories, which --task {task} goes by; give --task proposals, or another set"
        )
    if task == "instance" and not any(category.is_thing for category in categories):
        raise TrainingError(
            f"{data_set.name} has stuff only, no thing for --task instance to find; give --task semantic or panoptic"
        )


def _judge_set(data_set: DataSet, predictor: Predictor, request: EvaluationRequest, quiet: bool) -> Result:
    judge = _Judge(data_set, _images(data_set, request.part), predictor, quiet)
    if request.task == "proposals":
        return judge.proposals(request.baselines)
    return judge.view(request.task, PANOPTIC_THRESHOLD if request.threshold is None else request.threshold)


@dataclass(frozen=True)
class _Judge:
    """A model and the images it is judged on."""

    data_set: DataSet
    images: tuple[LabelledImage, ...]
    predictor: Predictor
    quiet: bool
    skipped: dict[str, Skipped] = field(default_factory=dict)

    def view(self, task: Task, threshold: float) -> ViewResult:
        categories = judged(LabelSet.of(self.data_set.categories))
        scores: SemanticScores | PrecisionScores | PanopticScores
        leave_out = self._leave_out
        with self._progress(task) as watch:
            if task == "semantic":
                scores = judge_semantic(self.images, self.predictor, categories, watch=watch, leave_out=leave_out)
            elif task == "instance":
                scores = judge_instance(self.images, self.predictor, categories, watch=watch, leave_out=leave_out)
            else:
                scores = judge_panoptic(
                    self.images, self.predictor, categories, threshold=threshold, watch=watch, leave_out=leave_out
                )
        unknown = unknown_names(self.images, self.predictor.model.label_set, categories, leave_out=leave_out)
        return ViewResult(self.data_set.name, task, scores, unknown, tuple(self.skipped.values()))

    def proposals(self, baselines: bool) -> ProposalResult:
        calibration = Calibration()
        with self._progress(MODEL) as watch:
            covered = [
                self._model_coverage(image, pixels, labels, calibration, watch)
                for image, (pixels, labels) in read_images(self.images, first_reading, self._leave_out)
            ]
        scores = {MODEL: summarise(covered)}
        for name, propose in {GRID: grid_masks, **(BASELINES if baselines else {})}.items():
            with self._progress(name) as watch:
                scores[name] = summarise(cover_images(self.images, propose, watch=watch, leave_out=self._leave_out))
        names, reliability = self._names(), calibration.reliability()
        return ProposalResult(self.data_set.name, scores, names, reliability, tuple(self.skipped.values()))

    def _leave_out(self, skipped: Skipped) -> None:
        self.skipped[skipped.item] = skipped

    def _model_coverage(
        self, image: LabelledImage, pixels: Pixels, labels: Labels, calibration: Calibration, watch: Callable[[], None]
    ) -> Coverage:
        proposals = self.predictor.propose(pixels)
        calibration.add(proposals, labels)
        watch()
        return cover(image.name, [labelled.mask for labelled in labels.masks], [one.mask for one in proposals])

    def _names(self) -> NameScores:
        """Of the categories that the model knows besides "region"."""
        known = [category.name for category in self.predictor.model.label_set if category.name != REGION]
        with self._progress("names") as watch:
            return judge_names(self.images, self.predictor.classify, known, watch=watch, leave_out=self._leave_out)

    @contextmanager
    def _progress(self, what: str) -> Iterator[Callable[[], None]]:
        title = f"{self.data_set.name}, {what}"
        with tqdm(total=len(self.images), desc=title, unit="photo", disable=self.quiet) as bar:
            yield bar.update


def _plain(result: Result) -> dict[str, Any]:
    """For JSON, which has no NaN: a score of no masks is null."""
    values: dict[str, Any] = dataclasses.asdict(result)
    cleaned: dict[str, Any] = json.loads(json.dumps(values), parse_constant=lambda _: None)
    return cleaned
