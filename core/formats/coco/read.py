"""COCO instances, read: masks as pycocotools has them, every id as it stands, splits by the images or the files.

Source: the COCO data format, cocodataset.org/#format-data.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from core.annotation.errors import FormatError
from core.annotation.mask import MAX_PIXELS, Mask
from core.annotation.truth import MAX_SEGMENTS
from core.formats.coco.index import CocoIndex, annotation_name, number_of, read_index
from core.formats.coco.json_slices import Rows
from core.formats.coco.masks import masks_of_segmentations
from core.formats.coco.places import instance_files, photos_of, place_in, split_of
from core.formats.coco.tables import Entry, entry_of, image_fault, is_whole, shown
from core.formats.imported import DataSet, Problem, ReadImage, ReadSegment
from core.formats.places import Photos, ends_with, posix_path, split_named

# Of all annotations of one image, which are in memory together.
MAX_IMAGE_BYTES = 32 * 2**20
# Images and annotations that are read together, since masks are unpacked many times faster so.
_IMAGES_AT_ONCE = 256
_ANNOTATIONS_AT_ONCE = 512


@dataclass(frozen=True)
class ImageEntry:
    """An image of a file.   number: its place there.   size: (height, width).   item: what messages call it.
    remarks: on its photo."""

    number: int
    entry: Entry
    item: str
    photo: Path
    size: tuple[int, int]
    remarks: tuple[Problem, ...] = ()


@dataclass
class ReadTruth:
    """What was read of an image's truth.   labelled: whether the segments are all of it."""

    segments: list[ReadSegment] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    labelled: bool = True


# Reads the truth of each of some images.
TruthReader = Callable[[CocoIndex, Sequence[ImageEntry]], list[ReadTruth]]


def read_coco(place: Path, photos: Path | None) -> DataSet:
    """A data set of COCO instances: its folder, or its JSON file. Raises FormatError when there is none.

    An image without an annotation counts as labelled, unless the file has no annotation at all.
    """
    indexes = [read_index(path, place_in(place, path), _category_of) for path in instance_files(place)]
    return data_set_of(indexes, photos, _read_truths)


def data_set_of(indexes: list[CocoIndex], photos: Path | None, read_truths: TruthReader) -> DataSet:
    """One data set of several files, which must agree in their categories."""
    for index in indexes[1:]:
        _check_same_categories(indexes[0], index)
    used = frozenset(chain.from_iterable(index.used for index in indexes))
    return DataSet(
        categories=indexes[0].categories,
        count=sum(index.count for index in indexes),
        images=partial(_images, indexes, photos, read_truths),
        uses=used.__contains__,
        problems=tuple(chain.from_iterable(index.problems for index in indexes)),
    )


def _category_of(entry: Entry) -> Iterable[object]:
    return (entry.get("category_id"),)


def _check_same_categories(first: CocoIndex, other: CocoIndex) -> None:
    ours, theirs = ({(one.id, one.name, one.is_thing) for one in index.categories} for index in (first, other))
    if ours != theirs:
        number, name, _ = min(ours ^ theirs)
        raise FormatError(
            f"{first.name} and {other.name} have different categories, such as {number} {name!r}; "
            "import them one by one"
        )


def _images(indexes: list[CocoIndex], photos: Path | None, read_truths: TruthReader) -> Iterator[ReadImage | Problem]:
    for index in indexes:
        places, split = photos_of(index.path, photos), split_of(index.path)
        for numbers in _together(index):
            found = [
                _image_entry(index, number, entry_of(item), places)
                for number, item in zip(numbers.tolist(), index.images.load(numbers), strict=True)
            ]
            images = [one for one in found if isinstance(one, ImageEntry)]
            truths = dict(zip((image.number for image in images), read_truths(index, images), strict=True))
            for one in found:
                yield one if isinstance(one, Problem) else _read_image(one, truths.pop(one.number), split)


def _together(index: CocoIndex) -> Iterator[Rows]:
    """The places of all images in order, in parts with few annotations; an image with many stands alone."""
    bounds = index.annotations.bounds[index.order]
    lengths = np.concatenate(([0], np.cumsum(bounds[:, 1] - bounds[:, 0])))
    start = 0
    while start < index.count:
        before = index.firsts[start]
        ends = index.firsts[start + 1 : start + 1 + _IMAGES_AT_ONCE]
        few = (ends - before <= _ANNOTATIONS_AT_ONCE) & (lengths[ends] - lengths[before] <= MAX_IMAGE_BYTES)
        stop = start + max(1, int(few.sum()))
        yield np.arange(start, stop)
        start = stop


def _read_image(image: ImageEntry, truth: ReadTruth, split: str) -> ReadImage:
    number, own = image.entry["id"], image.entry.get("split")
    return ReadImage(
        file_name=image.entry["file_name"],
        photo=image.photo,
        segments=tuple(truth.segments),
        size=image.size,
        labelled=truth.labelled,
        id=int(number) if is_whole(number) else None,
        split=split_named(own) if isinstance(own, str) and own else split,
        problems=(*image.remarks, *truth.problems),
    )


