"""EfficientNet-Lite0: MBConv blocks without squeeze-and-excitation, ReLU6 throughout.

Source: Tan and Le 2019 (EfficientNet), and TensorFlow's "lite" variant of it. Batch normalisation is
folded into the convolutions: they are trained and run as plain convolutions with a bias.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor, nn

# Blocks, kernel, stride, channels out, expansion: Lite0's seven stages.
STAGES = (
    (1, 3, 1, 16, 1),
    (2, 3, 2, 24, 6),
    (2, 5, 2, 40, 6),
    (3, 3, 2, 80, 6),
    (3, 5, 1, 112, 6),
    (4, 5, 2, 192, 6),
    (1, 3, 1, 320, 6),
)
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


class EfficientNetLite0(nn.Module):
    """The backbone; `channels` are those of its four outputs, finest first."""

    channels = tuple(STAGES[stage][3] for stage in FEATURE_STAGES)

    def __init__(self) -> None:
        super().__init__()
        self.stem = SameConv2d(3, STEM_CHANNELS, 3, stride=2)
        self.stages = nn.ModuleList()
        inputs = STEM_CHANNELS
        for count, kernel, stride, outputs, expansion in STAGES:
            blocks = []
            for index in range(count):
                blocks.append(
                    MBConv(
                        inputs=inputs,
                        outputs=outputs,
                        kernel=kernel,
                        stride=stride if index == 0 else 1,
                        expansion=expansion,
                    )
                )
                inputs = outputs
            self.stages.append(nn.Sequential(*blocks))

    def forward(self, pixels: Tensor) -> tuple[Tensor, ...]:
        """Normalised pixels [B, 3, H, W] → features [B, channels[i], ceil(H/s), ceil(W/s)] at s = 4, 8, 16, 32."""
        x = F.relu6(self.stem(pixels))
        features = []
        for index, stage in enumerate(self.stages):
            x = stage(x)
            if index in FEATURE_STAGES:
                features.append(x)
        return tuple(features)


def from_published(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The backbone's state dict from the published PyTorch weights, batch norms folded; the classifier is left out.

    Raises KeyError with the name of the first missing tensor.
    """
    state: dict[str, Tensor] = {}
    _fold(state, "stem", tensors, "_conv_stem", "_bn0")
    block = 0
    for stage, (count, *_, expansion) in enumerate(STAGES):
        for index in range(count):
            ours, theirs = f"stages.{stage}.{index}", f"_blocks.{block}"
            if expansion > 1:
                _fold(state, f"{ours}.expand", tensors, f"{theirs}._expand_conv", f"{theirs}._bn0")
            _fold(state, f"{ours}.depthwise", tensors, f"{theirs}._depthwise_conv", f"{theirs}._bn1")
            _fold(state, f"{ours}.project", tensors, f"{theirs}._project_conv", f"{theirs}._bn2")
            block += 1
    return state


def _fold(state: dict[str, Tensor], name: str, tensors: Mapping[str, Tensor], conv: str, norm: str) -> None:
    scale = tensors[f"{norm}.weight"] / torch.sqrt(tensors[f"{norm}.running_var"] + BATCH_NORM_EPSILON)
    state[f"{name}.weight"] = tensors[f"{conv}.weight"] * scale[:, None, None, None]
    state[f"{name}.bias"] = tensors[f"{norm}.bias"] - tensors[f"{norm}.running_mean"] * scale
