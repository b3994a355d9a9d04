"""The wand: the pixels that look like the one that was clicked, as far as they hang together.

A click gives a map of distances on a small grid; a tolerance then cuts a region out of it at the photo's size, in whole
numbers, so that the page (assets/js/masks/wand.mjs) and this module find the same pixels.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from core.annotation.errors import MaskError
from core.annotation.mask import Mask

Floats = npt.NDArray[np.float32]
Distances = npt.NDArray[np.uint8]

# The long side of the grid of colours, and so of distances: as fine as the default model looks.
GRID_PX = 448
# What colours count for beside embeddings: less misses the borders of roofs, more breaks things of several colours up
# (see bench_assist).
COLOUR_SHARE = 0.3
# Over the grain of a photo.
COLOUR_BLUR = 1.0
# The farthest hundredth of the distances lies above 200 of 255.
FAR_PERCENTILE, FAR = 99, 200
# Tolerances are tried on a coarser grid: which one is best does not change, and it takes a quarter of the time.
COARSER = 2
TOLERANCES = range(16, 200, 8)
# Tolerances that clicks on photos that the model has not learned from were best with: half of them from 75 to 130.
LIKELY_TOLERANCE, SPREAD = 100, 55
# A border's slope is that of distances so blurred, in cells: between things and not inside of them.
SLOPE_BLUR = 2.0
# A region of a few cells has a steep border wherever it lies; one of nearly all has none.
LEAST_SHARE, MOST_SHARE = 0.0005, 0.85

# A photo of one colour has no distances.
LEAST = 1e-6

WEIGHT_BITS = 8
ONE = 1 << WEIGHT_BITS


@dataclass(frozen=True, eq=False)
class DistanceMap:
    """Distances of all pixels to the clicked one: uint8 [h, w], 0 alike; and a tolerance to begin with."""

    values: Distances
    tolerance: int


def photo_colours(image: npt.NDArray[np.uint8]) -> Floats:
    """An RGB photo's CIE Lab colours on the grid: float32 [h, w, 3], slightly blurred."""
    height, width = image.shape[:2]
    scale = min(1.0, GRID_PX / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    small = cv2.resize(np.ascontiguousarray(image), size, interpolation=cv2.INTER_AREA) if scale < 1 else image
    lab = cv2.cvtColor(small.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    return np.asarray(cv2.GaussianBlur(lab, (0, 0), COLOUR_BLUR), dtype=np.float32)


def distances_to(
    colours: Floats, embeddings: npt.NDArray[np.float16] | None, place: tuple[float, float]
) -> DistanceMap:
    """How unlike the pixel at a place all others are.

    colours: of `photo_colours`, [h, w, 3].   embeddings: unit vectors on a grid of their own, [C, h', w'], or None:
    colours alone.   place: (x, y) as fractions 0..1 of the photo.
    """
    height, width = colours.shape[:2]
    apart = _scaled(_colour_distances(colours, place))
    if embeddings is not None:
        chords = cv2.resize(_chords(embeddings, place), (width, height), interpolation=cv2.INTER_LINEAR)
        apart = _scaled(np.asarray(chords, dtype=np.float32)) + COLOUR_SHARE * apart
    far = max(float(np.percentile(apart, FAR_PERCENTILE)), LEAST)
    values = np.clip(np.rint(apart * (FAR / far)), 0, 255).astype(np.uint8)
    coarse = values[::COARSER, ::COARSER]
    return DistanceMap(values, _steepest(coarse, _cell(coarse.shape, place)))


def wand_mask(distances: Distances, size: tuple[int, int], at: tuple[int, int], tolerance: int) -> Mask:
    """The pixels within the tolerance that hang together, side by side, with the clicked one, which is always in.

    distances: uint8 [h, w], stretched over the photo between its cells' centres.   size: (height, width) of the photo.
    at: (x, y), the clicked pixel.   tolerance: 0 to 255.
    Raises MaskError for a pixel outside the photo and a tolerance that is none.
    """
    height, width = size
    x, y = at
    if not (0 <= x < width and 0 <= y < height):
        raise MaskError(f"the pixel ({x}, {y}) lies outside the photo of {width}×{height}; click inside it")
    if not 0 <= tolerance <= 255:
        raise MaskError(f"a tolerance is from 0 to 255, got {tolerance}")
    return Mask.from_array(_connected(_stretched(distances, size) <= tolerance * ONE * ONE, (y, x)))


def _stretched(distances: Distances, size: tuple[int, int]) -> npt.NDArray[np.int32]:
    """Bilinear between cells, in whole numbers: [H, W], the distances times 2¹⁶."""
    (top, bottom, down), (left, right, across) = (_axis(*pair) for pair in zip(distances.shape, size, strict=True))
    values = distances.astype(np.int32)
    rows = values[top] * (ONE - down)[:, None] + values[bottom] * down[:, None]
    return np.asarray(rows[:, left] * (ONE - across) + rows[:, right] * across)


def _axis(cells: int, pixels: int) -> tuple[npt.NDArray[np.int32], ...]:
    """For each pixel the two cells that its centre lies between, and the second one's share in 256ths."""
    place = (2 * np.arange(pixels, dtype=np.int64) + 1) * cells * (ONE // 2) // pixels - ONE // 2
    place = place.clip(0, (cells - 1) * ONE)
    low = place >> WEIGHT_BITS
    parts = (low, np.minimum(low + 1, cells - 1), place & (ONE - 1))
    return tuple(part.astype(np.int32) for part in parts)


def _cell(shape: tuple[int, ...], place: tuple[float, float]) -> tuple[int, int]:
    """The (row, column) of the cell in which a place lies."""
    return min(int(place[1] * shape[0]), shape[0] - 1), min(int(place[0] * shape[1]), shape[1] - 1)


def _colour_distances(colours: Floats, place: tuple[float, float]) -> Floats:
    apart = colours - colours[_cell(colours.shape, place)]
    return np.asarray(np.sqrt((apart**2).sum(2)), dtype=np.float32)


def _chords(embeddings: npt.NDArray[np.float16], place: tuple[float, float]) -> Floats:
    """How far apart unit vectors are: finer than the cosine where they are close."""
    row, column = _cell(embeddings.shape[1:], place)
    flat = embeddings.reshape(len(embeddings), -1).astype(np.float32)
    cosines = flat[:, row * embeddings.shape[2] + column] @ flat
    return np.asarray(np.sqrt(np.maximum(1 - cosines, 0)), dtype=np.float32).reshape(embeddings.shape[1:])


def _scaled(distances: Floats) -> Floats:
    """Distances of which one in twenty is above 1."""
    return distances / max(float(np.percentile(distances, 95)), LEAST)


def _steepest(values: Distances, cell: tuple[int, int]) -> int:
    """The tolerance along whose region's border the distances rise most, near the tolerances that are often right."""
    blurred = cv2.GaussianBlur(values, (0, 0), SLOPE_BLUR)
    slope = np.hypot(cv2.Sobel(blurred, cv2.CV_32F, 1, 0), cv2.Sobel(blurred, cv2.CV_32F, 0, 1))
    best, found = 0.0, LIKELY_TOLERANCE
    for tolerance in TOLERANCES:
        region = _connected(values <= tolerance, cell)
        if not LEAST_SHARE <= region.mean() <= MOST_SHARE:
            continue
        border = region & ~cv2.erode(region.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(bool)
        likely = np.exp(-(((tolerance - LIKELY_TOLERANCE) / SPREAD) ** 2) / 2)
        if (steep := float(slope[border].mean() * likely)) > best:
            best, found = steep, tolerance
    return found


def _connected(inside: npt.NDArray[np.bool_], cell: tuple[int, int]) -> npt.NDArray[np.bool_]:
    """The pixels that hang together with one of them, which is inside whatever the others are."""
    pixels = inside.astype(np.uint8)
    pixels[cell] = 1
    _, labels = cv2.connectedComponents(pixels, connectivity=4)
    return np.asarray(labels == labels[cell])
