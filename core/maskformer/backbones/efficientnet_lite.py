"""EfficientNet-Lite0, 1 and 2: MBConv blocks without squeeze-and-excitation, ReLU6 throughout.

Source: Tan and Le 2019 (EfficientNet), and TensorFlow's "lite" variants of it. Batch normalisation is
folded into the convolutions: they are trained and run as plain convolutions with a bias.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from core.maskformer.backbones.config import EfficientNetLiteConfig
from core.maskformer.backbones.folding import fold_batch_norm


class Stage(NamedTuple):
    """Equal blocks one after another; the stride is the first one's."""

    blocks: int
    kernel: int
    stride: int
    channels: int
    expansion: int


# Lite0's; the others have more channels and blocks.
STAGES = (
    Stage(1, 3, 1, 16, 1),
    Stage(2, 3, 2, 24, 6),
    Stage(2, 5, 2, 40, 6),
    Stage(3, 3, 2, 80, 6),
    Stage(3, 5, 1, 112, 6),
    Stage(4, 5, 2, 192, 6),
    Stage(1, 3, 1, 320, 6),
)
# How many times Lite0's channels and blocks each variant has.
SCALES = ((1.0, 1.0), (1.0, 1.1), (1.1, 1.2))
# Channels are multiples of it.
CHANNEL_STEP = 8
STEM_CHANNELS = 32
# The last stages (of the seven, from 0) at strides 4, 8, 16 and 32.
FEATURE_STAGES = (1, 2, 4, 6)
# TensorFlow's, with which the published weights were trained.
BATCH_NORM_EPSILON = 1e-3


