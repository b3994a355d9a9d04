"""ResNet (He et al. 2016), batch norms folded into the convolutions (`folding.fold_batch_norm`, epsilon 1e-5).

Parameters, for stage i from 0 and its block j: stem, and of stages.i.j: convolutions.k in order (three in a
bottleneck, two in a basic block) and, in a stage's first block where the shape changes, shortcut.
A stage's stride lies in its first block's first 3×3 convolution.
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from core.maskformer.backbones.config import ResNetConfig

# Outer over inner channels of a bottleneck.
REDUCTION = 4


class Convolution(nn.Conv2d):
    """A convolution with a bias whose output is ceil(size / stride)."""

    def __init__(self, inputs: int, outputs: int, kernel: int, *, stride: int = 1) -> None:
        super().__init__(inputs, outputs, kernel, stride, padding=kernel // 2)


class ResidualBlock(nn.Module):
    """Convolutions with ReLU between them, added to their input (or to its projection), then ReLU."""

    def __init__(self, *, convolutions: list[Convolution], shortcut: nn.Module) -> None:
        super().__init__()
        self.convolutions = nn.ModuleList(convolutions)
        self.shortcut = shortcut

    def forward(self, x: Tensor) -> Tensor:
        """[B, inputs, H, W] → [B, outputs, ceil(H/stride), ceil(W/stride)]."""
        *first, last = self.convolutions
        branch = x
        for convolution in first:
            branch = F.relu(convolution(branch), inplace=True)
        return F.relu(last(branch) + self.shortcut(x), inplace=True)


def bottleneck(inputs: int, outputs: int, *, stride: int) -> ResidualBlock:
    """1×1 to a quarter of the outputs, 3×3, 1×1."""
    inner = outputs // REDUCTION
    return ResidualBlock(
        convolutions=[
            Convolution(inputs, inner, 1),
            Convolution(inner, inner, 3, stride=stride),
            Convolution(inner, outputs, 1),
        ],
        shortcut=_shortcut(inputs, outputs, stride),
    )


def basic_block(inputs: int, outputs: int, *, stride: int) -> ResidualBlock:
    """3×3 twice."""
    return ResidualBlock(
        convolutions=[Convolution(inputs, outputs, 3, stride=stride), Convolution(outputs, outputs, 3)],
        shortcut=_shortcut(inputs, outputs, stride),
    )


def _shortcut(inputs: int, outputs: int, stride: int) -> nn.Module:
    same = inputs == outputs and stride == 1
    return nn.Identity() if same else Convolution(inputs, outputs, 1, stride=stride)


class ResNet(nn.Module):
    """The backbone."""

    def __init__(self, config: ResNetConfig) -> None:
        super().__init__()
        self.channels = config.widths
        self.stem = Convolution(3, config.stem, 7, stride=2)
        build = bottleneck if config.bottleneck else basic_block
        self.stages = nn.ModuleList()
        inputs = config.stem
        for index, (depth, width) in enumerate(zip(config.depths, config.widths, strict=True)):
            first = build(inputs, width, stride=1 if index == 0 else 2)
            self.stages.append(nn.Sequential(first, *(build(width, width, stride=1) for _ in range(depth - 1))))
            inputs = width

    @property
    def freezable(self) -> tuple[nn.Module, ...]:
        """The stem, then the stages in order."""
        return self.stem, *self.stages

    def forward(self, pixels: Tensor) -> tuple[Tensor, ...]:
        """Normalised pixels [B, 3, H, W] → features [B, channels[i], ceil(H/s), ceil(W/s)] at s = 4, 8, 16, 32."""
        x = F.max_pool2d(F.relu(self.stem(pixels), inplace=True), 3, stride=2, padding=1)
        features = []
        for stage in self.stages:
            x = stage(x)
            features.append(x)
        return tuple(features)
