"""Models by name or folder, and how the server loads one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from core.annotation.errors import ModelError
from core.annotation.labels import LabelSet
from core.annotation.proposals import REGION, Proposal
from core.maskformer.manifest import named_source, read_checkpoint

if TYPE_CHECKING:
    from core.inference.embeddings import SeenPhoto
    from core.inference.predictor import Predictor

# Shown from the start when a model's card names no threshold of its own.
FALLBACK_THRESHOLD = 0.5


@dataclass(frozen=True)
class ModelInfo:
    """A model: its name, the hash of its weights, and the threshold the page starts with."""

    name: str
    sha256: str
    threshold: float


@dataclass(frozen=True)
class ModelDescription:
    """What is known of a model before its network is built.

    info: what the page is told.   labels: its categories.   training: what was noted of its training, as plain values.
    """

    info: ModelInfo
    labels: LabelSet
    training: Mapping[str, Any]


def describe_model(source: str, *folders: Path) -> ModelDescription:
    """The model that `source` stands for: a name in one of `folders` or in assets/models, a folder, file or hub id.

    A model of this project is described without its weights; another's are read. Raises ModelError.
    """
    place = named_source(source, *folders)
    checkpoint = read_checkpoint(place)
    if checkpoint is None:
        return _describe_foreign(source, place)
    threshold = checkpoint.training.get("threshold", FALLBACK_THRESHOLD)
    if not isinstance(threshold, float | int) or not 0 <= threshold <= 1:
        raise ModelError(f"{place}: the threshold is a score from 0 to 1, got {threshold!r:.80}; put the file back")
    info = ModelInfo(Path(place).resolve().name, checkpoint.weights_sha256, float(threshold))
    return ModelDescription(info, checkpoint.label_set, checkpoint.training)


@lru_cache(maxsize=4)
def _describe_foreign(source: str, place: str | Path) -> ModelDescription:
    """Kept, since all weights are read for their hash; a file that changes meanwhile is not noticed."""
    from core.maskformer.checkpoints.source import read_foreign

    foreign = read_foreign(place)
    return ModelDescription(ModelInfo(source, foreign.weights_sha256, FALLBACK_THRESHOLD), foreign.label_set, {})


def workspace_labels(model: LabelSet) -> LabelSet:
    """The categories a workspace starts with: the model's, without the class-agnostic one."""
    return LabelSet.of(category for category in model if category.name != REGION)


@dataclass(frozen=True)
class LoadedModel:
    """A predictor with the name and hash that its proposals are stored under."""

    model_name: str
    model_sha256: str
    predictor: Predictor

    def propose(self, image: npt.NDArray[np.uint8]) -> list[Proposal]:
        return self.predictor.propose(image)

    def propose_and_see(self, image: npt.NDArray[np.uint8]) -> tuple[list[Proposal], SeenPhoto | None]:
        return self.predictor.propose_and_see(image)

    def see(self, image: npt.NDArray[np.uint8]) -> SeenPhoto:
        return self.predictor.see(image)


def open_predictor(source: str | Path, *, device: str | None = None, precision: str = "auto") -> Predictor:
    """The model that `source` stands for, ready on the named device or the best one. Raises ModelError."""
    from core.inference.predictor import Predictor
    from core.maskformer.checkpoint import load_model
    from core.maskformer.device import choose_device

    return Predictor(load_model(source, device=choose_device(device)), precision=precision)


def proposer_loader(
    place: str | Path, info: ModelInfo, *, device: str | None, precision: str
) -> Callable[[], LoadedModel]:
    """A function that loads the model `info` from `place`; torch is imported when it is called, not before."""

    def load() -> LoadedModel:
        return LoadedModel(info.name, info.sha256, open_predictor(place, device=device, precision=precision))

    return load
