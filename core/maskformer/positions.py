"""Places in the photo as numbers a network can use."""

from __future__ import annotations

import math

import torch
from torch import Tensor

TEMPERATURE = 10_000.0
# DETR adds it to the number of cells before it divides.
STEP_EPSILON = 1e-6


class RealArea:
    """The part of each padded photo that is the photo: where its cells lie at any stride.

    Padding lies to the right and below. Places are fractions of the photo's own width and height, the
    same at every stride and with any padding.
    """

    def __init__(self, padding_mask: Tensor, *, is_padded: bool = True) -> None:
        """padding_mask: bool [B, H, W], True at real pixels.   is_padded: False when all are known to be."""
        self.pixels = padding_mask
        self.is_padded = is_padded
        width_px, height_px = padding_mask.any(1).sum(1), padding_mask.any(2).sum(1)
        self.size_px = torch.stack((width_px, height_px), dim=-1).float()

    @classmethod
    def of(cls, pixels: Tensor, padding_mask: Tensor | None) -> RealArea:
        """For pixels [B, C, H, W] and their padding mask; None: all pixels are real."""
        if padding_mask is None:
            return cls(torch.ones_like(pixels[:, 0], dtype=torch.bool), is_padded=False)
        return cls(padding_mask)

    def cells(self, stride: int) -> Tensor:
        """Which cells begin with a real pixel: bool [B, ceil(H/stride), ceil(W/stride)]."""
        return self.pixels[:, ::stride, ::stride]

    def points(self, stride: int) -> Tensor:
        """The cells' centres (x, y): float32 [B, h, w, 2], in 0..1 but for a last cell that overhangs."""
        height, width = self.cells(stride).shape[1:]
        steps = (torch.arange(max(height, width), device=self.pixels.device) + 0.5) * stride
        y, x = torch.meshgrid(steps[:height], steps[:width], indexing="ij")
        return torch.stack((x, y), dim=-1) / self.size_px[:, None, None]

    def steps(self, stride: int) -> Tensor:
        """DETR's places: each cell's (column, row), from 1, over the number of real ones: float32 [B, h, w, 2]."""
        cells = self.cells(stride)
        count = torch.stack((cells.any(1).sum(1), cells.any(2).sum(1)), dim=-1)[:, None, None]
        y, x = (torch.arange(1, side + 1, device=cells.device) for side in cells.shape[1:])
        return torch.stack(torch.meshgrid(x, y, indexing="xy"), dim=-1) / (count + STEP_EPSILON)


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
