"""Pixel features for tests of heads."""

import torch
from torch import nn

from core.maskformer.output import MaskFeatures
from core.maskformer.pixel_decoders.features import LEVEL_STRIDES, PixelFeatures

WIDTH, MASK_DIM, MEMORY_CHANNELS = 16, 12, 20


def made_pixels(height: int, width: int, *, batch: int = 2, seed: int = 0) -> PixelFeatures:
    """Random features of photos of this size."""
    torch.manual_seed(seed)

    def cells(channels: int, stride: int) -> torch.Tensor:
        return torch.randn(batch, channels, -(-height // stride), -(-width // stride))

    levels = tuple(cells(WIDTH, stride) for stride in LEVEL_STRIDES)
    projection = nn.Conv2d(WIDTH, MASK_DIM, 3, padding=1)
    return PixelFeatures(levels, cells(MEMORY_CHANNELS, 32), MaskFeatures.of(cells(WIDTH, 4), projection))
