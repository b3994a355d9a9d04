"""What a model folder's config.json says: read and written without torch, so a server knows its model at once."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.annotation.errors import LabelSetError, ModelError
from core.annotation.labels import Category, LabelSet
from core.maskformer.checkpoints.files import read_json_object
from core.maskformer.config import ModelConfig
from core.maskformer.preprocessing import Preprocessing

# Models that come with the project are known by their folder's name.
MODELS = Path(__file__).resolve().parents[2] / "assets" / "models"
FORMAT = "maskwright-model"
VERSION = 2
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


def named_source(source: str | Path, *folders: Path) -> str | Path:
    """The folder of a model given by its name alone, in one of `folders` or in MODELS; any other source as it is."""
    name = str(source)
    if isinstance(source, str) and name == Path(name).name and name not in ("", ".", ".."):
        return next((folder / name for folder in (*folders, MODELS) if exists(folder / name)), source)
    return source


def exists(path: Path) -> bool:
    """Whether there is such a file or folder; False for names that none can have."""
    try:
        return path.exists()
    except (OSError, ValueError):
        return False


def read_checkpoint(source: str | Path) -> Checkpoint | None:
    """What the model folder `source` says it holds, no weights read; None when it is no model folder of this project.

    Raises ModelError for a broken one.
    """
    path = Path(source) / CONFIG_NAME
    if not exists(path):
        return None
    values = read_json_object(path)
    if "model_type" in values and values.get("format") != FORMAT:
        return None
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
    fields = {field.name for field in dataclasses.fields(Preprocessing)}
    if not isinstance(item, dict) or set(item) != fields:
        raise ModelError(f"preprocessing has {', '.join(sorted(fields))}, got {item!r:.80}")
    return Preprocessing(**item | {"mean": tuple(item["mean"]), "std": tuple(item["std"])})


def _category(item: Any) -> Category:
    if not (isinstance(item["id"], int) and isinstance(item["name"], str) and isinstance(item["is_thing"], bool)):
        raise ModelError(f"a category has a number as id, a text as name and is_thing true or false, got {item!r:.80}")
    return Category(item["id"], item["name"], item["is_thing"], tuple(item["colour"]))
