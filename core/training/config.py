"""Everything that decides how a training goes; the whole of it travels in the checkpoint."""

from __future__ import annotations

import dataclasses
import json
import typing
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from core.annotation.errors import TrainingError
from core.maskformer.backbones.config import MAX_CHANNELS
from core.maskformer.config import ModelConfig
from core.maskformer.preprocessing import STRIDE_PX
from core.training.augment import AugmentConfig
from core.training.criterion import LossConfig
from core.training.data.sources import SourceConfig
from core.training.optimisation import OptimiserConfig
from core.training.plain_values import read_fields
from core.training.schedule import StageConfig

Precision = Literal["float32", "bfloat16", "float16"]

# What torch's random generators take.
SEEDS = 2**63
# Processes that make batches; each takes a few hundred MB.
MOST_WORKERS = 64


@dataclass(frozen=True)
class TrainingConfig:
    """One training.

    sources: settings of data sets by folder name; a set that is not named takes the defaults.
    categories_from: folder names of the sets whose categories the model learns, besides "region"; empty: of all.
    frozen_stages: of the backbone, from its start; the stem is frozen with the first.
    trained_parts: the parts of the model that learn, by the start of their parameters' names; empty: all.
    evaluate_minutes, save_minutes: between two evaluations on held-back images, and two saves.
    precision: of the network; losses are always float32. "float16" needs a CUDA device.
    queries: how many a model that is started from is to have; None: as many as it has.
    input_px: the long side at which the trained model looks at photos.
    threshold: the score from which a person is shown the trained model's proposals at first.
    """

    model: ModelConfig = field(default_factory=ModelConfig)
    loss: LossConfig = field(default_factory=LossConfig)
    augment: AugmentConfig = field(default_factory=AugmentConfig)
    optimiser: OptimiserConfig = field(default_factory=OptimiserConfig)
    stages: tuple[StageConfig, ...] = (StageConfig(),)
    sources: Mapping[str, SourceConfig] = field(default_factory=dict)
    categories_from: tuple[str, ...] = ()
    frozen_stages: int = 3
    trained_parts: tuple[str, ...] = ()
    precision: Precision = "bfloat16"
    evaluate_minutes: float = 5.0
    save_minutes: float = 2.0
    queries: int | None = None
    input_px: int = 320
    threshold: float = 0.5
    workers: int = 1
    seed: int = 0

    def __post_init__(self) -> None:
        if not self.stages:
            raise TrainingError("a training has at least one stage")
        if self.precision not in typing.get_args(Precision):
            raise TrainingError(f"precision is 'float32', 'bfloat16' or 'float16', got {self.precision!r}")
        if not 0 <= self.threshold <= 1:
            raise TrainingError(f"threshold is a score from 0 to 1, got {self.threshold}")
        if not 0 <= self.seed < SEEDS:
            raise TrainingError(f"seed is a whole number from 0 to below 2**63, got {self.seed}")
        if not 0 <= self.workers <= MOST_WORKERS:
            raise TrainingError(f"workers is a whole number from 0 to {MOST_WORKERS}, got {self.workers}")
        if not (self.evaluate_minutes >= 0 and self.save_minutes >= 0):
            raise TrainingError(
                "evaluate_minutes and save_minutes are 0 (after every step) or above, got "
                f"{self.evaluate_minutes} and {self.save_minutes}"
            )
        if self.queries is not None and not 1 <= self.queries <= MAX_CHANNELS:
            raise TrainingError(f"queries is a whole number from 1 to {MAX_CHANNELS}, or null, got {self.queries}")
        if self.frozen_stages < 0:
            raise TrainingError(f"frozen_stages is a number of stages from 0, got {self.frozen_stages}")
        if not 32 <= self.input_px <= 4096 or self.input_px % STRIDE_PX:
            raise TrainingError(f"input_px is a multiple of {STRIDE_PX} from 32 to 4096, got {self.input_px}")

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return dataclasses.asdict(self) | {"model": self.model.to_dict()}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> TrainingConfig:
        """The config of plain values; what is left out takes its default.

        Raises TrainingError for names that are unknown and values that a field cannot have.
        """
        config: TrainingConfig = read_fields(cls, values, "", {ModelConfig: ModelConfig.from_dict})
        return config


def read_config(path: Path | None, seed: int | None) -> TrainingConfig:
    """The training configuration of a JSON file, or the defaults. Raises TrainingError."""
    values: Any = {}
    if path is not None:
        try:
            values = json.loads(path.read_bytes())
        except (OSError, ValueError, RecursionError) as error:
            raise TrainingError(f"the configuration {path} cannot be read as JSON: {error}") from error
    config = TrainingConfig.from_dict(values)
    return config if seed is None else dataclasses.replace(config, seed=seed)
