"""Which tokens share an attention window (Liu et al. 2021, sections 3.2 and 4)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

# What the published weights were trained with, instead of minus infinity, between parts that the shift put together.
APART = -100.0


@dataclass(frozen=True, eq=False)
class WindowGrid:
    """The windows of B maps of H×W tokens, L tokens each; padding to whole windows lies to the right and below.

    order: int64 [windows · L], the token at each place of the windows, as an index into B · (H·W + 1) tokens: each
        map's last one, behind its real ones, stands for all its padding.
    places: int64 [B · H·W], where in the windows each real token lies.
    counts: how many of the windows, from the first one on, see everything in them, then a cut between columns,
        between rows, between both.
    cuts: float32 [4, 1, L, L], what these four kinds add to the attention scores.
    offsets: int64 [L, L], the number of the offset from each key (column) to each query (row), see `_offsets`.
    """

    order: Tensor
    places: Tensor
    counts: tuple[int, ...]
    cuts: Tensor
    offsets: Tensor

    @classmethod
    def of(cls, tokens: Tensor, *, window: int, shift: int) -> WindowGrid:
        """The grid for tokens [B, H, W, C]: windows of `window`² tokens, moved right and down by `shift`."""
        batch, height, width, _ = tokens.shape
        device = tokens.device
        rows, columns = (_shifted(size, window, shift, device) for size in (height, width))
        inside = (rows < height)[:, None] & (columns < width)
        index = torch.where(inside, rows[:, None] * width + columns, height * width)
        index = index.view(len(rows) // window, window, len(columns) // window, window).transpose(1, 2).flatten(2)
        index = index + torch.arange(batch, device=device)[:, None, None, None] * (height * width + 1)
        kinds = list(_kinds(index)) if shift else [index.flatten(0, 2)]
        order = torch.cat(kinds).flatten()
        places = order.new_empty(batch * (height * width + 1))
        places[order] = torch.arange(len(order), device=device)
        places = places.view(batch, -1)[:, :-1].flatten()
        return cls(order, places, tuple(map(len, kinds)), _cuts(window, shift, device), _offsets(window, device))

    def groups(self) -> Iterator[tuple[slice, Tensor]]:
        """The windows kind by kind: which they are, and their [1, L, L] of `cuts`."""
        start = 0
        for count, cut in zip(self.counts, self.cuts, strict=False):
            if count:
                yield slice(start, start + count), cut
            start += count


def _shifted(size: int, window: int, shift: int, device: torch.device) -> Tensor:
    """The row (or column) at each place of the padded, cyclically shifted map; those past `size` are padding."""
    padded = -(-size // window) * window
    return torch.arange(padded, device=device).roll(-shift)


def _kinds(index: Tensor) -> Iterator[Tensor]:
    """Windows [B, rows, columns, L] as [n, L] each: all others, last column, last row, last of both."""
    for rows in (index[:, :-1], index[:, -1:]):
        for windows in (rows[:, :, :-1], rows[:, :, -1:]):
            yield windows.flatten(0, 2)


def _cuts(window: int, shift: int, device: torch.device) -> Tensor:
    """The last window of a row of windows ends in the map's first `shift` columns, which it must not see."""
    wrapped = torch.arange(window, device=device) >= window - shift
    rows, columns = (side.flatten() for side in torch.meshgrid(wrapped, wrapped, indexing="ij"))
    across_rows, across_columns = (side[:, None] != side for side in (rows, columns))
    apart = torch.stack((torch.zeros_like(across_rows), across_columns, across_rows, across_rows | across_columns))
    return (apart * APART)[:, None]


def _offsets(window: int, device: torch.device) -> Tensor:
    """(Δy + window − 1) · (2 · window − 1) + Δx + window − 1 for a query Δy below and Δx right of its key."""
    steps = torch.arange(window, device=device)
    y, x = (side.flatten() for side in torch.meshgrid(steps, steps, indexing="ij"))
    down, right = (side[:, None] - side + window - 1 for side in (y, x))
    return down * (2 * window - 1) + right
