"""What a checkpoint of another program comes down to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from core.annotation.labels import LabelSet
from core.maskformer.build import assemble_model
from core.maskformer.checkpoints.naming import Origin, recipes_for
from core.maskformer.checkpoints.recipes import translate
from core.maskformer.checkpoints.shapes import shapes_of
from core.maskformer.config import ModelConfig
from core.maskformer.preprocessing import Preprocessing


@dataclass(frozen=True, eq=False)
class ForeignCheckpoint:
    """Everything `assemble_model` needs, and the weights.

    tensors: float32, on the CPU, under the model's own names and in its shapes.   weights_sha256: of the bytes
    that the weights were read from, hexadecimal; of several files, one after the other in the order of their names.
    """

    config: ModelConfig
    label_set: LabelSet
    preprocessing: Preprocessing
    tensors: Mapping[str, Tensor]
    weights_sha256: str


def fitted(
    source: str,
    tensors: Mapping[str, Tensor],
    origins: Mapping[str, Origin],
    *,
    config: ModelConfig,
    label_set: LabelSet,
    preprocessing: Preprocessing,
    weights_sha256: str,
) -> ForeignCheckpoint:
    """The checkpoint with another layout's `tensors` brought into the model's names and shapes.

    Raises ModelError, with that layout's names, when tensors are missing, unknown, misshapen or not finite.
    """
    # On "meta" nothing is allocated, whatever sizes a file asks for.
    with torch.device("meta"):
        state = assemble_model(config, label_set, preprocessing=preprocessing).state_dict()
    shapes = shapes_of(state)
    ours = translate(source, recipes_for(shapes, origins), shapes, tensors)
    return ForeignCheckpoint(config, label_set, preprocessing, ours, weights_sha256)
