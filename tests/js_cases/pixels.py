"""Random masks as arrays, and their JSON."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from core.annotation.mask import Mask

Pixels = npt.NDArray[np.bool_]


def blob(rng: np.random.Generator, height: int, width: int) -> Pixels:
    """A random mask: noise, or an ellipse with a hole, never empty."""
    if rng.random() < 0.3:
        pixels: Pixels = rng.random((height, width)) < rng.random()
    else:
        y, x = np.mgrid[:height, :width]
        reach = ((y - rng.uniform(0, height)) / rng.uniform(1, height)) ** 2
        reach = reach + ((x - rng.uniform(0, width)) / rng.uniform(1, width)) ** 2
        pixels = (reach < 1) & (reach > rng.uniform(0, 0.3))
    pixels[rng.integers(height), rng.integers(width)] = True
    return pixels


def special(rng: np.random.Generator, index: int) -> Pixels:
    """The sizes and fillings where arithmetic goes wrong first, then random ones of up to 40 × 40."""
    sizes = [(1, 1), (1, 1), (1, 30), (30, 1), (7, 9), (7, 9), (9, 7)]
    if index >= len(sizes):
        height, width = (int(side) for side in rng.integers(1, 41, 2))
        return speckled(rng, blob(rng, height, width))
    height, width = sizes[index]
    if index in (0, 4):
        return np.zeros((height, width), bool)
    if index in (1, 5):
        return np.ones((height, width), bool)
    return blob(rng, height, width)


def speckled(rng: np.random.Generator, pixels: Pixels) -> Pixels:
    """Now and then with some pixels turned over: islands and holes."""
    if rng.random() < 0.5:
        pixels = pixels ^ (rng.random(pixels.shape) < 0.04)
    return pixels


def counts(pixels: Pixels) -> str:
    return Mask.from_array(pixels).counts


def case(pixels: Pixels, **rest: Any) -> dict[str, Any]:
    return {"height": pixels.shape[0], "width": pixels.shape[1], "counts": counts(pixels), **rest}


def largest_first(parts: Iterable[Pixels]) -> list[Pixels]:
    """Of equal ones the one whose first pixel, down the columns, comes first."""
    return sorted(parts, key=lambda part: (-int(part.sum()), int(np.flatnonzero(part.ravel(order="F"))[0])))
