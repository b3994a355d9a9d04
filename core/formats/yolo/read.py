"""YOLO segmentation in: data.yaml, photos in folders or lists, and beside each images/ a labels/ with a file a photo.

Read as people have it: names as a list or a mapping, splits as folders, lists of folders or list files inside the data
set, also train/images with train/labels. A class is its category's id; the labels.json of our exports gives ids and
kinds back. A photo without a label file is not labelled; an empty file says that nothing is on it. A box becomes a
rectangle and is reported. Source: docs.ultralytics.com/datasets/segment.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt

from core.annotation.errors import FormatError, LabelSetError
from core.annotation.labels import Category, distinct_colour
from core.annotation.truth import MAX_SEGMENTS
from core.formats.imported import DataSet, Problem, ReadImage, ReadSegment
from core.formats.json_files import read_text
from core.formats.label_folders import Entry, data_set
from core.formats.labels_file import LABELS_FILE, read_labels
from core.formats.photo import photo_size
from core.formats.places import inside
from core.formats.polygons import Ring, as_ring, fill
from core.formats.yolo.places import Item, items_of, left_over
from core.formats.yolo.yaml_file import DataFile, read_data_file

# Outlines with about a million points.
MAX_LABEL_BYTES = 16 * 2**20
# How far an outline may leave the image, in its sizes; further out they are pixels, not fractions.
_FARTHEST = 1.0
_BOX_NUMBERS = 4


def read_yolo(place: Path, photos: Path | None) -> DataSet:
    """Open the set at its folder or data.yaml. Raises FormatError."""
    path = _data_file(place)
    data, root = read_data_file(path), path.parent
    problems: list[Problem] = []
    categories = _categories(data, root / LABELS_FILE, problems)
    items = list(items_of(data, root, photos, problems))
    if not items:
        told = "; ".join(map(str, problems[:3])) or f"the folders that {data.name} names have no photo"
        raise FormatError(f"no photo was found: {told}")
    entries = [Entry(item.name, partial(_image, item, root, categories)) for item in items]
    entries += [Entry(_shown(path, root), _without_photo) for path in left_over(items)]
    return data_set(categories.values(), entries, problems)


def _data_file(place: Path) -> Path:
    if place.is_file():
        return place
    found = sorted([*place.glob("*.yaml"), *place.glob("*.yml")]) if place.is_dir() else []
    named = [path for path in found if path.stem == "data"] or found
    if len(named) != 1:
        told = ", ".join(path.name for path in named) or "none"
        raise FormatError(f"looked for one data.yaml in {place} and found {told}; give the file itself")
    return named[0]


def _categories(data: DataFile, labels: Path, problems: list[Problem]) -> Mapping[int, Category]:
    """The categories by class; what labels.json says of them as long as it has the same names."""
    if labels.is_file():
        try:
            known, _ = read_labels(labels, "index")
            if {number: category.name for number, category in known.items()} == data.names:
                return known
            problems.append(Problem(labels.name, "", f"has other names than {data.name}; ids and kinds are not taken"))
        except FormatError as error:
            problems.append(Problem(labels.name, "", str(error).removeprefix(f"{labels.name}: ")))
    found = {}
    for number, name in sorted(data.names.items()):
        try:
            found[number] = Category(number, name.strip(), True, distinct_colour(number))
        except LabelSetError as error:
            problems.append(Problem(data.name, f"name {number}", f"cannot be used: {error}"))
    return found


def _without_photo() -> ReadImage:
    raise FormatError("has no photo; put it where data.yaml says")


def _shown(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else path.name


def _image(item: Item, root: Path, categories: Mapping[int, Category]) -> ReadImage:
    photo, label = inside(item.folder, item.name), inside(item.labels, item.label)
    if not label.is_file():
        return ReadImage(item.name, photo, labelled=False, split=item.split)
    lines = read_text(label, MAX_LABEL_BYTES).splitlines()
    size = photo_size(photo, name=item.name)
    segments, problems = _segments(lines, size, categories, _shown(label, root))
    return ReadImage(item.name, photo, tuple(segments), size, split=item.split, problems=tuple(problems))


def _segments(
    lines: list[str], size: tuple[int, int], categories: Mapping[int, Category], file: str
) -> tuple[list[ReadSegment], list[Problem]]:
    segments: list[ReadSegment] = []
    problems: list[Problem] = []
    boxes = []
    for number, line in enumerate(lines, start=1):
        tokens = line.split()
        if tokens and len(segments) + len(problems) == MAX_SEGMENTS:
            reason = f"is beyond the {MAX_SEGMENTS} segments of an image; it and the rest are left out"
            problems.append(Problem(file, f"line {number}", reason))
            break
        try:
            if tokens:
                segments.append(_segment(tokens, size, categories))
                boxes += [number] * (len(tokens) == 1 + _BOX_NUMBERS)
        except FormatError as error:
            problems.append(Problem(file, f"line {number}", str(error)))
    if boxes:
        told = ", ".join(map(str, boxes[:5])) + (" …" if len(boxes) > 5 else "")
        problems.append(Problem(file, f"line {told}", "is a box and became a rectangle; draw its outline", taken=True))
    return segments, problems


def _segment(tokens: list[str], size: tuple[int, int], categories: Mapping[int, Category]) -> ReadSegment:
    try:
        number = float(tokens[0])
        values = np.array(tokens[1:], dtype=np.float64)
    except ValueError as error:
        raise FormatError(f"holds something else than numbers: {' '.join(tokens[:6]):.60}") from error
    category = categories.get(int(number)) if number.is_integer() else None
    if category is None:
        raise FormatError(f"has the class {tokens[0]:.20}, which data.yaml does not name")
    mask = fill([_outline(values, size)], *size)
    if mask.area == 0:
        raise FormatError("holds no pixel's centre, so nothing of it would be seen")
    return ReadSegment(mask, category.id)


def _outline(values: npt.NDArray[np.float64], size: tuple[int, int]) -> Ring:
    """Corners in pixels of fractions x, y, x, y, …, or of a box's centre and size."""
    height, width = size
    if len(values) % 2:
        raise FormatError(f"has {len(values)} coordinates, an odd number; each point has two")
    too_far = ~(np.abs(values - 0.5) <= 0.5 + _FARTHEST)
    if too_far.any():
        raise FormatError(f"has the coordinate {values[too_far][0]:g}; they are fractions of the image, from 0 to 1")
    points = values.reshape(-1, 2) * (width, height)
    if len(values) == _BOX_NUMBERS:
        (left, top), (right, bottom) = points[0] - points[1] / 2, points[0] + points[1] / 2
        points = np.array([[left, top], [right, top], [right, bottom], [left, bottom]])
    return as_ring(points, what="outline")
