"""What a model folder's config.json says: read and written without torch, so a server knows its model at once."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.annotation.errors import LabelSetError, ModelError
from core.annotation.labels import Category, LabelSet
from core.maskformer.config import ModelConfig
from core.maskformer.preprocessing import Preprocessing

FORMAT = "maskwright-model"
VERSION = 1
CONFIG_NAME = "config.json"
WEIGHTS_NAME = "model.safetensors"


@dataclass(frozen=True)
class Checkpoint:
    """What a model folder's config.json says. `training` is whatever the training that made it noted."""

    config: ModelConfig
    label_set: LabelSet
    preprocessing: Preprocessing
    weights_sha256: str
    training: Mapping[str, Any]


def read_checkpoint(source: str | Path) -> Checkpoint:
    """What the model folder `source` says it holds; no weights are read. Raises ModelError."""
    path = Path(source) / CONFIG_NAME
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ModelError(
            f"{source}: no model here; give a folder with {CONFIG_NAME} and {WEIGHTS_NAME} "
            "(pickled checkpoints can run code and are not read)"
        ) from error
    except (ValueError, RecursionError) as error:
        raise ModelError(f"{path}: not valid JSON ({error}); take an intact copy of the model") from error
    try:
        return checkpoint_from_dict(values)
    except (ModelError, LabelSetError, KeyError, TypeError) as error:
        reason = f"lacks {error}" if isinstance(error, KeyError) else str(error)
        raise ModelError(f"{path}: {reason}") from error


def checkpoint_to_dict(checkpoint: Checkpoint) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "version": VERSION,
        "model": checkpoint.config.to_dict(),
        "label_set": [dataclasses.asdict(category) for category in checkpoint.label_set],
        "preprocessing": dataclasses.asdict(checkpoint.preprocessing),
        "weights_sha256": checkpoint.weights_sha256,
        "training": checkpoint.training,
    }


def checkpoint_from_dict(values: Any) -> Checkpoint:
    if not isinstance(values, dict) or values.get("format") != FORMAT:
        raise ModelError(f"not a Maskwright model; its config has the format {FORMAT!r}")
    if values["version"] != VERSION:
        raise ModelError(
            f"the model's version is {values['version']!r}, this release reads {VERSION}; update Maskwright"
        )
    if not values["label_set"]:
        raise ModelError("the label set has no category; a model has at least one")
    if not isinstance(values["training"], dict):
        raise ModelError(f"the notes on the training are an object, got {values['training']!r:.80}")
    return Checkpoint(
        config=ModelConfig.from_dict(values["model"]),
        label_set=LabelSet.of(_category(item) for item in values["label_set"]),
        preprocessing=_preprocessing(values["preprocessing"]),
        weights_sha256=str(values["weights_sha256"]),
        training=values["training"],
    )


def _preprocessing(item: Any) -> Preprocessing:
    if set(item) != {"mean", "std", "long_side_px"}:
        raise ModelError(f"preprocessing has mean, std and long_side_px, got {item!r:.80}")
    return Preprocessing(mean=tuple(item["mean"]), std=tuple(item["std"]), long_side_px=item["long_side_px"])


def _category(item: Any) -> Category:
    if not (isinstance(item["id"], int) and isinstance(item["name"], str) and isinstance(item["is_thing"], bool)):
        raise ModelError(f"a category has a number as id, a text as name and is_thing true or false, got {item!r:.80}")
    return Category(item["id"], item["name"], item["is_thing"], tuple(item["colour"]))
