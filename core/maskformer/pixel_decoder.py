"""The FPN pixel decoder (Cheng et al. 2021, section 3.3 and appendix A; Lin et al. 2017)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch.nn.functional as F
from torch import Tensor, nn

from core.maskformer.config import NORM_GROUPS


@dataclass(frozen=True, eq=False)
class PixelFeatures:
    """levels: [B, width, ceil(H/s), ceil(W/s)] at strides s = 32, 16, 8, 4.   mask_features: [B, mask_dim, …] at 4."""

    levels: tuple[Tensor, ...]
    mask_features: Tensor


class ConvNorm(nn.Sequential):
    """A bias-free convolution of stride 1 and its GroupNorm, with a ReLU where asked."""

    def __init__(self, inputs: int, outputs: int, kernel: int, *, relu: bool) -> None:
        super().__init__(
            nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2, bias=False),
            nn.GroupNorm(NORM_GROUPS, outputs),
            *([nn.ReLU(inplace=True)] if relu else []),
        )


class FPNPixelDecoder(nn.Module):
    """Adds coarse features to finer ones, level by level, and ends in per-pixel mask features."""

    def __init__(self, *, in_channels: Sequence[int], width: int, mask_dim: int) -> None:
        """`in_channels` of the backbone's outputs, finest first; at least two."""
        super().__init__()
        *finer, coarsest = in_channels
        self.stem = ConvNorm(coarsest, width, 3, relu=True)
        self.laterals = nn.ModuleList(ConvNorm(count, width, 1, relu=False) for count in reversed(finer))
        self.blends = nn.ModuleList(ConvNorm(width, width, 3, relu=True) for _ in finer)
        self.mask_features = nn.Conv2d(width, mask_dim, 3, padding=1)

    def forward(self, features: Sequence[Tensor]) -> PixelFeatures:
        """Features [B, in_channels[i], h_i, w_i], finest first, of any sizes."""
        *finer, coarsest = features
        levels = [self.stem(coarsest)]
        for feature, lateral, blend in zip(reversed(finer), self.laterals, self.blends, strict=True):
            side = lateral(feature)
            levels.append(blend(side + F.interpolate(levels[-1], size=side.shape[2:], mode="nearest")))
        return PixelFeatures(tuple(levels), self.mask_features(levels[-1]))
