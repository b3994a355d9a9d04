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
from core.maskformer.config import ModelConfig
from core.training.augment import AugmentConfig
from core.training.criterion import LossConfig
from core.training.data.sources import SourceConfig
from core.training.optimisation import OptimiserConfig
from core.training.schedule import StageConfig

Precision = Literal["float32", "bfloat16"]


@dataclass(frozen=True)
class TrainingConfig:
    """One training.

    sources: settings of data sets by folder name; a set that is not named takes the defaults.
    categories_from: folder names of the sets whose categories the model learns, besides "region"; empty: of all.
    frozen_stages: of the backbone, from its start; the stem is frozen with the first.
    trained_parts: the parts of the model that learn, by the start of their parameters' names; empty: all.
    evaluate_minutes, save_minutes: between two evaluations on held-back images, and two saves.
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
    input_px: int = 320
    threshold: float = 0.5
    workers: int = 1
    seed: int = 0

    def __post_init__(self) -> None:
        if not self.stages:
            raise TrainingError("a training has at least one stage")
        if self.precision not in ("float32", "bfloat16"):
            raise TrainingError(f"precision is 'float32' or 'bfloat16', got {self.precision!r}")
        if not 0 <= self.threshold <= 1:
            raise TrainingError(f"threshold is a score from 0 to 1, got {self.threshold}")
        if self.seed < 0 or self.workers < 0:
            raise TrainingError(f"seed and workers are whole numbers from 0, got {self.seed} and {self.workers}")

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return dataclasses.asdict(self) | {"model": self.model.to_dict()}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> TrainingConfig:
        """The config of plain values; what is left out takes its default. Raises TrainingError for unknown names."""
        config: TrainingConfig = _build(cls, values, "")
        return config


def read_config(path: Path | None, seed: int | None) -> TrainingConfig:
    """The training configuration of a JSON file, or the defaults. Raises TrainingError."""
    values: Any = {}
    if path is not None:
        try:
            values = json.loads(path.read_bytes())
        except (OSError, ValueError) as error:
            raise TrainingError(f"the configuration {path} cannot be read as JSON: {error}") from error
    config = TrainingConfig.from_dict(values)
    return config if seed is None else dataclasses.replace(config, seed=seed)


def _build(kind: Any, values: Any, place: str) -> Any:
    """An instance of the dataclass `kind` from a mapping, fields that are dataclasses likewise."""
    if not isinstance(values, Mapping):
        raise TrainingError(
            f"the configuration's {place or 'content'} is a set of names and values, got {values!r:.60}"
        )
    hints = typing.get_type_hints(kind)
    unknown = sorted(set(values) - set(hints))
    if unknown:
        raise TrainingError(f"the configuration has no {place}{unknown[0]}; known are {', '.join(sorted(hints))}")
    try:
        return kind(**{name: _value(hints[name], value, f"{place}{name}.") for name, value in values.items()})
    except (TypeError, ValueError) as error:
        if isinstance(error, TrainingError):
            raise
        raise TrainingError(f"the configuration's {place or 'content'} cannot be used: {error}") from error


def _value(hint: Any, value: Any, place: str) -> Any:
    if hint is ModelConfig:
        return ModelConfig.from_dict(value)
    if dataclasses.is_dataclass(hint):
        return _build(hint, value, place)
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is tuple and isinstance(value, list | tuple):
        return tuple(_value(arguments[0], item, place) for item in value)
    if dataclasses.is_dataclass(arguments[-1] if arguments else None) and isinstance(value, Mapping):
        return {name: _value(arguments[-1], item, f"{place}{name}.") for name, item in value.items()}
    return value
