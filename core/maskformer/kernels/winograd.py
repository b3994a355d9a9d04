"""3×3 convolutions with a quarter of the multiplications (Winograd 1980; Lavin and Gray 2016, F(4×4, 3×3)).

Tiles of 6×6 inputs become 4×4 outputs through products at 36 points, each of them one matrix product over all tiles.
The points of one axis are 0, ±√½, ±√2 and infinity: with 0, ±1, ±2 and infinity the error is five times as large,
with these it is twice that of the plain convolution (2.8e-6 against 1.6e-6 of the largest output, 256 channels).

A axis, T tile rows and columns, I inputs, O outputs:  d = Bᵀ·tile,  u = G·filter,  output = Aᵀ·(d ∘ u).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from core.maskformer.kernels.linear import onednn_linear

TILE = 4
POINTS = 6
# The squares of the points.
LOW, HIGH = 0.5, 2.0
# Tiles at a time: their products stay near the processor, and memory does not grow with the image.
TILES_AT_A_TIME = 1024


def winograd_3x3(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """x [B, I, H, W], zeros around it, with filters [O, I, 3, 3] and bias [O]: [B, O, H, W], channels_last in memory.

    Float32 on a CPU, without gradient.
    """
    batch, _, height, width = x.shape
    rows, columns = -(-height // TILE), -(-width // TILE)
    filters = transformed_filters(weight)
    padded = _padded(x.permute(0, 2, 3, 1), TILE * rows + 2, TILE * columns + 2)
    outputs = x.new_empty(batch, rows, TILE, columns, TILE, len(weight))
    step = max(1, TILES_AT_A_TIME // (batch * columns))
    for start in range(0, rows, step):
        stop = min(start + step, rows)
        strip = padded[:, TILE * start : TILE * stop + POINTS - TILE]
        _convolve_strip(strip, filters, outputs[:, start:stop])
    if bias is not None:
        outputs += bias
    return outputs.view(batch, TILE * rows, TILE * columns, -1)[:, :height, :width].permute(0, 3, 1, 2)


def _padded(x: Tensor, height: int, width: int) -> Tensor:
    """[B, h, w, C] inside zeros: one above and left, as many as it needs below and right."""
    padded = x.new_empty(len(x), height, width, x.shape[3])
    bottom, right = x.shape[1] + 1, x.shape[2] + 1
    padded[:, 1:bottom, 1:right] = x
    for border in (padded[:, :1], padded[:, bottom:], padded[:, :, :1], padded[:, :, right:]):
        border.zero_()
    return padded


def transformed_filters(weight: Tensor) -> Tensor:
    """Filters [O, I, 3, 3] at the points, row points first: [36, O, I]."""
    outputs, inputs = weight.shape[:2]
    axis = torch.tensor(
        [[1, 0, 0], *(_filter_row(sign * math.sqrt(square)) for square in (LOW, HIGH) for sign in (1, -1)), [0, 0, 1]],
        dtype=torch.float64,
    )
    both = torch.kron(axis, axis).to(weight)
    return (both @ weight.reshape(-1, 9).t()).view(-1, outputs, inputs)


def _filter_row(point: float) -> list[float]:
    """A filter's polynomial at a point, over the product of its distances to the others, times |point|.

    The last factor is chosen so that `_from_points` has less to multiply with.
    """
    square = point * point
    scale = abs(point) / (2 * square * (square - (HIGH if square < 1 else LOW)))
    return [scale, scale * point, scale * square]


def _convolve_strip(strip: Tensor, filters: Tensor, outputs: Tensor) -> None:
    """Padded rows [B, 4·T + 2, W, I] → `outputs` [B, T, 4, columns, 4, O]."""
    batch, rows, _, columns, _, channels = outputs.shape
    halves = strip.new_empty(POINTS, TILE, batch, rows, columns, channels)
    for row, tiles in enumerate(_to_points(_taps(strip, 1))):
        products = [
            onednn_linear(values, filters[POINTS * row + column])
            for column, values in enumerate(_to_points(_taps(tiles, 2)))
        ]
        _from_points(products, halves[row].unbind())
    for column in range(TILE):
        _from_points(halves[:, column].unbind(), outputs[:, :, :, :, column].unbind(2))


def _taps(x: Tensor, axis: int) -> tuple[Tensor, ...]:
    """The six inputs of all tiles along an axis, each a view."""
    return x.unfold(axis, POINTS, TILE).unbind(-1)


def _to_points(taps: Sequence[Tensor]) -> tuple[Tensor, ...]:
    """Bᵀ along one axis: the tile's polynomial without each point's own factor."""
    d0, d1, d2, d3, d4, d5 = taps
    low, high = math.sqrt(LOW), math.sqrt(HIGH)
    even, odd = torch.add(d4, d2, alpha=-HIGH), torch.add(d3, d1, alpha=-HIGH)
    even_high, odd_high = torch.add(d4, d2, alpha=-LOW), torch.add(d3, d1, alpha=-LOW)
    return (
        torch.add(d0, d2, alpha=-LOW - HIGH).add_(d4),
        torch.add(even, odd, alpha=low),
        even.add_(odd, alpha=-low),
        torch.add(even_high, odd_high, alpha=high),
        even_high.add_(odd_high, alpha=-high),
        torch.add(d1, d3, alpha=-LOW - HIGH).add_(d5),
    )


def _from_points(products: Sequence[Tensor], outputs: Sequence[Tensor]) -> None:
    """Aᵀ along one axis: the values at the six points → the four outputs, written in place."""
    m0, m1, m2, m3, m4, m5 = products
    low, high = math.sqrt(LOW), math.sqrt(HIGH)
    even, odd, even_high, odd_high = m1 + m2, m1 - m2, m3 + m4, m3 - m4
    torch.add(torch.add(m0, even, alpha=1 / low), even_high, alpha=1 / high, out=outputs[0])
    torch.add(odd, odd_high, out=outputs[1])
    torch.add(even.mul_(low), even_high, alpha=high, out=outputs[2])
    torch.add(torch.add(m5, odd, alpha=LOW), odd_high, alpha=HIGH, out=outputs[3])
