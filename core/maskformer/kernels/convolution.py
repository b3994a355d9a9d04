"""Convolutions of stride 1 that keep the size of their input."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from core.maskformer.kernels.linear import takes_onednn
from core.maskformer.kernels.winograd import winograd_3x3

# Inputs times outputs, and cells, below which Winograd's transforms cost more than the products they save.
MIN_PRODUCT = 10_000
MIN_CELLS = 2048


class Convolution(nn.Conv2d):
    """nn.Conv2d with an odd filter and as much padding as it needs, the same in all but speed."""

    def __init__(self, inputs: int, outputs: int, kernel: int, *, bias: bool = True) -> None:
        super().__init__(inputs, outputs, kernel, padding=kernel // 2, bias=bias)

    def forward(self, x: Tensor) -> Tensor:
        """[B, inputs, H, W] → [B, outputs, H, W]."""
        return convolve(x, self.weight, self.bias)


def convolve(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """x [B, I, H, W], zeros around it, with odd filters [O, I, h, w] and bias [O]: [B, O, H, W]."""
    if _winograd_pays(x, weight) and takes_onednn(x, weight):
        return winograd_3x3(x, weight, bias)
    return F.conv2d(x, weight, bias, padding=(weight.shape[2] // 2, weight.shape[3] // 2))


def _winograd_pays(x: Tensor, weight: Tensor) -> bool:
    outputs, inputs, *kernel = weight.shape
    large = inputs * outputs >= MIN_PRODUCT and x.shape[2] * x.shape[3] >= MIN_CELLS
    # In bfloat16 the sums over a tile lose too much.
    return kernel == [3, 3] and large and x.dtype == torch.float32
