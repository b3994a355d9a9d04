"""Batch normalisation folded into the convolution before it: trained and run as one convolution with a bias."""

from __future__ import annotations

import torch
from torch import Tensor


def fold_batch_norm(
    weight: Tensor, *, scale: Tensor, shift: Tensor, mean: Tensor, variance: Tensor, epsilon: float
) -> tuple[Tensor, Tensor]:
    """The weight [O, I, h, w] and bias [O] of the one convolution that does what both do in evaluation.

    scale, shift: the norm's weight and bias, [O].   mean, variance: its running statistics, [O].
    Computed in float64, returned as float32 (Ioffe and Szegedy 2015, section 3.1).
    """
    factor = scale.double() / torch.sqrt(variance.double() + epsilon)
    bias = shift.double() - mean.double() * factor
    return (weight.double() * factor[:, None, None, None]).float(), bias.float()
