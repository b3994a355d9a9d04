"""Proposals without a model, to be ahead of: a plain grid of masks that never looks at the photo."""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np

from core.annotation.mask import Mask
from core.training.data.images import Pixels

# Ellipses and boxes on regular grids, coarse to fine: 1 + 2 + 2·(4 + 9 + 16) + 36 = 97 masks.
GRIDS = (2, 3, 4)
FINE_GRID = 6
# A shape reaches this much past its cell's middle lines, so that neighbours overlap.
REACH = 0.75


def grid_masks(pixels: Pixels) -> list[Mask]:
    """97 masks for a photo of this size, large ones first: the whole, two halves, ellipses and boxes at four scales."""
    height, width = pixels.shape[:2]
    return list(_grid(height, width))


@cache
def _grid(height: int, width: int) -> tuple[Mask, ...]:
    masks = [_box(height, width, 0.5, 0.5, 0.5, 0.5)]
    masks += [_box(height, width, 0.25, 0.5, 0.25, 0.5), _box(height, width, 0.75, 0.5, 0.25, 0.5)]
    for side in GRIDS:
        for shape in (_ellipse, _box):
            masks += [shape(height, width, *centre, REACH / side, REACH / side) for centre in _centres(side)]
    masks += [_ellipse(height, width, *centre, REACH / FINE_GRID, REACH / FINE_GRID) for centre in _centres(FINE_GRID)]
    return tuple(mask for mask in masks if mask.area)


def _centres(side: int) -> list[tuple[float, float]]:
    return [((column + 0.5) / side, (row + 0.5) / side) for row in range(side) for column in range(side)]


def _box(height: int, width: int, x: float, y: float, half_x: float, half_y: float) -> Mask:
    canvas = np.zeros((height, width), dtype=np.uint8)
    top, bottom = (round(np.clip(edge, 0, 1) * height) for edge in (y - half_y, y + half_y))
    left, right = (round(np.clip(edge, 0, 1) * width) for edge in (x - half_x, x + half_x))
    canvas[top:bottom, left:right] = 1
    return Mask.from_array(canvas)


def _ellipse(height: int, width: int, x: float, y: float, half_x: float, half_y: float) -> Mask:
    canvas = np.zeros((height, width), dtype=np.uint8)
    centre, axes = (round(x * width), round(y * height)), (round(half_x * width), round(half_y * height))
    cv2.ellipse(canvas, centre, axes, 0, 0, 360, 1, thickness=-1)
    return Mask.from_array(canvas)
