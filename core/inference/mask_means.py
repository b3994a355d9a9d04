"""Masks at the photo's size with their mean probability inside, without building the photo-sized maps.

Where logits are smooth, the sum over many equally spaced pixels is that of two places between them, one standard
deviation from the middle: the discrete Gauss rule, exact for polynomials of degree 3 along each axis. It is used for
whole gaps that lie inside a mask, then for the inside part of strips; what is too steep for it is summed pixel by
pixel.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from core.annotation.mask import Mask
from core.inference.axis import Axis, mix, spread
from core.inference.mask_runs import TOGETHER, Runs, Sides, sides_of
from core.inference.painting import corner_max, corner_min
from core.inference.strips import CHUNK, Gaps

# Up to this difference of logits the rule is off by less than 1e-4 anywhere, and by far less in a mask's mean.
SMOOTH = 1.5


def upsampled_with_means(logits: Tensor, rows: Axis, columns: Axis, *, cut: float = 0.0) -> list[tuple[Mask, float]]:
    """`upsampled_masks` of logits [n, h, w], each with the mean of σ(logit + cut) over its pixels, 0 without any.

    The masks are exact, the means right to 2e-5 or so.
    """
    found: list[tuple[Mask, float]] = []
    for group in torch.split(logits, TOGETHER):
        low, high = corner_min(group), corner_max(group)
        smooth = (low > 0) & (high - low <= SMOOTH)
        # Pixels before the first cell's centre are not spaced like the others of their gap.
        smooth[:, 0] = smooth[:, :, 0] = False
        sums, runs = _InsideSums(group, rows, columns, cut), Runs(group, rows, columns)
        for gaps in Gaps.each(smooth).chunks(CHUNK // 4):
            sums.add_gaps(gaps)
        for sides in sides_of(group, (high > 0) & ~smooth, rows, columns):
            sums.add_strips(sides)
            runs.add(sides)
        found += zip(runs.masks(), sums.means(), strict=True)
    return found


@dataclass(frozen=True, eq=False)
class _Nodes:
    """Two interpolation weights that stand for half of a run of pixels each: [2, m]."""

    weight: Tensor
    half: Tensor

    @classmethod
    def of(cls, axis: Axis, first: Tensor, count: Tensor) -> _Nodes:
        """Of `count` pixels from `first` on, equally spaced inside a gap: int64 [m] each, `count` may be 0."""
        start = axis.weight.index_select(0, first.clamp(max=axis.pixels - 1))
        stop = axis.weight.index_select(0, (first + count - 1).clamp(min=0))
        number = count.float()
        # The standard deviation of n numbers one apart, over the n − 1 steps from the first to the last.
        offset = (stop - start) * ((number + 1) / (number - 1).clamp(min=1) / 12).sqrt()
        middle = (start + stop) / 2
        return cls(torch.stack((middle - offset, middle + offset)), number / 2)


class _InsideSums:
    """Probabilities and pixels inside the masks of some maps, float32 [n, h, w], piece by piece."""

    def __init__(self, logits: Tensor, rows: Axis, columns: Axis, cut: float) -> None:
        self.logits, self.rows, self.columns, self.cut = logits, rows, columns, cut
        self.down, self.across = (_Nodes.of(axis, axis.starts, axis.counts) for axis in (rows, columns))
        self.sums = torch.zeros(len(logits), dtype=torch.float64)
        self.areas = torch.zeros(len(logits), dtype=torch.float64)

    def means(self) -> list[float]:
        values: list[float] = (self.sums / self.areas.clamp(min=1)).tolist()
        return values

    def add_gaps(self, gaps: Gaps) -> None:
        """Smooth gaps that lie inside whole."""
        row, column = gaps.row, gaps.column
        upper_left, upper_right, lower_left, lower_right = gaps.corners(self.logits)
        weight = self.across.weight.index_select(1, column)
        above, below = mix(upper_left, upper_right, weight), mix(lower_left, lower_right, weight)
        total = torch.zeros(len(row))
        for weight in self.down.weight:
            total += self._probability(mix(above, below, weight.index_select(0, row))).sum(0)
        share = self.down.half.index_select(0, row) * self.across.half.index_select(0, column)
        self._add(gaps.maps[0], total * share, share * 4)

    def add_strips(self, sides: Sides) -> None:
        """The inside parts of strips."""
        above, below = sides.above, sides.below
        first, count = sides.inside
        item = sides.strips.maps[0]
        rise = torch.maximum(above, below) - torch.minimum(above, below).clamp(min=0)
        smooth = (rise <= SMOOTH) & (sides.strips.gaps.row > 0).index_select(0, sides.strips.gap)
        nodes = _Nodes.of(self.rows, first, count)
        total = self._probability(mix(above, below, nodes.weight)).sum(0)
        self._add(item, torch.where(smooth, total * nodes.half, 0), count)
        steep = (~smooth & (count > 0)).nonzero()[:, 0]
        for part in torch.split(steep, max(1, CHUNK // self.rows.most)):
            strip, row = spread(first[part], count[part])
            strip = part.index_select(0, strip)
            ends = above.index_select(0, strip), below.index_select(0, strip)
            probability = self._probability(mix(*ends, self.rows.weight.index_select(0, row)))
            self.sums.index_add_(0, item.index_select(0, strip), probability.double())

    def _probability(self, logits: Tensor) -> Tensor:
        return logits.add_(self.cut).sigmoid_()

    def _add(self, item: Tensor, sums: Tensor, areas: Tensor) -> None:
        self.sums.index_add_(0, item, sums.double())
        self.areas.index_add_(0, item, areas.double())
