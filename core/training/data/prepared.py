"""Decoded photos at training size, kept in memory; their masks stay RLE."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np

from core.annotation.errors import TrainingError
from core.annotation.mask import Mask
from core.training.data.images import LabelledImage, LabelledMask, Labels, Pixels

# Largest side kept: 640 px photos at 512 px lose nothing that training crops of up to 384 px show, and 3,000 photos
# take about 1.5 GB.
KEPT_SIDE_PX = 512


@dataclass(frozen=True, eq=False)
class PreparedImage:
    """A photo, uint8 RGB [h, w, 3], and its readings with masks of the same size."""

    name: str
    pixels: Pixels
    readings: tuple[Callable[[], Labels], ...]


def prepare(image: LabelledImage) -> PreparedImage:
    """Decode a photo and reduce it to KEPT_SIDE_PX; each reading is decoded when first used. Raises TrainingError."""
    pixels = image.pixels()
    height, width = pixels.shape[:2]
    scale = min(1.0, KEPT_SIDE_PX / max(height, width))
    size = max(1, round(height * scale)), max(1, round(width * scale))
    if size != (height, width):
        pixels = np.asarray(cv2.resize(pixels, size[::-1], interpolation=cv2.INTER_AREA), dtype=np.uint8)

    def reading(read: Callable[[], Labels]) -> Callable[[], Labels]:
        return cache(lambda: _resized(read(), (height, width), size, image.name))

    return PreparedImage(image.name, pixels, tuple(reading(read) for read in image.readers))


def _resized(labels: Labels, shape: tuple[int, int], size: tuple[int, int], name: str) -> Labels:
    for mask in [labelled.mask for labelled in labels.masks] + ([labels.ignored] if labels.ignored else []):
        if mask.shape != shape:
            raise TrainingError(f"{name} is {shape[1]}×{shape[0]}, but a mask of it is {mask.width}×{mask.height}")
    if size == shape:
        return labels
    masks = tuple(LabelledMask(resize_mask(one.mask, size), one.category) for one in labels.masks)
    ignored = resize_mask(labels.ignored, size) if labels.ignored else None
    return Labels(masks, ignored, labels.complete)


def resize_mask(mask: Mask, size: tuple[int, int]) -> Mask:
    """The mask at (height, width): a pixel is inside when at least half of its area was."""
    array = mask.to_array().astype(np.uint8) * 255
    return Mask.from_array(cv2.resize(array, size[::-1], interpolation=cv2.INTER_AREA) >= 128)
