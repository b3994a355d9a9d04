"""The best category of each pixel of a photo: the argmax of Σ over queries of p(category)·σ(mask logit).

Most gaps have one category that no other can reach (`ClassSums`), most strips of the rest too; of the remaining
pixels, most are decided by the bilinear mean of the cells' sums, most others by a few queries taken exactly
(`NearQueries`). Only what is left is summed.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from core.inference.axis import Axis, mix
from core.inference.class_sums import ROUNDING, ClassSums
from core.inference.near_queries import NearQueries
from core.inference.painting import Canvas
from core.inference.strips import CHUNK, Gaps, Strips, gaps_by_number

# The error of a rival that is listed twice: the second time it is no rival.
ABSENT = -1e9


class ClassMap:
    """Paints the categories 0 … K − 1, and K where the best sum is below `threshold`."""

    def __init__(self, class_probabilities: Tensor, mask_logits: Tensor, *, threshold: float) -> None:
        """class_probabilities: float32 [Q, K].   mask_logits: float32 [Q, h, w]."""
        self.class_probabilities, self.mask_logits = class_probabilities, mask_logits
        # A category's queries lie side by side, as a gap's rivals need them: [K, Q].
        self.rows = class_probabilities.T.contiguous()
        self.threshold = threshold
        self.void = class_probabilities.shape[1]
        self.grid = ClassSums.of(class_probabilities, mask_logits)
        # A cell's queries lie side by side, as a pixel's sum needs them: [h·w, Q].
        self.cells = mask_logits.flatten(1).T.contiguous()

    def paint(self, rows: Axis, columns: Axis) -> Canvas:
        """The best category at each pixel, the first one where several are equal."""
        canvas = Canvas(rows, columns, self.void + 1)
        low, high = self.grid.bounds()
        floor, ahead = low.max(0)
        rivals = high >= floor
        empty = high.amax(0) < self.threshold
        alone = high.scatter_(0, ahead[None], float("-inf")).amax(0) < floor
        decided = empty | (alone & (floor >= self.threshold))
        canvas.paint_gaps(torch.where(empty, self.void, self.grid.classes[ahead]), decided)
        hidden = rivals[-1] & ~decided & canvas.filled
        row, column = hidden.nonzero(as_tuple=True)
        self._paint_hidden(canvas, row, column, floor[row, column])
        row, column = (~decided & ~hidden & canvas.filled).nonzero(as_tuple=True)
        for gaps in gaps_by_number(row, column, rivals[:-1, row, column]):
            for strips in gaps.strips(columns):
                self._paint_strips(canvas, strips)
        return canvas

    def _paint_hidden(self, canvas: Canvas, row: Tensor, column: Tensor, floor: Tensor) -> None:
        """Gaps that a category may win which is not followed: every pixel is summed; floor: a sum that is reached."""
        queries = torch.arange(len(self.mask_logits))[:, None].expand(-1, len(row))
        highest = torch.stack(Gaps(row, column, queries).corners(self.mask_logits)).amax(0).sigmoid_()
        classes = (self.rows @ highest + ROUNDING >= floor).any(1).nonzero()[:, 0]
        for strips in Gaps(row, column, torch.zeros_like(row)[None]).strips(canvas.columns):
            for strip, pixel_row in strips.pixels(canvas.rows):
                pixel_column = strips.column.index_select(0, strip)
                canvas.paint_pixels(pixel_row, pixel_column, self._summed(canvas, pixel_row, pixel_column, classes))

    def _paint_strips(self, canvas: Canvas, strips: Strips) -> None:
        ends = strips.ends(self.grid.sums, canvas.columns)
        gaps, rivals = strips.gaps, strips.maps
        gap_errors = self.grid.errors[gaps.maps, gaps.row, gaps.column]
        gap_errors[1:].masked_fill_(gaps.maps[1:] == gaps.maps[0], ABSENT)
        errors = gap_errors.index_select(1, strips.gap)
        (label, sure), (other, also) = (self._judged(end, errors, rivals) for end in ends)
        sure &= also & (label == other)
        decided, rest = sure.nonzero()[:, 0], (~sure).nonzero()[:, 0]
        canvas.paint_strips(strips.those(decided), label[decided])
        above, below = (end.index_select(1, rest) for end in ends)
        self._paint_pixels(canvas, strips.those(rest), (above, below), gap_errors)

    def _paint_pixels(self, canvas: Canvas, strips: Strips, ends: tuple[Tensor, Tensor], errors: Tensor) -> None:
        """By the bilinear sums; what they leave open by the near queries; what these leave open by the whole sums."""
        classes = self.grid.classes[strips.gaps.maps]
        near = NearQueries.of(strips, canvas.columns, self.rows[classes], self.mask_logits, errors)
        every, rivals = torch.unique(classes), strips.maps
        for strip, row in strips.pixels(canvas.rows):
            column = strips.column.index_select(0, strip)
            weight = canvas.rows.weight.index_select(0, row)
            sums = mix(ends[0].index_select(1, strip), ends[1].index_select(1, strip), weight)
            gap, distance = strips.gap.index_select(0, strip), _distances(canvas, row, column)
            found = rivals.index_select(1, strip)
            label, sure = self._judged(sums, errors.index_select(1, gap) * distance + ROUNDING, found)
            left = (~sure).nonzero()[:, 0]
            gap, strip, weight, distance = (part.index_select(0, left) for part in (gap, strip, weight, distance))
            sums = sums.index_select(1, left) + near.corrections(gap, strip, weight)
            bounds = near.errors.index_select(1, gap) * distance + ROUNDING
            label[left], sure = self._judged(sums, bounds, found.index_select(1, left))
            left = left[~sure]
            label[left] = self._summed(canvas, row[left], column[left], every)
            canvas.paint_pixels(row, column, label)

    def _judged(self, sums: Tensor, errors: Tensor, rivals: Tensor) -> tuple[Tensor, Tensor]:
        """Of bilinear sums [s, n] of live categories: its label, and whether the errors leave it standing: [n]."""
        best, first = sums.max(0, keepdim=True)
        ahead, error = rivals.gather(0, first)[0], errors.gather(0, first)[0]
        others = (sums + errors).scatter_(0, first, float("-inf")).amax(0)
        best = best[0]
        label = torch.where(best >= self.threshold, self.grid.classes.index_select(0, ahead), self.void)
        return label, (best - error > others) & ((best - self.threshold).abs() > error)

    def _summed(self, canvas: Canvas, row: Tensor, column: Tensor, classes: Tensor) -> Tensor:
        """The labels of single pixels by their sums, of some categories that the best one is among: int64 [p]."""
        weights = self.class_probabilities.index_select(1, classes)
        labels = torch.empty_like(row)
        cells, shares = _interpolation(canvas.rows, canvas.columns, row, column)
        step = max(1, 4 * CHUNK // len(weights))
        for start in range(0, len(row), step):
            part = slice(start, start + step)
            logits = F.embedding_bag(cells[part], self.cells, mode="sum", per_sample_weights=shares[part])
            best, first = (logits.sigmoid_() @ weights).max(1)
            labels[part] = torch.where(best >= self.threshold, classes.index_select(0, first), self.void)
        return labels


def _distances(canvas: Canvas, row: Tensor, column: Tensor) -> Tensor:
    """How far pixels are from their cells, 0 … 1, as the error of an interpolation goes: 4·w·(1 − w)."""
    pairs = ((canvas.rows.weight, row), (canvas.columns.weight, column))
    down, across = ((4 * weight * (1 - weight)).index_select(0, place) for weight, place in pairs)
    return torch.maximum(down, across)


def _interpolation(rows: Axis, columns: Axis, row: Tensor, column: Tensor) -> tuple[Tensor, Tensor]:
    """The four cells around pixels, as places in [h·w], and their shares: int64 and float32 [p, 4]."""
    above, below, down = (part.index_select(0, row) for part in (rows.low, rows.high, rows.weight))
    left, right, across = (part.index_select(0, column) for part in (columns.low, columns.high, columns.weight))
    lines = above * columns.cells, below * columns.cells
    cells = torch.stack([line + end for line in lines for end in (left, right)], 1)
    return cells, torch.stack([one * other for one in (1 - down, down) for other in (1 - across, across)], 1)
