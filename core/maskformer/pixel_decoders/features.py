"""What every pixel decoder gives."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from core.maskformer.output import MaskFeatures

# Of `levels`, in their order.
LEVEL_STRIDES = (32, 16, 8)
MASK_STRIDE = 4


@dataclass(frozen=True, eq=False)
class PixelFeatures:
    """Features of photos of H×W pixels at several strides s; a map at s has ceil(H/s) × ceil(W/s) cells.

    levels: [B, width, h, w] at LEVEL_STRIDES; masked attention and point queries look at them.
    memory: [B, memory_channels, h, w] at stride 32, what MaskFormer's own transformer decoder looks at.
    mask_features: per-pixel features at MASK_STRIDE, mask_dim channels.
    """

    levels: tuple[Tensor, ...]
    memory: Tensor
    mask_features: MaskFeatures