class SameConv2d(nn.Conv2d):
    """A convolution whose output is ceil(size / stride), padded as TensorFlow does: the odd pixel goes after."""

    def __init__(self, inputs: int, outputs: int, kernel: int, *, stride: int = 1, groups: int = 1) -> None:
        super().__init__(inputs, outputs, kernel, stride, padding=kernel // 2, groups=groups)

    def forward(self, x: Tensor) -> Tensor:
        """[B, inputs, H, W] → [B, outputs, ceil(H/stride), ceil(W/stride)]."""
        if self.stride[0] == 1:
            return super().forward(x)
        kernel, stride = self.kernel_size[0], self.stride[0]
        bottom, right = (max(0, (-(-size // stride) - 1) * stride + kernel - size) for size in x.shape[2:])
        x = F.pad(x, (right // 2, right - right // 2, bottom // 2, bottom - bottom // 2))
        return F.conv2d(x, self.weight, self.bias, self.stride, 0, self.dilation, self.groups)


class DepthwiseConv2d(SameConv2d):
    """One filter a channel.

    Autocast is kept out while it trains: the bfloat16 backward is several times slower on a CPU.
    """

    def forward(self, x: Tensor) -> Tensor:
        """[B, C, H, W] → [B, C, ceil(H/stride), ceil(W/stride)]."""
        if not (torch.is_autocast_enabled(x.device.type) and self.weight.requires_grad):
            return super().forward(x)
        with torch.autocast(x.device.type, enabled=False):
            return super().forward(x.to(self.weight.dtype))


class MBConv(nn.Module):
    """An inverted residual block: expand 1×1, filter, project 1×1; its input is added where the shape stays."""

    def __init__(self, *, inputs: int, outputs: int, kernel: int, stride: int, expansion: int) -> None:
        super().__init__()
        inner = inputs * expansion
        self.expand = SameConv2d(inputs, inner, 1) if expansion > 1 else None
        self.depthwise = DepthwiseConv2d(inner, inner, kernel, stride=stride, groups=inner)
        self.project = SameConv2d(inner, outputs, 1)
        self.adds_input = stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        """[B, inputs, H, W] → [B, outputs, ceil(H/stride), ceil(W/stride)]."""
        inner = x if self.expand is None else F.relu6(self.expand(x))
        projected: Tensor = self.project(F.relu6(self.depthwise(inner)))
        return projected + x if self.adds_input else projected


def stages_of(variant: int) -> tuple[Stage, ...]:
    """The seven stages; the lite variants keep the depth of the first and of the last."""
    width, depth = SCALES[variant]
    first, *middle, last = (stage._replace(channels=_rounded(stage.channels * width)) for stage in STAGES)
    return first, *(stage._replace(blocks=math.ceil(stage.blocks * depth)) for stage in middle), last


def _rounded(channels: float) -> int:
    """The nearest multiple of the step, the next one where that loses more than a tenth."""
    nearest = int(channels + CHANNEL_STEP / 2) // CHANNEL_STEP * CHANNEL_STEP
    return nearest if nearest >= 0.9 * channels else nearest + CHANNEL_STEP


class EfficientNetLite(nn.Module):
    """The backbone; `channels` are those of its four outputs, finest first."""

    def __init__(self, config: EfficientNetLiteConfig) -> None:
        super().__init__()
        stages = stages_of(config.variant)
        self.channels = tuple(stages[index].channels for index in FEATURE_STAGES)
        self.stem = SameConv2d(3, STEM_CHANNELS, 3, stride=2)
        self.stages = nn.ModuleList()
        inputs = STEM_CHANNELS
        for stage in stages:
            self.stages.append(_build(stage, inputs))
            inputs = stage.channels

    @property
    def freezable(self) -> tuple[nn.Module, ...]:
        """The stem, then the stages in order."""
        return self.stem, *self.stages

    def forward(self, pixels: Tensor) -> tuple[Tensor, ...]:
        """Normalised pixels [B, 3, H, W] → features [B, channels[i], ceil(H/s), ceil(W/s)] at s = 4, 8, 16, 32."""
        x = F.relu6(self.stem(pixels))
        features = []
        for index, stage in enumerate(self.stages):
            x = stage(x)
            if index in FEATURE_STAGES:
                features.append(x)
        return tuple(features)


def _build(stage: Stage, inputs: int) -> nn.Sequential:
    return nn.Sequential(
        *(
            MBConv(
                inputs=stage.channels if index else inputs,
                outputs=stage.channels,
                kernel=stage.kernel,
                stride=1 if index else stage.stride,
                expansion=stage.expansion,
            )
            for index in range(stage.blocks)
        )
    )


def from_published(tensors: Mapping[str, Tensor], config: EfficientNetLiteConfig | None = None) -> dict[str, Tensor]:
    """The backbone's state dict from the published PyTorch weights (of Lite0 unless said), batch norms folded; the
    classifier is left out.

    Raises KeyError with the name of the first missing tensor.
    """
    state: dict[str, Tensor] = {}
    _fold(state, "stem", tensors, "_conv_stem", "_bn0")
    block = 0
    for number, stage in enumerate(stages_of(config.variant if config else 0)):
        for index in range(stage.blocks):
            ours, theirs = f"stages.{number}.{index}", f"_blocks.{block}"
            if stage.expansion > 1:
                _fold(state, f"{ours}.expand", tensors, f"{theirs}._expand_conv", f"{theirs}._bn0")
            _fold(state, f"{ours}.depthwise", tensors, f"{theirs}._depthwise_conv", f"{theirs}._bn1")
            _fold(state, f"{ours}.project", tensors, f"{theirs}._project_conv", f"{theirs}._bn2")
            block += 1
    return state


def _fold(state: dict[str, Tensor], name: str, tensors: Mapping[str, Tensor], conv: str, norm: str) -> None:
    state[f"{name}.weight"], state[f"{name}.bias"] = fold_batch_norm(
        tensors[f"{conv}.weight"],
        scale=tensors[f"{norm}.weight"],
        shift=tensors[f"{norm}.bias"],
        mean=tensors[f"{norm}.running_mean"],
        variance=tensors[f"{norm}.running_var"],
        epsilon=BATCH_NORM_EPSILON,
    )
