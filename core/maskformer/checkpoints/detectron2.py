"""A detectron2 checkpoint: a pickle with NumPy arrays by name, and nothing on sizes or categories."""

from __future__ import annotations

import hashlib
from pathlib import Path

import torch
from torch import Tensor

from core.annotation.errors import ModelError
from core.maskformer.checkpoints.detectron2_names import newer_names, origins
from core.maskformer.checkpoints.detectron2_sizes import categories, model_config
from core.maskformer.checkpoints.files import read_bytes
from core.maskformer.checkpoints.foreign import ForeignCheckpoint, fitted
from core.maskformer.checkpoints.labels import label_set_for
from core.maskformer.checkpoints.preprocessing import published_preprocessing
from core.maskformer.checkpoints.restricted_pickle import Values, read_arrays
from core.maskformer.config import MaskClassificationConfig

ENDING = ".pkl"


def read_detectron2(path: Path) -> ForeignCheckpoint:
    """The MaskFormer in the pickle `path`; its sizes come from the shapes, its categories from their number.

    Photos are RGB, normalised as ImageNet's: so are all published ones. Raises ModelError, with the path, when the
    file asks for more than arrays or cannot be read exactly.
    """
    content = read_bytes(path)
    try:
        arrays = newer_names(read_arrays(content))
        shapes = {name: array.shape for name, array in arrays.items()}
        config = model_config(shapes)
        label_set = label_set_for(categories(shapes))
    except ModelError as error:
        raise ModelError(f"{path}: {error}") from error
    head = config.head
    assert isinstance(head, MaskClassificationConfig)
    return fitted(
        f"{path}",
        {name: _tensor(array) for name, array in arrays.items()},
        origins(config.backbone, config.pixel_decoder, head.decoder.layers),
        config=config,
        label_set=label_set,
        preprocessing=published_preprocessing(),
        weights_sha256=hashlib.sha256(content).hexdigest(),
    )


def _tensor(array: Values) -> Tensor:
    # Bytes of a file are read-only and may be in the other order.
    return torch.from_numpy(array.astype(array.dtype.newbyteorder("=")))
