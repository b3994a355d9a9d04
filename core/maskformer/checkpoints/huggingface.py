"""A folder in the Hugging Face layout: config.json, weights, and often a preprocessor_config.json."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from torch import Tensor

from core.annotation.errors import LabelSetError, ModelError
from core.annotation.labels import LabelSet
from core.maskformer.checkpoints.files import read_json_object
from core.maskformer.checkpoints.foreign import ForeignCheckpoint, fitted
from core.maskformer.checkpoints.huggingface_config import model_config
from core.maskformer.checkpoints.huggingface_names import on_disk, origins
from core.maskformer.checkpoints.labels import label_set_of, names_from_config
from core.maskformer.checkpoints.preprocessing import read_preprocessing
from core.maskformer.checkpoints.weights import read_weights
from core.maskformer.config import MaskClassificationConfig
from core.maskformer.manifest import CONFIG_NAME

CLASS_PREDICTOR = "class_predictor.weight"


def read_huggingface(folder: Path) -> ForeignCheckpoint:
    """The MaskFormer in `folder`. Raises ModelError, with the folder or the file, when it cannot be read exactly."""
    path = folder / CONFIG_NAME
    values = read_json_object(path)
    with _naming(path):
        config = model_config(values)
    preprocessing = read_preprocessing(folder)
    tensors, digest = read_weights(folder)
    named = on_disk(f"{folder}", tensors)
    with _naming(path):
        label_set = _label_set(values, named)
    head = config.head
    assert isinstance(head, MaskClassificationConfig)
    return fitted(
        f"{folder}",
        named,
        origins(config.backbone, head.decoder.layers),
        config=config,
        label_set=label_set,
        preprocessing=preprocessing,
        weights_sha256=digest,
    )


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Errors of the block begin with the path."""
    try:
        yield
    except (ModelError, LabelSetError) as error:
        raise ModelError(f"{path}: {error}") from error


def _label_set(values: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> LabelSet:
    """Of id2label; a config without it leaves K to the weights."""
    if values.get("id2label") is not None:
        return label_set_of(names_from_config(values["id2label"]))
    rows = tensors.get(CLASS_PREDICTOR)
    if rows is None or rows.ndim == 0 or len(rows) < 2:
        raise ModelError(f"has no id2label, and no weights {CLASS_PREDICTOR} tell how many categories there are")
    return label_set_of({place: f"LABEL_{place}" for place in range(len(rows) - 1)})