def _image_entry(index: CocoIndex, number: int, entry: Entry, photos: Photos) -> ImageEntry | Problem:
    name = entry.get("file_name")
    item = f"image {shown(name)}" if isinstance(name, str) and name else f"image number {number + 1}"
    try:
        photo, size = _photo_and_size(index, number, entry, photos)
    except FormatError as error:
        return index.problem(item, str(error))
    if ends_with(photo, posix_path(entry["file_name"])):
        return ImageEntry(number, entry, item, photo, size)
    remark = index.problem(item, f"is not where the file says; {photo.parent.name}/{photo.name} was taken", taken=True)
    return ImageEntry(number, entry, item, photo, size, (remark,))


def _photo_and_size(index: CocoIndex, number: int, entry: Entry, photos: Photos) -> tuple[Path, tuple[int, int]]:
    """Raises FormatError for an image of which nothing can be used."""
    fault = image_fault(entry)
    if fault is None and index.repeated_images[number]:
        fault = f"repeats the id {shown(entry['id'])} of another image"
    if fault is None and not isinstance(entry["file_name"], str):
        fault = f"has the file name {shown(entry['file_name'])}, which is no text"
    if fault is not None:
        raise FormatError(fault)
    height, width = int(entry["height"]), int(entry["width"])
    if height * width > MAX_PIXELS:
        raise FormatError(f"is {shown(width)}×{shown(height)} in the file, more than {MAX_PIXELS} pixels")
    return photos.named_elsewhere(entry["file_name"], alone=bool(index.alone[number])), (height, width)


def _read_truths(index: CocoIndex, images: Sequence[ImageEntry]) -> list[ReadTruth]:
    """The segments of each image in the file's order, and what of them cannot be used."""
    truths = [ReadTruth() for _ in images]
    places, rows = [], []
    for place, (image, truth) in enumerate(zip(images, truths, strict=True)):
        kept = _within_limits(index, image, truth)
        places += [place] * len(kept)
        rows += kept
    usable = []
    for place, row, item in zip(places, rows, index.annotations.each(rows), strict=True):
        entry = entry_of(item)
        fault = _fault(index, entry)
        if fault is None:
            usable.append((place, row, entry))
        else:
            truths[place].problems.append(_problem(index, row, entry, fault))
    masks = masks_of_segmentations(
        [entry.get("segmentation") for _, _, entry in usable], [images[place].size for place, _, _ in usable]
    )
    seen: set[tuple[int, ReadSegment]] = set()
    for (place, row, entry), mask in zip(usable, masks, strict=True):
        if isinstance(mask, str):
            truths[place].problems.append(_problem(index, row, entry, mask))
            continue
        segment = _segment(entry, mask)
        # The same again is a slip of the file's; others under one number are segments nevertheless.
        if segment.id is not None and (place, segment) in seen:
            truths[place].problems.append(_problem(index, row, entry, "stands there twice"))
        else:
            seen.add((place, segment))
            truths[place].segments.append(segment)
    for truth in truths:
        truth.labelled = index.labelled and (bool(truth.segments) or not truth.problems)
    return truths


def _segment(entry: Entry, mask: Mask) -> ReadSegment:
    number = entry.get("id")
    own = int(number) if is_whole(number) else None if number is None else 0
    return ReadSegment(mask, int(entry["category_id"]), entry.get("iscrowd") == 1, own)


def _problem(index: CocoIndex, row: int, entry: Entry, reason: str) -> Problem:
    return index.problem(annotation_name(number_of(entry.get("id")), row), reason)


def _within_limits(index: CocoIndex, image: ImageEntry, truth: ReadTruth) -> list[int]:
    """The annotations of an image that are read, the first ones; a problem where there are more."""
    rows = index.rows_of(image.number)
    bounds = index.annotations.bounds[rows]
    lengths = np.cumsum(bounds[:, 1] - bounds[:, 0])
    kept = min(MAX_SEGMENTS, int(np.searchsorted(lengths, MAX_IMAGE_BYTES, side="right")))
    if kept < rows.size:
        limit = f"{MAX_SEGMENTS} annotations or {MAX_IMAGE_BYTES} bytes of an image"
        reason = f"has {rows.size} annotations of {lengths[-1]} bytes, past {limit}; only the first {kept} go in"
        truth.problems.append(index.problem(image.item, reason))
    kept_rows: list[int] = rows[:kept].tolist()
    return kept_rows


def _fault(index: CocoIndex, entry: Entry) -> str | None:
    """Why an annotation cannot be used, whatever its mask."""
    category_id: Any = entry.get("category_id")
    if not is_whole(category_id) or category_id not in index.known:
        return f"has the category_id {shown(category_id)}, which no category has"
    return None
