"""From a photo to the network's input, the same for every question about it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from torch import Tensor

from core.annotation.errors import ModelError
from core.maskformer.model import MaskFormer

Photo = npt.NDArray[np.uint8]


def check_photo(image: Photo) -> None:
    """Raise ModelError unless `image` is RGB, uint8 [H, W, 3], with a pixel."""
    if not isinstance(image, np.ndarray) or image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
        found = f"{image.dtype} {list(image.shape)}" if isinstance(image, np.ndarray) else type(image).__name__
        raise ModelError(f"a photo is RGB with values from 0 to 255, uint8 [height, width, 3]; got {found}")
    if image.size == 0:
        raise ModelError(f"a photo has at least one pixel, got {image.shape[1]}×{image.shape[0]}")


def network_input(model: MaskFormer, image: Photo) -> Tensor:
    """A checked photo as a batch of one: float32 [1, 3, h, w] on the model's device, resized and normalised."""
    preprocessing = model.preprocessing
    return preprocessing.normalise(preprocessing.resize(image))[None].to(model.device)
