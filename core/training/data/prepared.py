"""Decoded photos at training size, kept in memory up to a number of bytes; their masks stay RLE."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import partial

import cv2
import numpy as np
from torch.utils.data import get_worker_info

from core.annotation.errors import TrainingError
from core.annotation.mask import Mask
from core.training.data.images import LabelledImage, LabelledMask, Labels, Pixels

# Largest side kept: 640 px photos at 512 px lose nothing that training crops of up to 384 px show, and 3,000 photos
# take about 1.5 GB.
KEPT_SIDE_PX = 512
# What all workers of a process keep decoded together.
KEPT_BYTES = 2_000_000_000
# A mask's fixed fields, and what a character of its text takes: itself and, once decoded, its share of the runs.
MASK_BYTES = 600
BYTES_A_CHARACTER = 7


class Reading:
    """One reading of an image's labels at the kept size, decoded when first called and then kept."""

    def __init__(self, read: Callable[[], Labels]) -> None:
        self._read = read
        self._labels: Labels | None = None
        self.bytes = 0

    def __call__(self) -> Labels:
        """Raises FormatError, TrainingError or MaskError, at every call, for labels that cannot be used."""
        if self._labels is None:
            self._labels = self._read()
            self.bytes = sum(MASK_BYTES + BYTES_A_CHARACTER * len(mask.counts) for mask in _masks(self._labels))
        return self._labels


@dataclass(frozen=True, eq=False)
class PreparedImage:
    """A photo, uint8 RGB [h, w, 3], and its readings with masks of the same size."""

    name: str
    pixels: Pixels
    readings: tuple[Callable[[], Labels], ...]

    @property
    def bytes(self) -> int:
        """The memory it takes at the moment, about."""
        return self.pixels.nbytes + sum(read.bytes for read in self.readings if isinstance(read, Reading))


def prepare(image: LabelledImage) -> PreparedImage:
    """Decode a photo and reduce it to KEPT_SIDE_PX; each reading is decoded when first used. Raises PhotoError."""
    pixels = image.pixels()
    height, width = pixels.shape[:2]
    scale = min(1.0, KEPT_SIDE_PX / max(height, width))
    size = max(1, round(height * scale)), max(1, round(width * scale))
    if size != (height, width):
        pixels = np.asarray(cv2.resize(pixels, size[::-1], interpolation=cv2.INTER_AREA), dtype=np.uint8)
    readings = tuple(Reading(partial(_resized, read, (height, width), size, image.name)) for read in image.readers)
    return PreparedImage(image.name, pixels, readings)


class PhotoCache:
    """Prepared images, the least recently used forgotten when together they take more than `limit_bytes`."""

    def __init__(self, limit_bytes: int) -> None:
        assert limit_bytes > 0, "a cache holds something"
        self.limit_bytes = limit_bytes
        self._kept: OrderedDict[LabelledImage, PreparedImage] = OrderedDict()
        self._counted: dict[LabelledImage, int] = {}
        self.bytes = 0

    @classmethod
    def of_worker(cls) -> PhotoCache:
        """The cache of this process, its share of KEPT_BYTES where it is one of several data workers."""
        worker = get_worker_info()
        return cls(KEPT_BYTES // (1 if worker is None else worker.num_workers))

    def get(self, image: LabelledImage) -> PreparedImage:
        """The image, decoded if it is not kept. Raises PhotoError."""
        found = self._kept.pop(image, None) or prepare(image)
        self._kept[image] = found
        # Labels decoded since the last look are counted at this one.
        self.bytes += found.bytes - self._counted.get(image, 0)
        self._counted[image] = found.bytes
        while self.bytes > self.limit_bytes and len(self._kept) > 1:
            oldest, _ = self._kept.popitem(last=False)
            self.bytes -= self._counted.pop(oldest)
        return found


def _resized(read: Callable[[], Labels], shape: tuple[int, int], size: tuple[int, int], name: str) -> Labels:
    labels = read()
    for mask in _masks(labels):
        if mask.shape != shape:
            raise TrainingError(f"{name}: is {shape[1]}×{shape[0]}, but a mask of it is {mask.width}×{mask.height}")
    if not (labels.masks or labels.rejected or labels.complete):
        raise TrainingError(f"{name}: has no mask and is not completely labelled: it can teach nothing")
    if size == shape:
        return labels
    masks = tuple(LabelledMask(resize_mask(one.mask, size), one.category) for one in labels.masks)
    ignored = _touched(labels.ignored, size) if labels.ignored else None
    rejected = tuple(resize_mask(mask, size) for mask in labels.rejected)
    return replace(labels, masks=masks, ignored=ignored, rejected=rejected)


def _masks(labels: Labels) -> Iterable[Mask]:
    yield from (labelled.mask for labelled in labels.masks)
    yield from labels.rejected
    if labels.ignored is not None:
        yield labels.ignored


def resize_mask(mask: Mask, size: tuple[int, int]) -> Mask:
    """The mask at (height, width): a pixel is inside when at least half of its area was."""
    array = mask.to_array().astype(np.uint8) * 255
    return Mask.from_array(cv2.resize(array, size[::-1], interpolation=cv2.INTER_AREA) >= 128)


def _touched(mask: Mask, size: tuple[int, int]) -> Mask:
    """The mask at (height, width): a pixel is inside when any of its area was, so that thin void stays void."""
    array = mask.to_array().astype(np.float32)
    return Mask.from_array(cv2.resize(array, size[::-1], interpolation=cv2.INTER_AREA) > 0)
