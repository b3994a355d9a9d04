"""Places in the photo as numbers a network can use."""

from __future__ import annotations

import math

import torch
from torch import Tensor

TEMPERATURE = 10_000.0


class RealArea:
    """The part of each padded photo that is the photo: where its cells lie at any stride.

    Padding lies to the right and below. Places are fractions of the photo's own width and height, the
    same at every stride and with any padding.
    """

    def __init__(self, padding_mask: Tensor) -> None:
        """padding_mask: bool [B, H, W], True at real pixels."""
        self.pixels = padding_mask
        width_px, height_px = padding_mask.any(1).sum(1), padding_mask.any(2).sum(1)
        self.size_px = torch.stack((width_px, height_px), dim=-1).float()

    def cells(self, stride: int) -> Tensor:
        """Which cells begin with a real pixel: bool [B, ceil(H/stride), ceil(W/stride)]."""
        return self.pixels[:, ::stride, ::stride]

    def points(self, stride: int) -> Tensor:
        """The cells' centres (x, y): float32 [B, h, w, 2], in 0..1 but for a last cell that overhangs."""
        height, width = self.cells(stride).shape[1:]
        steps = (torch.arange(max(height, width), device=self.pixels.device) + 0.5) * stride
        y, x = torch.meshgrid(steps[:height], steps[:width], indexing="ij")
        return torch.stack((x, y), dim=-1) / self.size_px[:, None, None]


def sine_positions(points: Tensor, width: int) -> Tensor:
    """Sine position vectors of points: [..., 2] (x, y in 0..1) → [..., width], y's half before x's.

    Each half pairs sine and cosine, channel by channel, at wavelengths growing to 10,000 (Vaswani et
    al. 2017; DETR). `width` is a multiple of 4.
    """
    half = width // 2
    exponents = torch.arange(half, device=points.device, dtype=torch.float32) // 2 * 2 / half
    angles = points.float().flip(-1)[..., None] * (2 * math.pi) / TEMPERATURE**exponents
    pairs = torch.stack((angles[..., 0::2].sin(), angles[..., 1::2].cos()), dim=-1)
    return pairs.flatten(-3)
