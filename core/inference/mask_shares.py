"""From a mask at the photo's size to shares of the network's cells."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from core.annotation.mask import Mask

Floats = npt.NDArray[np.float32]


def mask_shares(mask: Mask, input_size: tuple[int, int], stride: int) -> Floats:
    """How much of each cell lies inside the mask: float32 [ceil(H/stride), ceil(W/stride)], 0..1.

    input_size: (H, W) of the network's input, to which the whole photo was resized. Areas are exact: a mask of a
    single pixel is never lost. A last cell that overhangs the input counts by its part inside.
    """
    bounds = [_cell_bounds(pixels, side, stride) for pixels, side in zip(mask.shape, input_size, strict=True)]
    left, top, width, height = mask.bbox
    part = mask.to_array()[top : top + height, left : left + width].astype(np.float32)
    by_row = _sums_between(part, bounds[0] - top)
    area = _sums_between(by_row.T, bounds[1] - left).T
    cells = np.outer(np.diff(bounds[0]), np.diff(bounds[1]))
    return (area / cells).astype(np.float32)


def _cell_bounds(pixels: int, side: int, stride: int) -> npt.NDArray[np.float64]:
    """Where an axis's cells begin and end, in the photo's pixels: [cells + 1]."""
    return np.minimum(np.arange(0, side + stride, stride), side) * (pixels / side)


def _sums_between(values: Floats, bounds: npt.NDArray[np.float64]) -> Floats:
    """The integral over axis 0 between each two bounds, one pixel a unit: [n, m] → [len(bounds) − 1, m].

    Beyond the values is nothing.
    """
    sums = np.zeros((len(values) + 1, values.shape[1]), dtype=np.float32)
    np.cumsum(values, axis=0, out=sums[1:])
    place = bounds.clip(0, len(values))
    low = np.floor(place).astype(np.int64)
    high = np.minimum(low + 1, len(values))
    share = (place - low).astype(np.float32)[:, None]
    return np.diff(sums[low] * (1 - share) + sums[high] * share, axis=0)
