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
    """How a model wants its photos: RGB, (pixel − mean) / std, the sides at these sizes.

    long_side_px: of the long side.   short_side_px: of the short side, as long as the long one stays within
    `long_side_px`; None: the long side alone decides.
    """

    mean: tuple[float, float, float] = (127.0, 127.0, 127.0)
    std: tuple[float, float, float] = (128.0, 128.0, 128.0)
    long_side_px: int = 320
    short_side_px: int | None = None

    def __post_init__(self) -> None:
        if len(self.mean) != 3 or len(self.std) != 3 or not all(map(math.isfinite, (*self.mean, *self.std))):
            raise ModelError(f"mean and std are three finite numbers each, got {self.mean} and {self.std}")
        if min(self.std) <= 0:
            raise ModelError(f"std is above 0, got {self.std}")
        _check_side("long_side_px", self.long_side_px)
        if self.short_side_px is not None:
            _check_side("short_side_px", self.short_side_px)
            if self.short_side_px > self.long_side_px:
                raise ModelError(
                    f"short_side_px is at most long_side_px, got {self.short_side_px} and {self.long_side_px}"
                )

    def input_size(self, height: int, width: int) -> tuple[int, int]:
        """The input's (height, width) for a photo of this size: multiples of 4."""
        scale = self.long_side_px / max(height, width)
        if self.short_side_px is not None:
            scale = min(scale, self.short_side_px / min(height, width))
        scale /= STRIDE_PX
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


def _check_side(name: str, value: object) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or not 32 <= value <= 4096 or value % STRIDE_PX:
        raise ModelError(f"{name} is a multiple of {STRIDE_PX} from 32 to 4096, got {value!r}")
