"""The pixel decoder of Fully Convolutional Networks: skip connections, summed (Long et al. 2015, section 4.2)."""

from __future__ import annotations

from collections.abc import Sequence

import torch.nn.functional as F
from torch import Tensor, nn

from core.maskformer.kernels.convolution import Convolution
from core.maskformer.output import MaskFeatures
from core.maskformer.pixel_decoders.features import LEVEL_STRIDES, PixelFeatures
from core.maskformer.positions import RealArea


class FCNPixelDecoder(nn.Module):
    """A 1×1 convolution a level; the sum so far is stretched to the next finer level and added to it.

    Nothing in it is global, so the real area makes no difference: padding reaches the cells beside it alone.
    memory_channels: of `PixelFeatures.memory`, the backbone's coarsest output as it is.
    """

    def __init__(self, *, in_channels: Sequence[int], width: int, mask_dim: int) -> None:
        """`in_channels` of the backbone's outputs, finest first."""
        super().__init__()
        self.memory_channels = in_channels[-1]
        self.laterals = nn.ModuleList(nn.Conv2d(count, width, 1) for count in reversed(in_channels))
        self.mask_features = Convolution(width, mask_dim, 3)

    def forward(self, features: Sequence[Tensor], area: RealArea) -> PixelFeatures:
        """Features [B, in_channels[i], h_i, w_i], finest first, of any sizes."""
        sides = [lateral(feature) for lateral, feature in zip(self.laterals, reversed(features), strict=True)]
        levels = sides[:1]
        for side in sides[1:]:
            stretched = F.interpolate(levels[-1], size=side.shape[2:], mode="bilinear", align_corners=False)
            levels.append(side + stretched)
        return PixelFeatures(
            tuple(levels[: len(LEVEL_STRIDES)]), features[-1], MaskFeatures.of(levels[-1], self.mask_features)
        )
