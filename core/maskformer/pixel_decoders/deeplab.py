"""The DeepLab pixel decoder: ASPP (Chen et al. 2017) and DeepLab v3+'s decoder (Chen et al. 2018)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from core.maskformer.config import NORM_GROUPS
from core.maskformer.kernels.convolution import Convolution
from core.maskformer.output import MaskFeatures, average_pooled
from core.maskformer.pixel_decoders.features import LEVEL_STRIDES, MASK_STRIDE, PixelFeatures
from core.maskformer.pixel_decoders.fpn import ConvNorm, GroupNorm
from core.maskformer.positions import RealArea

# The finest feature is held to a few channels, or it would outweigh the coarse ones (v3+, section 4.1).
FINE_CHANNELS = 48
# 32, as elsewhere, does not divide 48.
FINE_GROUPS = 16


class DilatedConvNorm(nn.Sequential):
    """A bias-free 3×3 convolution whose taps lie `rate` cells apart, its GroupNorm and a ReLU."""

    def __init__(self, inputs: int, outputs: int, rate: int) -> None:
        super().__init__(
            nn.Conv2d(inputs, outputs, 3, padding=rate, dilation=rate, bias=False),
            GroupNorm(NORM_GROUPS, outputs),
            nn.ReLU(inplace=True),
        )


class ImagePooling(nn.Module):
    """The mean of a photo's real cells, projected, at every cell. It is one cell, so it has no norm."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.project = nn.Conv2d(inputs, outputs, 1)

    def forward(self, features: Tensor, cells: Tensor) -> Tensor:
        """Features [B, inputs, h, w], cells bool [B, h, w] → [B, outputs, h, w]."""
        shares = cells[:, None] / cells.sum((1, 2))[:, None, None, None]
        mean = (features.float() * shares).sum((2, 3), keepdim=True)
        return F.relu(self.project(mean.to(features.dtype))).expand(-1, -1, *features.shape[2:])


class AtrousSpatialPyramidPooling(nn.Module):
    """ASPP: a 1×1 convolution, dilated 3×3 ones and the photo's mean, side by side, then mixed."""

    def __init__(self, *, in_channels: int, width: int, rates: Sequence[int]) -> None:
        super().__init__()
        self.local = ConvNorm(in_channels, width, 1, relu=True)
        self.dilated = nn.ModuleList(DilatedConvNorm(in_channels, width, rate) for rate in rates)
        self.pooling = ImagePooling(in_channels, width)
        self.mix = ConvNorm((2 + len(rates)) * width, width, 1, relu=True)

    def forward(self, features: Tensor, cells: Tensor) -> Tensor:
        """Features [B, in_channels, h, w], cells bool [B, h, w]: the real ones → [B, width, h, w]."""
        branches = [self.local(features), *(branch(features) for branch in self.dilated)]
        mixed: Tensor = self.mix(torch.cat((*branches, self.pooling(features, cells)), dim=1))
        return mixed


class DeepLabPixelDecoder(nn.Module):
    """ASPP on the coarsest feature, joined with the finest; the two between are not used.

    The photo's mean is taken over its real cells. Convolutions and their norms see padding as it is given.
    memory_channels: of `PixelFeatures.memory`, the backbone's coarsest output as it is.
    """

    def __init__(
        self, *, in_channels: Sequence[int], width: int, mask_dim: int, rates: Sequence[int] = (3, 6, 9)
    ) -> None:
        """`in_channels` of the backbone's outputs, finest first.   rates: of the dilated convolutions, in cells of
        stride 32; half of v3's (6, 12, 18), which are meant for stride 16.
        """
        super().__init__()
        self.memory_channels = in_channels[-1]
        self.aspp = AtrousSpatialPyramidPooling(in_channels=in_channels[-1], width=width, rates=rates)
        self.fine = nn.Sequential(
            nn.Conv2d(in_channels[0], FINE_CHANNELS, 1, bias=False),
            nn.GroupNorm(FINE_GROUPS, FINE_CHANNELS),
            nn.ReLU(inplace=True),
        )
        self.blend = nn.Sequential(
            ConvNorm(width + FINE_CHANNELS, width, 3, relu=True), ConvNorm(width, width, 3, relu=True)
        )
        self.mask_features = Convolution(width, mask_dim, 3)

    def forward(self, features: Sequence[Tensor], area: RealArea) -> PixelFeatures:
        """Features [B, in_channels[i], h_i, w_i], finest first, at strides 4, 8, 16, 32.

        The levels between ASPP's output and the joined map are averages of the latter.
        """
        coarse = self.aspp(features[-1], area.cells(LEVEL_STRIDES[0]))
        fine = self.fine(features[0])
        spread = F.interpolate(coarse, size=fine.shape[2:], mode="bilinear", align_corners=False)
        joined = self.blend(torch.cat((spread, fine), dim=1))
        between = [average_pooled(joined, stride // MASK_STRIDE) for stride in LEVEL_STRIDES[1:]]
        return PixelFeatures((coarse, *between), features[-1], MaskFeatures.of(joined, self.mask_features))
