"""From small maps of mask logits to masks at the photo's size, without building the photo-sized maps.

A bilinear map is linear between two neighbouring cells of a column, so its sign changes at most once there. Only
gaps with cells of both signs are looked at; in each of their strips, the pixel where the sign changes is found by
bisection. The result is that of interpolating every pixel and asking which are above 0 — exactly, because rounding
keeps a sum of two falling terms falling — for the price of the outline instead of the area.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from core.annotation.mask import Mask
from core.inference.axis import Axis, mix
from core.inference.painting import corner_max, corner_min
from core.inference.strips import Gaps, Strips

# Maps whose outlines are at hand at once: enough to share the cost of a call, few enough for the memory of logits
# without any order, where every gap is on an outline.
TOGETHER = 8


def upsampled_masks(logits: Tensor, rows: Axis, columns: Axis) -> list[Mask]:
    """Of each map the pixels where it is above 0: float32 [n, h, w] → n masks of rows.pixels × columns.pixels."""
    masks: list[Mask] = []
    for group in torch.split(logits, TOGETHER):
        runs = Runs(group, rows, columns)
        for sides in sides_of(group, (corner_max(group) > 0) & ~(corner_min(group) > 0), rows, columns):
            runs.add(sides)
        masks += runs.masks()
    return masks


def inside_areas(logits: Tensor, rows: Axis, columns: Axis) -> Tensor:
    """How many pixels `upsampled_masks` of maps [n, h, w] have: int64 [n]."""
    low, high = corner_min(logits), corner_max(logits)
    areas = gap_areas(low > 0, rows, columns)
    for sides in sides_of(logits, (high > 0) & ~(low > 0), rows, columns):
        areas.index_add_(0, sides.strips.maps[0], sides.inside[1])
    return areas


def gap_areas(chosen: Tensor, rows: Axis, columns: Axis) -> Tensor:
    """The pixels of whole gaps together: bool [n, h, w] → int64 [n]."""
    across = (chosen.float() @ columns.counts.float()).double()
    return (across @ rows.counts.double()).long()


@dataclass(frozen=True, eq=False)
class Sides:
    """Strips [m] of one map each, and on which side of 0 their pixels are.

    above, below: the map's values at the cells' rows, float32 [m].   start, stop: the strips' pixel rows.
    crossed: the strips between cells of unlike sign, int64 indices.
    turn: the first pixel row that is not on the side of `above`, `stop` if there is none.
    """

    strips: Strips
    above: Tensor
    below: Tensor
    start: Tensor
    stop: Tensor
    crossed: Tensor
    turn: Tensor

    @property
    def inside(self) -> tuple[Tensor, Tensor]:
        """(first pixel row, number of pixel rows) above 0: int64 [m] each."""
        falls = self.above > 0
        first = torch.where(falls, self.start, self.turn)
        return first, torch.where(falls, self.turn, self.stop) - first


def sides_of(logits: Tensor, chosen: Tensor, rows: Axis, columns: Axis) -> Iterator[Sides]:
    """The strips of some gaps (bool [n, h, w]) of maps (float32 [n, h, w]), about CHUNK at a time."""
    for strips in Gaps.each(chosen).strips(columns):
        above, below = (end[0] for end in strips.ends(logits, columns))
        start, count = strips.rows(rows)
        stop = start + count
        crossed = ((above > 0) != (below > 0)).nonzero()[:, 0]
        turn = _bisected(above[crossed], below[crossed], start[crossed], stop[crossed], rows)
        yield Sides(strips, above, below, start, stop, crossed, stop.index_copy(0, crossed, turn))


def _bisected(above: Tensor, below: Tensor, start: Tensor, stop: Tensor, rows: Axis) -> Tensor:
    """`Sides.turn` of strips between cells of unlike sign."""
    was_inside = above > 0
    for _ in range(rows.most.bit_length()):
        middle = (start + stop) >> 1
        weight = rows.weight.index_select(0, middle.clamp(max=rows.pixels - 1))
        same = (mix(above, below, weight) > 0) == was_inside
        same &= start < stop
        start = torch.where(same, middle + 1, start)
        stop = torch.where(same, stop, torch.minimum(middle, stop))
    return start


class Runs:
    """Collects where the masks of some maps, float32 [n, h, w], begin and end, column after column."""

    def __init__(self, logits: Tensor, rows: Axis, columns: Axis) -> None:
        self.count, self.height, self.width = len(logits), rows.pixels, columns.pixels
        # A mask ends at its column's last row at the latest, so every column has an even number of changes.
        ends = logits[:, [0, -1]]
        inside = mix(ends[..., columns.low], ends[..., columns.high], columns.weight) > 0
        item, side, column = inside.nonzero(as_tuple=True)
        self._changes = [self._place(item, column + side, torch.zeros_like(item))]

    def add(self, sides: Sides) -> None:
        """Strips in which a mask may begin or end; those of a mask's column may come in any order."""
        strips = sides.strips.those(sides.crossed)
        self._changes.append(self._place(strips.maps[0], strips.column, sides.turn[sides.crossed]))

    def _place(self, item: Tensor, column: Tensor, row: Tensor) -> Tensor:
        """The number of a pixel: mask after mask, each with one more place for its end."""
        return item * (self.height * self.width + 1) + column * self.height + row

    def masks(self) -> Iterator[Mask]:
        """The n masks; every strip with a change must have been added."""
        changes = np.sort(torch.cat(self._changes).numpy(), kind="stable")
        starts = np.arange(self.count + 1) * (self.height * self.width + 1)
        bounds = np.searchsorted(changes, starts)
        for first, last, start in zip(bounds[:-1], bounds[1:], starts[:-1], strict=True):
            runs = np.diff(changes[first:last] - start, prepend=0, append=self.height * self.width)
            yield Mask.from_runs(self.height, self.width, runs)
