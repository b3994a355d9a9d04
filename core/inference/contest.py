"""Which of some masks wins each pixel of a photo, without interpolating every mask at every pixel.

A query can win somewhere in a gap only if its largest corner reaches the best of all smallest corners, because what
is compared only rises with the mask logit. Gaps with one such query are decided whole; in the others its rivals alone
are interpolated, first along the pixel columns, where most strips are decided, then down the open ones.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from core.inference.axis import Axis, mix
from core.inference.painting import Canvas, corner_max, corner_min
from core.inference.strips import Strips, gaps_by_number

# What is compared: rises with the logits [n, …], given weights that broadcast with them.
Strength = Callable[[Tensor, Tensor], Tensor]


def log_weighted_probability(logits: Tensor, weights: Tensor) -> Tensor:
    """The logarithm of weight·σ(logit), with weights that are logarithms.

    The product itself ties in float32: a sigmoid is 1 for all logits from 17 on, and 0 below −104.
    """
    return F.logsigmoid(logits).add_(weights)


def plain_logit(logits: Tensor, weights: Tensor) -> Tensor:
    """The logit itself, for queries of equal weight."""
    return logits


@dataclass(frozen=True, eq=False)
class Contest:
    """The masks that compete: logits float32 [n, h, w], with weights [n] as `strength` wants them.

    cut: the least logit inside a mask.

    The labels it paints are 2·query + 1 where the winner's logit reaches `cut`, 2·query where it does not.
    """

    logits: Tensor
    weights: Tensor
    strength: Strength
    cut: float

    def paint(self, rows: Axis, columns: Axis) -> Canvas:
        """The winner at each pixel, the first one where several are equal."""
        canvas = Canvas(rows, columns, 2 * len(self.logits))
        weights = self.weights[:, None, None]
        label, decided, rivals = self._bounded(corner_min(self.logits), corner_max(self.logits), weights)
        canvas.paint_gaps(label, decided)
        row, column = (~decided & canvas.filled).nonzero(as_tuple=True)
        for gaps in gaps_by_number(row, column, rivals[:, row, column]):
            for strips in gaps.strips(columns):
                self._paint_strips(canvas, strips)
        return canvas

    def _bounded(self, low: Tensor, high: Tensor, weights: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Of bounds [n, …] on logits: the label of the one ahead and whether that is sure [...], who may win [n, …]."""
        floor, ahead = self.strength(low, weights).max(0)
        best = self.strength(high, weights)
        index = torch.arange(len(low)).view(-1, *[1] * ahead.ndim)
        rivals = (best > floor) | ((best == floor) & (index <= ahead))
        inside = low.gather(0, ahead[None])[0] >= self.cut
        clear = inside | (high.gather(0, ahead[None])[0] < self.cut)
        return 2 * ahead + inside, clear & (rivals.sum(0, dtype=torch.int32) == 1), rivals

    def _paint_strips(self, canvas: Canvas, strips: Strips) -> None:
        above, below = strips.ends(self.logits, canvas.columns)
        queries = strips.maps
        low, high = torch.minimum(above, below), torch.maximum(above, below)
        label, sure, _ = self._bounded(low, high, self.weights.take(queries))
        label = 2 * queries.gather(0, label[None] >> 1)[0] + (label & 1)
        decided, rest = sure.nonzero()[:, 0], (~sure).nonzero()[:, 0]
        canvas.paint_strips(strips.those(decided), label[decided])
        self._paint_pixels(canvas, strips.those(rest), above.index_select(1, rest), below.index_select(1, rest))

    def _paint_pixels(self, canvas: Canvas, strips: Strips, above: Tensor, below: Tensor) -> None:
        queries = strips.maps
        weights = self.weights.take(queries)
        for strip, row in strips.pixels(canvas.rows):
            weight = canvas.rows.weight.index_select(0, row)
            logits = mix(above.index_select(1, strip), below.index_select(1, strip), weight)
            first = self.strength(logits, weights.index_select(1, strip)).max(0, keepdim=True).indices
            inside = logits.gather(0, first)[0] >= self.cut
            query = queries.index_select(1, strip).gather(0, first)[0]
            canvas.paint_pixels(row, strips.column.index_select(0, strip), 2 * query + inside)
