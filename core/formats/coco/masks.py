"""COCO segmentations as masks: polygons drawn as pycocotools draws them, run lengths compressed or not.

All is checked before anything is drawn or unpacked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from pycocotools import mask as coco_masks

from core.annotation.errors import FormatError, MaskError
from core.annotation.mask import Mask
from core.formats.coco.tables import shown

# More points than people draw; each takes time in every tool that opens the polygon.
MAX_VERTICES = 20_000
# pycocotools takes about 100 bytes for each pixel that an outline is long.
MAX_OUTLINE_PX = 1_000_000
# Three points, x and y.
LEAST_NUMBERS = 6
# Texts that are unpacked together take about 60 times their length.
_TEXT_AT_ONCE = 2**20

Size = tuple[int, int]
Polygon = npt.NDArray[np.float64]


def masks_of_segmentations(segmentations: Sequence[object], sizes: Sequence[Size]) -> list[Mask | str]:
    """The mask of each segmentation in an image of this size (height, width), or why there is none."""
    read = [_text_or_mask(segmentation, size) for segmentation, size in zip(segmentations, sizes, strict=True)]
    masks: list[Mask | str] = [one.reason if isinstance(one, _Fault) else one for one in read]
    for texts in _groups([(place, one) for place, one in enumerate(read) if isinstance(one, str)]):
        unpacked = _masks_of_texts([text for _, text in texts], [sizes[place] for place, _ in texts])
        for (place, _), mask in zip(texts, unpacked, strict=True):
            masks[place] = mask
    return [mask if isinstance(mask, str) or mask.area else "has an empty mask" for mask in masks]


@dataclass(frozen=True)
class _Fault:
    reason: str


def _text_or_mask(segmentation: object, size: Size) -> str | Mask | _Fault:
    """A mask, or compressed run lengths that nobody has checked."""
    try:
        if isinstance(segmentation, dict):
            return _of_run_lengths(segmentation, size)
        return _of_polygons(segmentation, size)
    except (FormatError, MaskError) as error:
        return _Fault(str(error))


def _groups(texts: Sequence[tuple[int, str]]) -> list[list[tuple[int, str]]]:
    """Numbered texts in order, in groups that together stay near _TEXT_AT_ONCE."""
    groups: list[list[tuple[int, str]]] = []
    room = 0
    for place, text in texts:
        if not groups or len(text) > room:
            groups.append([])
            room = _TEXT_AT_ONCE
        groups[-1].append((place, text))
        room -= len(text)
    return groups


def _masks_of_texts(texts: Sequence[str], sizes: Sequence[Size]) -> list[Mask | str]:
    try:
        return list(Mask.from_texts(sizes, texts))
    except MaskError as error:
        if len(texts) == 1:
            return [f"cannot be read: {error}"]
    return [mask for text, size in zip(texts, sizes, strict=True) for mask in _masks_of_texts([text], [size])]


def _of_run_lengths(rle: dict[str, Any], size: Size) -> str | Mask:
    counts, own = rle.get("counts"), rle.get("size")
    if own != [*size]:
        raise FormatError(f"has a mask of the size {shown(own)}, but its image has {shown([*size])}")
    if isinstance(counts, str):
        return counts
    runs = _numbers(counts)
    if runs.dtype.kind not in "iu":
        raise FormatError(f"has the counts {shown(counts)}, neither a text nor whole numbers")
    try:
        return Mask.from_runs(*size, runs)
    except MaskError as error:
        raise FormatError(f"cannot be read: {error}") from error


def _numbers(value: object) -> npt.NDArray[Any]:
    """A list of the file as numpy takes it; of the type object where it is none, or ragged."""
    try:
        return np.asarray(value if isinstance(value, list) else None)
    except (ValueError, OverflowError):
        return np.asarray(None)


def _of_polygons(segmentation: object, size: Size) -> str:
    polygons = checked_polygons(segmentation, size)
    drawn = coco_masks.frPyObjects(polygons, *size)
    merged = drawn[0] if len(drawn) == 1 else coco_masks.merge(drawn)
    text: str = merged["counts"].decode("ascii")
    return text


def checked_polygons(segmentation: object, size: Size) -> list[Polygon]:
    """The polygons of a segmentation, float64 [2·K] each, x and y in turn, in pixels; those of two points are left
    out. Raises FormatError for what cannot be drawn in an image of `size`."""
    if not isinstance(segmentation, list) or not segmentation:
        raise FormatError("has no mask")
    polygons = []
    for part in segmentation:
        polygon = _numbers(part)
        if polygon.ndim != 1 or polygon.dtype.kind not in "iuf":
            raise FormatError(f"is neither polygons nor RLE: {shown(part)}")
        if polygon.size % 2:
            raise FormatError(f"has a polygon of {polygon.size} numbers, which is no list of x and y in turn")
        if polygon.size >= LEAST_NUMBERS:
            polygons.append(polygon.astype(np.float64))
    if not polygons:
        raise FormatError("has no polygon with an area: it takes three points")
    _check_extent(polygons, size)
    return polygons


def _check_extent(polygons: Sequence[Polygon], size: Size) -> None:
    points = np.concatenate(polygons).reshape(-1, 2)
    if len(points) > MAX_VERTICES:
        raise FormatError(f"has {len(points)} polygon points, more than {MAX_VERTICES}; simplify it")
    if not np.isfinite(points).all():
        raise FormatError("has a coordinate that is not finite")
    (left, top), (right, bottom) = points.min(axis=0), points.max(axis=0)
    if right <= 0 or bottom <= 0 or left >= size[1] or top >= size[0]:
        raise FormatError(f"lies outside its image, at x {left:.6g} to {right:.6g}, y {top:.6g} to {bottom:.6g}")
    length_px = sum(float(np.abs(np.diff(polygon.reshape(-1, 2), axis=0)).max(axis=1).sum()) for polygon in polygons)
    if max(length_px, -left, -top, right, bottom) > MAX_OUTLINE_PX:
        raise FormatError(f"has an outline of {length_px:.3g} pixels, more than {MAX_OUTLINE_PX}")
