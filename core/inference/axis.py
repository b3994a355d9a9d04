"""Bilinear interpolation of one axis: the one place that says where pixels lie and how values are rounded."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Tensor


def mix(low: Tensor, high: Tensor, weight: Tensor) -> Tensor:
    """The values between `low` and `high`: all that is rounded, is rounded here.

    Between two cells of unlike sign the values never turn back, because rounding keeps a sum of two falling terms
    falling.
    """
    return low * (1 - weight) + high * weight


@dataclass(frozen=True, eq=False)
class Axis:
    """Bilinear interpolation of `cells` values to `pixels` values, half-pixel centres (align_corners=False).

    low, high: the two cells that each pixel lies between, int64 [pixels].   weight: the share of `high`,
    float32 [pixels], in 0..1, rising between two cells.

    The pixels between the same two cells form a gap: gap g lies between the cells g and g + 1; the last gap, of the
    last cell alone, holds what lies beyond its centre. An axis that shrinks has gaps without pixels.
    """

    low: Tensor
    high: Tensor
    weight: Tensor
    cells: int

    @classmethod
    def of(cls, cells: int, pixels: int) -> Axis:
        place = ((np.arange(pixels) + 0.5) * (cells / pixels) - 0.5).clip(0, cells - 1)
        low = place.astype(np.int64)
        high, weight = np.minimum(low + 1, cells - 1), (place - low).astype(np.float32)
        return cls(torch.from_numpy(low), torch.from_numpy(high), torch.from_numpy(weight), cells)

    @property
    def pixels(self) -> int:
        """How many values there are after interpolation."""
        return len(self.low)

    @cached_property
    def counts(self) -> Tensor:
        """Pixels in each gap, int64 [cells]."""
        return torch.bincount(self.low, minlength=self.cells)

    @cached_property
    def most(self) -> int:
        """Pixels in the largest gap."""
        return int(self.counts.max())

    @cached_property
    def starts(self) -> Tensor:
        """Each gap's first pixel, int64 [cells]."""
        return self.counts.cumsum(0) - self.counts


def spread(starts: Tensor, counts: Tensor) -> tuple[Tensor, Tensor]:
    """Ranges one after the other: (number of the range, value) of each of its values, int64 [sum of counts]."""
    owner = torch.repeat_interleave(counts)
    offset = starts - (counts.cumsum(0) - counts)
    return owner, torch.arange(len(owner)).add_(offset.index_select(0, owner))
