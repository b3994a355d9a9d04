"""COCO instances: `instances.json` beside `images/`. The labels are partial: what no mask covers is unknown."""

from __future__ import annotations

import math
from array import array
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
from pycocotools import mask as coco_masks

from core.annotation.errors import MaskError, TrainingError
from core.annotation.mask import Mask
from core.formats.coco.json_slices import Rows, Slices, scan
from core.formats.coco.tables import entry_of, is_image_id, is_whole
from core.training.data.coco_tables import ListedEntries, ListedPhoto, read_categories, read_photos
from core.training.data.images import Candidate, Content, LabelledImage, LabelledMask, Labels, Skipped

FILE_NAME = "instances.json"
# Three points, x and y.
LEAST_NUMBERS = 6
# Polygons reach past a photo's edge by a few pixels; drawing one takes time and memory by its length.
MOST_OVERHANG = 4

# (left, top, right, bottom) of polygons, or (height, width) of run lengths.
Extent = tuple[float, ...]


@dataclass(frozen=True, eq=False)
class Annotations:
    """All of a file's segments, which its images share.   names: of the categories, by id."""

    slices: Slices
    names: Mapping[int, str]


def read_coco(folder: Path, *, complete: bool) -> Content:
    """The categories and images of `folder`/instances.json; what cannot be used is skipped by name.

    complete: whether what no mask covers is nothing. An image without a mask is used only then; one of whose masks
    some cannot be used counts as partly labelled.
    Raises FormatError when it is no COCO file.
    """
    table, listed = _Table(), ListedEntries()
    scan(folder / FILE_NAME, {"annotations": table.add, **listed.visits})
    categories, names, skipped = read_categories(listed.categories)
    photos, missing = read_photos(listed.images, folder / "images")
    skipped += missing + table.unknown_categories(names)
    annotations = Annotations(Slices(folder / FILE_NAME, table.bounds), names)
    rows_of, faulty, faults = table.rows_by_photo(photos)
    candidates = []
    for photo in photos.values():
        known = complete and photo.id not in faulty
        if rows_of[photo.id] or known:
            candidates.append(_candidate(photo, annotations, rows_of[photo.id], known))
        else:
            skipped.append(Skipped(f"photo {photo.path.name!r}", "has no mask and is not completely labelled"))
    return Content(categories, tuple(candidates), tuple(skipped + faults))


def mask_of(segmentation: object, height: int, width: int) -> Mask:
    """A COCO segmentation (polygons, or RLE compressed or not) as a mask. Raises TrainingError."""
    if isinstance(segmentation, dict):
        return Mask.from_coco(segmentation, size=(height, width))
    try:
        assert isinstance(segmentation, list)
        parts = coco_masks.frPyObjects([part for part in segmentation if len(part) >= LEAST_NUMBERS], height, width)
        return Mask.from_coco(coco_masks.merge(parts), size=(height, width))
    except (TypeError, ValueError, IndexError, KeyError, AssertionError) as error:
        raise TrainingError(f"a segmentation is neither polygons nor RLE: {segmentation!r:.60}") from error


class _Table:
    """The segments of a file as they come: where each stands, and what can be told of it without drawing it."""

    def __init__(self) -> None:
        self._bounds = array("q")
        self._photos: list[object] = []
        self._categories: list[object] = []
        self._extents: list[Extent | str] = []
        self._ids: list[object] = []

    @property
    def bounds(self) -> Rows:
        return np.array(self._bounds, dtype=np.int64).reshape(-1, 2)

    def add(self, entry: object, first: int, last: int) -> None:
        fields = entry_of(entry)
        photo = fields.get("image_id")
        self._bounds.extend((first, last))
        self._photos.append(photo if is_image_id(photo) else None)
        self._categories.append(fields.get("category_id"))
        self._extents.append(_extent(fields.get("segmentation")))
        self._ids.append(fields.get("id", len(self._ids) + 1))

    def unknown_categories(self, names: Mapping[int, str]) -> list[Skipped]:
        """The ids that no category has; their masks are used without a name."""
        unknown = Counter(f"{number!r:.40}" for number in self._categories if not _known(number, names))
        return [
            Skipped(f"category {number}", f"is not among the categories: {count} masks of it have no name")
            for number, count in unknown.items()
        ]

    def rows_by_photo(
        self, photos: Mapping[object, ListedPhoto]
    ) -> tuple[dict[object, list[int]], set[object], list[Skipped]]:
        """The usable rows of each photo, the photos that have others too, and those others."""
        rows: dict[object, list[int]] = defaultdict(list)
        faulty, skipped = set(), []
        for row, (number, extent) in enumerate(zip(self._photos, self._extents, strict=True)):
            photo = photos.get(number)
            reason = f"belongs to no usable photo (image_id {number!r:.40})" if photo is None else _fault(extent, photo)
            if reason is None:
                rows[number].append(row)
            else:
                faulty.add(number)
                skipped.append(Skipped(f"annotation {self._ids[row]!r:.40}", reason))
        return rows, faulty, skipped


