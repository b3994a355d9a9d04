"""Where a map is looked at closely: gaps, the strips of pixel columns inside them, the pixels of strips.

Along a strip a bilinear value goes straight from that above it to that below it, so its two ends bound it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from core.inference.axis import Axis, mix, spread

# Values at hand at once: arrays of this length stay in the processor's cache, and they bound the memory.
CHUNK = 1 << 17


@dataclass(frozen=True, eq=False)
class Gaps:
    """Some gaps on the grid of maps [n, h, w], each with the s maps that matter there.

    row, column: int64 [g].   maps: int64 [s, g], in rising order; a gap with fewer has its first one again at the end.
    """

    row: Tensor
    column: Tensor
    maps: Tensor

    def corners(self, values: Tensor) -> list[Tensor]:
        """Values [n, h, w] at the gaps' cells: upper left, upper right, lower left, lower right, [s, g] each."""
        height, width = values.shape[1:]
        flat, planes = values.flatten(), self.maps * (height * width)
        rows = self.row * width, (self.row + 1).clamp_(max=height - 1) * width
        columns = self.column, (self.column + 1).clamp_(max=width - 1)
        cells = (planes + (row + column) for row in rows for column in columns)
        return [flat.index_select(0, cell.flatten()).view_as(cell) for cell in cells]

    @classmethod
    def each(cls, chosen: Tensor) -> Gaps:
        """Chosen gaps of each map for itself: bool [n, h, w]."""
        item, row, column = chosen.nonzero(as_tuple=True)
        return cls(row, column, item[None])

    def chunks(self, size: int) -> Iterator[Gaps]:
        """The same gaps, `size` at a time."""
        for first in range(0, len(self.row), size):
            part = slice(first, first + size)
            yield Gaps(self.row[part], self.column[part], self.maps[:, part])

    def strips(self, columns: Axis) -> Iterator[Strips]:
        """Their strips, so many at a time that s values for each are about CHUNK."""
        for gaps in self.chunks(max(1, CHUNK // (len(self.maps) * columns.most))):
            yield Strips(gaps, *spread(columns.starts[gaps.column], columns.counts[gaps.column]))


@dataclass(frozen=True, eq=False)
class Strips:
    """m strips: the pixels of one column inside one gap.

    gap: which of `gaps` each lies in, int64 [m].   column: the pixel column, int64 [m].
    """

    gaps: Gaps
    gap: Tensor
    column: Tensor

    @property
    def maps(self) -> Tensor:
        """The maps that matter: int64 [s, m]."""
        return self.gaps.maps.index_select(1, self.gap)

    def those(self, chosen: Tensor) -> Strips:
        """Some of them: int64 indices."""
        return Strips(self.gaps, self.gap.index_select(0, chosen), self.column.index_select(0, chosen))

    def ends(self, values: Tensor, columns: Axis) -> tuple[Tensor, Tensor]:
        """The maps' values at the cells' rows (above, below), float32 [s, m] each; values: float32 [n, h, w]."""
        return self.between(self.gaps.corners(values), columns)

    def between(self, corners: Sequence[Tensor], columns: Axis) -> tuple[Tensor, Tensor]:
        """The values at the cells' rows (above, below), float32 [s, m] each, of the gaps' four corners [s, g]."""
        weight = columns.weight.index_select(0, self.column)
        upper_left, upper_right, lower_left, lower_right = (part.index_select(1, self.gap) for part in corners)
        return mix(upper_left, upper_right, weight), mix(lower_left, lower_right, weight)

    def rows(self, axis: Axis) -> tuple[Tensor, Tensor]:
        """(first pixel row, number of pixel rows) of each: int64 [m]."""
        row = self.gaps.row
        return axis.starts[row].index_select(0, self.gap), axis.counts[row].index_select(0, self.gap)

    def pixels(self, axis: Axis) -> Iterator[tuple[Tensor, Tensor]]:
        """(the strip's number, the pixel row) of each pixel, int64 [p], so many at a time that s·p is about CHUNK."""
        step = max(1, CHUNK // (len(self.gaps.maps) * axis.most))
        starts, counts = self.rows(axis)
        for first in range(0, len(self.gap), step):
            strip, row = spread(starts[first : first + step], counts[first : first + step])
            yield strip.add_(first), row


def gaps_by_number(row: Tensor, column: Tensor, matters: Tensor) -> Iterator[Gaps]:
    """Gaps [g] with about equally many maps that matter (bool [n, g], at least one a gap) together."""
    number = matters.sum(0, dtype=torch.int32)
    size = 1
    while len(row):
        now, later = (number <= size).nonzero()[:, 0], (number > size).nonzero()[:, 0]
        yield Gaps(row[now], column[now], _listed(matters.index_select(1, now), size))
        row, column, number, matters = row[later], column[later], number[later], matters.index_select(1, later)
        size *= 2


def _listed(matters: Tensor, size: int) -> Tensor:
    """The numbers of the maps that matter, bool [n, g] → int64 [size, g]."""
    gap, item = matters.T.nonzero(as_tuple=True)
    number = torch.bincount(gap, minlength=matters.shape[1])
    first = number.cumsum(0) - number
    listed = item[first].repeat(size, 1)
    listed[torch.arange(len(gap)) - first[gap], gap] = item
    return listed
