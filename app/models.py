"""Models by name or folder, and how the server loads one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from app.services import ModelInfo
from app.settings import MODELS
from core.annotation.labels import LabelSet
from core.annotation.proposals import REGION, Proposal
from core.maskformer.manifest import read_checkpoint

if TYPE_CHECKING:
    from core.inference.predictor import Predictor

# Shown from the start when a model's card names no threshold of its own.
FALLBACK_THRESHOLD = 0.5


def model_folder(source: str) -> Path:
    """The folder of a model given by name (in assets/models) or by path."""
    named = MODELS / source
    return named if named.is_dir() else Path(source)


def model_info(source: str) -> ModelInfo:
    """What the model's config says of it, without loading it. Raises ModelError when there is no model."""
    folder = model_folder(source)
    checkpoint = read_checkpoint(folder)
    threshold = checkpoint.training.get("threshold", FALLBACK_THRESHOLD)
    return ModelInfo(folder.resolve().name, checkpoint.weights_sha256, float(threshold))


def model_labels(source: str) -> LabelSet:
    """The categories a workspace starts with: the model's, without the class-agnostic one."""
    checkpoint = read_checkpoint(model_folder(source))
    return LabelSet.of(category for category in checkpoint.label_set if category.name != REGION)


@dataclass(frozen=True)
class LoadedModel:
    """A predictor with the name and hash that its proposals are stored under."""

    model_name: str
    model_sha256: str
    predictor: Predictor

    def propose(self, image: npt.NDArray[np.uint8]) -> list[Proposal]:
        return self.predictor.propose(image)


def proposer_loader(source: str, device: str | None) -> Callable[[], LoadedModel]:
    """A function that loads the model; torch is imported when it is called, not before."""

    def load() -> LoadedModel:
        from core.inference.predictor import Predictor
        from core.maskformer.checkpoint import load_model
        from core.maskformer.device import choose_device

        info = model_info(source)
        model = load_model(model_folder(source), device=choose_device(device))
        return LoadedModel(info.name, info.sha256, Predictor(model))

    return load
