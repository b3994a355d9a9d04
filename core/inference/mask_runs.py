"""From a small map of mask logits to a mask at the photo's size, without building the photo-sized map.

A bilinear map is linear between two neighbouring cells of a column, so its sign changes at most once
there. Columns are interpolated to the photo's width; down each one, the pixel where the sign changes is
found by bisection. The result is that of interpolating every pixel and asking which are above 0 — exactly,
because rounding keeps a sum of two falling terms falling — for the price of the outline instead of the area.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.annotation.mask import Mask

Floats = npt.NDArray[np.float32]
Indices = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Axis:
    """Bilinear interpolation of `cells` values to `pixels` values, half-pixel centres (align_corners=False).

    low, high: the two cells that each pixel lies between, int64 [pixels].   weight: the share of `high`,
    float32 [pixels], in 0..1, rising between two cells.
    """

    low: Indices
    high: Indices
    weight: Floats

    @classmethod
    def of(cls, cells: int, pixels: int) -> Axis:
        place = ((np.arange(pixels) + 0.5) * (cells / pixels) - 0.5).clip(0, cells - 1)
        low = place.astype(np.int64)
        return cls(low, np.minimum(low + 1, cells - 1), (place - low).astype(np.float32))

    def part(self, start: int, stop: int) -> Axis:
        """The pixels from `start` up to `stop`."""
        return Axis(self.low[start:stop], self.high[start:stop], self.weight[start:stop])

    def mix(self, low: Floats, high: Floats, weight: Floats) -> Floats:
        """The interpolated values; the one place that says how they are rounded."""
        return low * (1 - weight) + high * weight


def upsampled_mask(logits: Floats, rows: Axis, columns: Axis) -> Mask:
    """The pixels where logits [h, w], interpolated to len(rows.low) × len(columns.low), are above 0."""
    height, width = len(rows.low), len(columns.low)
    positive = np.flatnonzero((logits > 0).any(axis=0))
    if positive.size == 0:
        return Mask.empty(height, width)
    first = int(np.searchsorted(columns.high, positive[0]))
    last = int(np.searchsorted(columns.low, positive[-1], side="right"))
    lines = _interpolated_lines(logits, columns.part(first, last))
    column, place = _sign_changes(lines, rows)
    changes = (column + first) * height + place
    return Mask.from_runs(height, width, np.diff(changes, prepend=0, append=height * width))


def _interpolated_lines(logits: Floats, columns: Axis) -> Floats:
    """Each pixel column's values at the cells' rows: float32 [columns, h]."""
    cells = np.ascontiguousarray(logits.T)
    return columns.mix(cells[columns.low], cells[columns.high], columns.weight[:, None])


def _sign_changes(lines: Floats, rows: Axis) -> tuple[Indices, Indices]:
    """Where each column goes from outside to inside the mask or back, top to bottom: (column, pixel row) pairs.

    A mask ends at its column's last row at the latest, so every column has an even number of them.
    """
    cells = lines.shape[1]
    inside = np.zeros((len(lines), cells + 2), dtype=bool)
    inside[:, 1:-1] = lines > 0
    column, gap = np.nonzero(inside[:, 1:] != inside[:, :-1])
    # Gap g lies before cell g: 0 is above the first cell, `cells` below the last.
    bounds = np.concatenate(([0], np.searchsorted(rows.low, np.arange(1, cells)), [len(rows.low)]))
    between = (gap > 0) & (gap < cells)
    place = np.where(gap == 0, 0, len(rows.low))
    upper = gap[between] - 1
    place[between] = _bisect(lines, rows, column[between], upper, bounds[upper], bounds[upper + 1])
    return column, place


def _bisect(lines: Floats, rows: Axis, column: Indices, upper: Indices, start: Indices, stop: Indices) -> Indices:
    """The first pixel row in start..stop (stop when there is none) whose side differs from that of the cell above."""
    above, below = lines[column, upper], lines[column, upper + 1]
    was_inside = above > 0
    while (open_ := start < stop).any():
        middle = np.minimum((start + stop) // 2, len(rows.low) - 1)
        same = (rows.mix(above, below, rows.weight[middle]) > 0) == was_inside
        start = np.where(open_ & same, middle + 1, start)
        stop = np.where(open_ & ~same, middle, stop)
    return start
