"""The FPN pixel decoder (Cheng et al. 2021, section 3.3 and appendix A; Lin et al. 2017)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from core.maskformer.config import NORM_GROUPS
from core.maskformer.kernels.convolution import Convolution
from core.maskformer.output import MaskFeatures
from core.maskformer.pixel_decoders.features import LEVEL_STRIDES, PixelFeatures
from core.maskformer.positions import RealArea


class GroupNorm(nn.GroupNorm):
    """nn.GroupNorm that takes a group of a single value too, as the smallest photos give: it is its own mean."""

    def forward(self, x: Tensor) -> Tensor:
        """[B, C, h, w] → the same shape."""
        return torch.group_norm(x, self.num_groups, self.weight, self.bias, self.eps)


class ConvNorm(nn.Sequential):
    """A bias-free convolution of stride 1 and its GroupNorm, with a ReLU where asked."""

    def __init__(self, inputs: int, outputs: int, kernel: int, *, relu: bool) -> None:
        super().__init__(
            Convolution(inputs, outputs, kernel, bias=False),
            GroupNorm(NORM_GROUPS, outputs),
            *([nn.ReLU(inplace=True)] if relu else []),
        )


class FPNPixelDecoder(nn.Module):
    """Adds coarse features to finer ones, level by level, and ends in per-pixel mask features.

    memory_channels: of `PixelFeatures.memory`, here the backbone's coarsest output as it is.
    """

    def __init__(self, *, in_channels: Sequence[int], width: int, mask_dim: int) -> None:
        """`in_channels` of the backbone's outputs, finest first; at least two."""
        super().__init__()
        *finer, coarsest = in_channels
        self.memory_channels = coarsest
        self.stem = ConvNorm(coarsest, width, 3, relu=True)
        self.laterals = nn.ModuleList(ConvNorm(count, width, 1, relu=False) for count in reversed(finer))
        self.blends = nn.ModuleList(ConvNorm(width, width, 3, relu=True) for _ in finer)
        self.mask_features = Convolution(width, mask_dim, 3)

    def forward(self, features: Sequence[Tensor], area: RealArea) -> PixelFeatures:
        """Features [B, in_channels[i], h_i, w_i], finest first, of any sizes."""
        return self.pyramid(features[:-1], features[-1], memory=features[-1])

    def pyramid(self, finer: Sequence[Tensor], coarsest: Tensor, *, memory: Tensor) -> PixelFeatures:
        """The levels from the coarsest feature on, and what comes of them."""
        levels = [self.stem(coarsest)]
        for feature, lateral, blend in zip(reversed(finer), self.laterals, self.blends, strict=True):
            side = lateral(feature)
            levels.append(blend(side + F.interpolate(levels[-1], size=side.shape[2:], mode="nearest")))
        return PixelFeatures(
            tuple(levels[: len(LEVEL_STRIDES)]), memory, MaskFeatures.of(levels[-1], self.mask_features)
        )
