"""Wand clicks: a map of distances, a photo's size, a pixel, a tolerance, and the region that Python finds."""

from __future__ import annotations

import base64
from typing import Any

import cv2
import numpy as np

from core.inference.wand import wand_mask


def click(rng: np.random.Generator, index: int) -> dict[str, Any]:
    """Noise or smooth maps, larger and smaller than the photo; thin ones and single cells among them."""
    cells = tuple(int(side) for side in rng.integers(1, 24, 2))
    height, width = (int(side) for side in rng.integers(1, 90, 2))
    distances = rng.integers(0, 256, cells, dtype=np.uint8)
    if index % 3:
        distances = cv2.GaussianBlur(distances, (0, 0), 1.5).reshape(cells)
    at = int(rng.integers(width)), int(rng.integers(height))
    tolerance = int(rng.choice([0, 255, *rng.integers(80, 180, 6)]))
    mask = wand_mask(distances, (height, width), at, tolerance)
    return {
        "map": {
            "height": cells[0],
            "width": cells[1],
            "values": base64.b64encode(distances.tobytes()).decode(),
        },
        "click": {"height": height, "width": width, "x": at[0], "y": at[1], "tolerance": tolerance},
        "counts": mask.counts,
    }
