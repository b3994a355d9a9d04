"""A slice by its definition in assets/js/masks/slices.mjs, pixel by pixel."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from tests.js_cases.pixels import Pixels, largest_first

ALL_AROUND = np.ones((3, 3), bool)
Pixel = tuple[int, int]


def sliced(pixels: Pixels, points: npt.NDArray[np.float64]) -> list[Pixels]:
    """The parts of a mask on the sides of the line through `points` [N, 2] of (x, y), largest first."""
    if not pixels.any():
        return [pixels]
    corners = [(int(x), int(y)) for x, y in np.floor(points)]
    corners = [corner for i, corner in enumerate(corners) if i == 0 or corner != corners[i - 1]]
    if len(corners) < 2:
        return [pixels]
    rows, columns = np.nonzero(pixels)
    box = np.zeros_like(pixels)
    box[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1] = True
    if _is_closed(corners):
        parts = _parts(pixels, [_chain_mask([*corners, corners[0]], pixels)], box)
        if len(parts) > 1:
            return parts
    return _parts(pixels, [_line(corners, pixels), _line(corners, box)], box)


def _parts(pixels: Pixels, lines: list[Pixels], box: Pixels) -> list[Pixels]:
    sides, count = ndimage.label(box & ~lines[-1], ALL_AROUND)
    regions = largest_first(sides == label for label in range(1, count + 1))
    for line in lines:
        parts = _cut(pixels, line & pixels, regions, line is lines[-1])
        if len(parts) > 1:
            return largest_first(parts)
    return [pixels]


def _is_closed(corners: list[Pixel]) -> bool:
    far = max(_distance(corners[0], corner) for corner in corners)
    return _distance(corners[0], corners[-1]) <= 0.1 * far


def _distance(one: Pixel, other: Pixel) -> int:
    return max(abs(one[0] - other[0]), abs(one[1] - other[1]))


def _line(corners: list[Pixel], bounds: Pixels) -> Pixels:
    line = _chain_mask(corners, bounds)
    for ends in (corners, corners[::-1]):
        x, y = ends[0]
        from_x, from_y = next((end for end in ends if _distance(end, (x, y)) >= 5), ends[-1])
        for pixel in _chain((x, y), (x + (x - from_x) * 200, y + (y - from_y) * 200)):
            if not _has(bounds, pixel):
                break
            line[pixel[1], pixel[0]] = True
    return line


def _chain_mask(corners: list[Pixel], like: Pixels) -> Pixels:
    mask = np.zeros_like(like)
    for x, y in (pixel for one, other in pairwise(corners) for pixel in _chain(one, other)):
        if 0 <= x < like.shape[1] and 0 <= y < like.shape[0]:
            mask[y, x] = True
    return mask


def _has(pixels: Pixels, pixel: Pixel) -> bool:
    x, y = pixel
    return 0 <= x < pixels.shape[1] and 0 <= y < pixels.shape[0] and bool(pixels[y, x])


def _chain(one: Pixel, other: Pixel) -> list[Pixel]:
    """Each step goes to where the line passes nearer; at a tie it goes down or up."""
    (x, y), (across, down) = one, (abs(other[0] - one[0]), abs(other[1] - one[1]))
    right, below = np.sign(other[0] - one[0]), np.sign(other[1] - one[1])
    chain, error = [one], across - down
    for _ in range(across + down):
        if error > 0:
            x, error = x + int(right), error - 2 * down
        else:
            y, error = y + int(below), error + 2 * across
        chain.append((x, y))
    return chain


def _cut(pixels: Pixels, line: Pixels, regions: list[Pixels], is_last: bool) -> list[Pixels]:
    labels, count = ndimage.label(pixels & ~line, ALL_AROUND)
    pieces = largest_first(labels == label for label in range(1, count + 1))
    beside = ndimage.binary_dilation(line, ALL_AROUND)
    touched = [piece for piece in pieces if (piece & beside).any()]
    side = [_side(piece, regions) for piece in pieces]
    order = list(dict.fromkeys(max(place, 0) for place in side))
    one_sided = is_last and len({_side(piece, regions) for piece in touched}) < 2
    if (one_sided or not line.any()) and (len(order) > 1 or len(touched) < 2):
        owners = [order.index(max(place, 0)) for place in side]
    elif len(touched) < 2:
        return [pixels]
    else:
        kept = [piece for i, piece in enumerate(touched) if i < 2 or piece.sum() >= 0.05 * touched[1].sum()]
        owners = [_owner(piece, place, kept, regions) for piece, place in zip(pieces, side, strict=True)]
    owned = np.full(pixels.shape, -1)
    for piece, owner in zip(pieces, owners, strict=True):
        owned[piece] = owner
    _share_out(line, owned)
    return [owned == owner for owner in range(max(owners, default=0) + 1)]


def _side(piece: Pixels, regions: list[Pixels]) -> int:
    column, row = divmod(int(np.flatnonzero(piece.ravel(order="F"))[0]), piece.shape[0])
    return next((place for place, region in enumerate(regions) if region[row, column]), -1)


def _owner(piece: Pixels, side: int, kept: list[Pixels], regions: list[Pixels]) -> int:
    for rank, part in enumerate(kept):
        if part is piece:
            return rank
    return next((rank for rank, part in enumerate(kept) if side >= 0 and (part & regions[side]).any()), 0)


def _share_out(line: Pixels, owned: npt.NDArray[np.int64]) -> None:
    """Round by round each of the line's pixels takes the lowest owner around it; what nobody reaches goes to 0."""
    while (line & (owned < 0)).any():
        padded = np.pad(np.where(owned < 0, np.iinfo(np.int64).max, owned), 1, constant_values=np.iinfo(np.int64).max)
        lowest = np.lib.stride_tricks.sliding_window_view(padded, (3, 3)).min(axis=(2, 3))
        reached = line & (owned < 0) & (lowest < np.iinfo(np.int64).max)
        if not reached.any():
            owned[line & (owned < 0)] = 0
        owned[reached] = lowest[reached]