def _known(number: object, names: Mapping[int, str]) -> bool:
    return is_whole(number) and number in names


def _extent(segmentation: object) -> Extent | str:
    """Where a segmentation lies, or why there is none."""
    if isinstance(segmentation, dict):
        return _size_of_runs(segmentation)
    if not isinstance(segmentation, list) or not segmentation:
        return "has no mask"
    try:
        parts = [np.asarray(part, dtype=np.float64) for part in segmentation if len(part) >= LEAST_NUMBERS]
    except (TypeError, ValueError, OverflowError):
        return "is neither polygons nor RLE"
    if any(part.ndim != 1 or part.size % 2 for part in parts):
        return "has a polygon that is no list of x and y in turn"
    if not any(_has_area(part) for part in parts):
        return "has no polygon with an area"
    x, y = (np.concatenate([part[axis::2] for part in parts]) for axis in (0, 1))
    return float(x.min()), float(y.min()), float(x.max()), float(y.max())


def _has_area(polygon: npt.NDArray[np.float64]) -> bool:
    """By the shoelace formula from the first point; so is a polygon that is not finite, for `_fault` to name."""
    with np.errstate(all="ignore"):
        x, y = polygon[2::2] - polygon[0], polygon[3::2] - polygon[1]
        return bool(x[:-1] @ y[1:] - y[:-1] @ x[1:] != 0)


def _size_of_runs(segmentation: object) -> Extent | str:
    try:
        mask = Mask.from_coco(segmentation)
    except MaskError as error:
        return f"cannot be read: {error}"
    return mask.shape if mask.area else "has no mask"


def _fault(extent: Extent | str, photo: ListedPhoto) -> str | None:
    """Why a segment of this extent is of no use in the photo; None when it is."""
    size = photo.height, photo.width
    if isinstance(extent, str):
        return extent
    if len(extent) == 2:
        return None if extent == size else f"is {extent[1]}×{extent[0]}, but its photo is {size[1]}×{size[0]}"
    left, top, right, bottom = extent
    if not all(map(math.isfinite, extent)):
        return "has a coordinate that is not finite"
    if right <= 0 or bottom <= 0 or left >= photo.width or top >= photo.height:
        return "lies outside its photo"
    if max(-left, -top, right, bottom) > MOST_OVERHANG * max(size):
        return "reaches far outside its photo"
    return None


def _candidate(photo: ListedPhoto, annotations: Annotations, rows: Sequence[int], complete: bool) -> Candidate:
    size = photo.height, photo.width
    reader = partial(_labels, annotations, np.array(rows, dtype=np.int64), size, complete)
    return Candidate(LabelledImage(photo.path, (reader,)), size=size)


def _labels(annotations: Annotations, rows: Rows, size: tuple[int, int], complete: bool) -> Labels:
    masks, crowds = [], []
    for entry in annotations.slices.load(rows):
        mask = mask_of(entry["segmentation"], *size)
        if entry.get("iscrowd") == 1:
            crowds.append(mask)
        elif mask.area:
            number = entry.get("category_id")
            masks.append(LabelledMask(mask, annotations.names[number] if _known(number, annotations.names) else None))
    return Labels(tuple(masks), Mask.union(crowds) if crowds else None, complete)
