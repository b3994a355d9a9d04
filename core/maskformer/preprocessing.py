"""From a photo's pixels to the network's input."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np
import numpy.typing as npt

from core.annotation.errors import ModelError

if TYPE_CHECKING:
    from torch import Tensor

# Input sides are multiples of the masks' stride, so that masks stretched to the photo line up with it.
STRIDE_PX = 4

Pixels = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Preprocessing:
    """How a model wants its photos: RGB, (pixel − mean) / std, long side at `long_side_px`."""

    mean: tuple[float, float, float] = (127.0, 127.0, 127.0)
    std: tuple[float, float, float] = (128.0, 128.0, 128.0)
    long_side_px: int = 320

    def __post_init__(self) -> None:
        if len(self.mean) != 3 or len(self.std) != 3 or not all(map(math.isfinite, (*self.mean, *self.std))):
            raise ModelError(f"mean and std are three finite numbers each, got {self.mean} and {self.std}")
        if min(self.std) <= 0:
            raise ModelError(f"std is above 0, got {self.std}")
        if (
            not isinstance(self.long_side_px, int)
            or not 32 <= self.long_side_px <= 4096
            or self.long_side_px % STRIDE_PX
        ):
            raise ModelError(f"long_side_px is a multiple of {STRIDE_PX} from 32 to 4096, got {self.long_side_px!r}")

    def input_size(self, height: int, width: int) -> tuple[int, int]:
        """The input's (height, width) for a photo of this size: multiples of 4, the long one `long_side_px`."""
        scale = self.long_side_px / max(height, width) / STRIDE_PX
        return max(1, round(height * scale)) * STRIDE_PX, max(1, round(width * scale)) * STRIDE_PX

    def resize(self, image: Pixels) -> Pixels:
        """An RGB photo, uint8 [H, W, 3], at `input_size`; area averages when it shrinks, so nothing aliases."""
        height, width = self.input_size(*image.shape[:2])
        if (height, width) == image.shape[:2]:
            return image
        shrinks = height * width < image.shape[0] * image.shape[1]
        way = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
        return np.asarray(cv2.resize(np.ascontiguousarray(image), (width, height), interpolation=way), dtype=np.uint8)

    def normalise(self, image: Pixels) -> Tensor:
        """uint8 RGB [H, W, 3] → float32 [3, H, W], sizes unchanged."""
        import torch  # a server describes its model without torch

        mean, std = (np.asarray(values, dtype=np.float32) for values in (self.mean, self.std))
        return torch.from_numpy(np.ascontiguousarray(((image - mean) / std).transpose(2, 0, 1)))
