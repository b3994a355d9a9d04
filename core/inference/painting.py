"""Maps of labels at the photo's size, decided gap by gap where that can be and pixel by pixel where it cannot.

A bilinear value lies between those of its gap's four cells (`Axis`), so most gaps of a small map have one label all
over: they are painted whole, and only the rest is looked at closely.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from core.inference.axis import Axis
from core.inference.strips import Strips

Box = tuple[int, int, int, int]


def corner_max(maps: Tensor) -> Tensor:
    """The largest of each gap's four cells: [..., h, w] → [..., h, w]."""
    return joined(joined(maps, -2, torch.maximum), -1, torch.maximum)


def corner_min(maps: Tensor) -> Tensor:
    """The smallest of each gap's four cells: [..., h, w] → [..., h, w]."""
    return joined(joined(maps, -2, torch.minimum), -1, torch.minimum)


def joined(maps: Tensor, dim: int, join: Callable[..., Tensor]) -> Tensor:
    """Each cell with the one after it; the last one is alone."""
    joint = torch.empty_like(maps)
    count = maps.shape[dim] - 1
    join(maps.narrow(dim, 0, count), maps.narrow(dim, 1, count), out=joint.narrow(dim, 0, count))
    joint.select(dim, count).copy_(maps.select(dim, count))
    return joint


class Canvas:
    """A label for each pixel, with each label's area and extent as it was painted.

    labels: int32 [H, W], each 0 up to `count`.   areas: pixels of each label, int64 [count].
    """

    def __init__(self, rows: Axis, columns: Axis, count: int) -> None:
        self.rows, self.columns = rows, columns
        self.labels = torch.empty(rows.pixels, columns.pixels, dtype=torch.int32)
        self.areas = torch.zeros(count, dtype=torch.int64)
        self._in_row = torch.zeros(count, rows.pixels, dtype=torch.bool)
        self._in_column = torch.zeros(count, columns.pixels, dtype=torch.bool)

    @property
    def filled(self) -> Tensor:
        """The gaps that have pixels: bool [h, w]."""
        return (self.rows.counts[:, None] * self.columns.counts) > 0

    def paint_gaps(self, labels: Tensor, decided: Tensor) -> None:
        """Give whole gaps one label: int [h, w] and bool [h, w]. The undecided ones must be painted after it."""
        wide = labels.int().index_select(1, self.columns.low)
        torch.index_select(wide, 0, self.rows.low, out=self.labels)
        area = self.rows.counts[:, None] * self.columns.counts
        row, column = (decided & self.filled).nonzero(as_tuple=True)
        label = labels[row, column]
        self.areas += torch.bincount(label, area[row, column].double(), len(self.areas)).long()
        top, left = self.rows.starts[row], self.columns.starts[column]
        self._mark(label, top, left)
        self._mark(label, top + self.rows.counts[row] - 1, left + self.columns.counts[column] - 1)

    def paint_strips(self, strips: Strips, labels: Tensor) -> None:
        """Give whole strips [m] one label each: int64 [m]."""
        for strip, row in strips.pixels(self.rows):
            self.paint_pixels(row, strips.column.index_select(0, strip), labels.index_select(0, strip))

    def paint_pixels(self, row: Tensor, column: Tensor, labels: Tensor) -> None:
        """Give single pixels a label: int64 [n] each."""
        self.labels.view(-1).index_copy_(0, row * self.columns.pixels + column, labels.int())
        self.areas += torch.bincount(labels, minlength=len(self.areas))
        self._mark(labels, row, column)

    def _mark(self, labels: Tensor, row: Tensor, column: Tensor) -> None:
        self._in_row.view(-1).index_fill_(0, labels * self.rows.pixels + row, True)
        self._in_column.view(-1).index_fill_(0, labels * self.columns.pixels + column, True)

    def bbox(self, labels: Tensor) -> Box:
        """The tight box (x, y, width, height) of some labels together; at least one of them has a pixel."""
        rows, columns = (seen[labels].any(0).nonzero() for seen in (self._in_row, self._in_column))
        top, left = int(rows[0]), int(columns[0])
        return left, top, int(columns[-1]) + 1 - left, int(rows[-1]) + 1 - top

    def translated(self, values: Tensor) -> Tensor:
        """The map with `values` (int32 [count]) for labels: int32 [H, W]."""
        return values.index_select(0, self.labels.view(-1)).view_as(self.labels)
