"""Proposals without a model, to be ahead of: a grid that never looks at the photo, and two that see its colours.

Felzenszwalb and Huttenlocher 2004 ("Efficient graph-based image segmentation") at several scales, and the tree of
merges that starts from a fine one, as in selective search (Uijlings et al. 2013, section 3) with colour and size alone.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from functools import cache

import cv2
import numpy as np
import numpy.typing as npt

from core.annotation.errors import TrainingError
from core.annotation.mask import Mask
from core.training.data.images import Pixels

# Ellipses and boxes on regular grids, coarse to fine: 1 + 2 + 2·(4 + 9 + 16) + 36 = 97 masks.
GRIDS = (2, 3, 4)
FINE_GRID = 6
# A shape reaches this much past its cell's middle lines, so that neighbours overlap.
REACH = 0.75

# Felzenszwalb's scales on colours in 0..1, fine to coarse, and the blur before it.
SCALES = (100.0, 200.0, 400.0, 800.0)
TREE_SCALE = 50.0
BLUR_SIGMA = 0.8
# Segments below this share of the photo join a neighbour. Finer ones fill the first hundred places with specks.
LEAST_SHARE = 0.002
# Photos are reduced to this longer side, which measures better than full size and is several times as fast.
SIDE_PX = 320

_Ids = npt.NDArray[np.int64]


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


def felzenszwalb_masks(pixels: Pixels) -> list[Mask]:
    """The segments of all SCALES, each mask once, largest first. Raises TrainingError without scikit-image."""
    masks = {mask for scale in SCALES for mask in _masks(_felzenszwalb(pixels, scale))}
    return _largest_first(masks)


def merge_tree_masks(pixels: Pixels) -> list[Mask]:
    """A fine segmentation's segments and every merge of two, up to the whole photo; largest first.

    Neighbours merge in order of how alike their mean colours are, small ones earlier. Raises TrainingError without
    scikit-image.
    """
    ids = _felzenszwalb(pixels, TREE_SCALE)
    colours = np.asarray(cv2.cvtColor(pixels.astype(np.float32) / 255, cv2.COLOR_RGB2LAB), dtype=np.float32)
    parts = _merged(ids, colours)
    return _largest_first(Mask.from_array(np.isin(ids, sorted(part))) for part in parts)


def _felzenszwalb(pixels: Pixels, scale: float) -> _Ids:
    """Segment ids 0, 1 … of each pixel, [H, W]."""
    try:
        from skimage.segmentation import felzenszwalb
    except ImportError as error:
        raise TrainingError("the baselines need scikit-image; install it: pip install scikit-image") from error
    height, width = pixels.shape[:2]
    reduction = min(1.0, SIDE_PX / max(height, width))
    size = max(1, round(width * reduction)), max(1, round(height * reduction))
    small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    least_px = max(1, round(LEAST_SHARE * size[0] * size[1]))
    ids = felzenszwalb(small, scale=scale, sigma=BLUR_SIGMA, min_size=least_px).astype(np.int32)
    return np.asarray(cv2.resize(ids, (width, height), interpolation=cv2.INTER_NEAREST), dtype=np.int64)


def _masks(ids: _Ids) -> list[Mask]:
    return [Mask.from_array(ids == number) for number in range(int(ids.max()) + 1)]


def _largest_first(masks: Iterable[Mask]) -> list[Mask]:
    return sorted(masks, key=lambda mask: (-mask.area, mask.counts))


def _merged(ids: _Ids, colours: npt.NDArray[np.float32]) -> list[frozenset[int]]:
    """The segments and all merges, each as the ids it holds."""
    areas = np.bincount(ids.ravel()).astype(float)
    sums = [np.bincount(ids.ravel(), weights=colours[..., channel].ravel()) for channel in range(3)]
    means = list(np.stack(sums, 1) / areas[:, None])
    area = list(areas)
    parts = [frozenset([number]) for number in range(len(areas))]
    neighbours = _neighbours(ids)

    def unlikeness(a: int, b: int) -> float:
        # Ward's criterion: how much the colours' scatter grows when both become one.
        return float(area[a] * area[b] / (area[a] + area[b]) * ((means[a] - means[b]) ** 2).sum())

    queue = [(unlikeness(a, b), a, b) for a, near in neighbours.items() for b in near if a < b]
    heapq.heapify(queue)
    while queue:
        _, a, b = heapq.heappop(queue)
        if a not in neighbours or b not in neighbours:
            continue
        new = len(parts)
        parts.append(parts[a] | parts[b])
        area.append(area[a] + area[b])
        means.append((area[a] * means[a] + area[b] * means[b]) / area[new])
        neighbours[new] = (neighbours.pop(a) | neighbours.pop(b)) - {a, b}
        for near in neighbours[new]:
            neighbours[near] = (neighbours[near] - {a, b}) | {new}
            heapq.heappush(queue, (unlikeness(near, new), near, new))
    return parts


def _neighbours(ids: _Ids) -> dict[int, set[int]]:
    """Which segments touch which, along rows or columns."""
    near: dict[int, set[int]] = {number: set() for number in range(int(ids.max()) + 1)}
    for first, second in ((ids[1:], ids[:-1]), (ids[:, 1:], ids[:, :-1])):
        touching = first != second
        for a, b in np.unique(np.stack((first[touching], second[touching]), 1), axis=0).tolist():
            near[a].add(b)
            near[b].add(a)
    return near
