"""A COCO file in a first pass: where each image and annotation stands, and which belong together.

An annotation takes 32 bytes here, whatever its mask.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt

from core.annotation.errors import FormatError, LabelSetError
from core.annotation.labels import Category
from core.formats.coco.json_slices import Rows, Slices, scan
from core.formats.coco.tables import Entry, category_of, entry_of, is_whole
from core.formats.imported import Problem
from core.formats.places import posix_path

# Far past any label set; each takes a kilobyte.
MAX_CATEGORIES = 100_000
# Of annotations without an image; the rest are counted.
MAX_LISTED = 1_000
_NO_ID = -(2**63)
_TEXT_IDS = 2**62


@dataclass(frozen=True, eq=False)
class CocoIndex:
    """One COCO file, which messages call `name`.

    categories: as they stand there, those that can be used.   used: the category ids that annotations have.
    images, annotations: where the entries stand.   repeated_images: whether an image's id was there before.
    alone: whether no other image has a file name with the same last part.
    order, firsts: the annotations of image i are order[firsts[i]:firsts[i + 1]], in the file's order.
    problems: of the categories, and annotations of no image.
    """

    path: Path
    name: str
    categories: tuple[Category, ...]
    used: frozenset[float]
    images: Slices
    annotations: Slices
    repeated_images: npt.NDArray[np.bool_]
    alone: npt.NDArray[np.bool_]
    order: Rows
    firsts: Rows
    problems: tuple[Problem, ...]

    @property
    def count(self) -> int:
        return len(self.images.bounds)

    @property
    def labelled(self) -> bool:
        """Whether images without an annotation are known to have none."""
        return len(self.annotations.bounds) > 0

    @cached_property
    def known(self) -> frozenset[int]:
        """The ids of the categories."""
        return frozenset(category.id for category in self.categories)

    def rows_of(self, image: int) -> Rows:
        """The annotations of an image, in the file's order."""
        return self.order[self.firsts[image] : self.firsts[image + 1]]

    def problem(self, item: str, reason: str, *, taken: bool = False) -> Problem:
        return Problem(self.name, item, reason, taken)


def read_index(path: Path, name: str, categories_of: Callable[[Entry], Iterable[object]]) -> CocoIndex:
    """Index a COCO file. `categories_of` gives an annotation's category ids. Raises FormatError for no such file."""
    keys = _Keys()
    images, annotations = _Table(), _Table()
    last_parts = array("q")
    categories = _Categories(name)
    used: set[float] = set()

    def add_image(item: object, first: int, last: int) -> None:
        entry = entry_of(item)
        key = keys.of(entry.get("id"))
        images.add(first, last, key, key)
        last_parts.append(hash(posix_path(str(entry.get("file_name"))).name))

    def add_annotation(item: object, first: int, last: int) -> None:
        entry = entry_of(item)
        annotations.add(first, last, number_of(entry.get("id")), keys.of(entry.get("image_id")))
        for number in categories_of(entry):
            if is_whole(number):
                used.add(number)

    scan(path, {"annotations": add_annotation, "categories": categories.add, "images": add_image})
    images_of = _positions(annotations.image_keys, images.image_keys)
    order = np.argsort(images_of, kind="stable")
    homeless = int((images_of < 0).sum())
    return CocoIndex(
        path=path,
        name=name,
        categories=tuple(categories.found),
        used=frozenset(used),
        images=Slices(path, images.bounds),
        annotations=Slices(path, annotations.bounds),
        repeated_images=_repeats(images.image_keys),
        alone=_alone(np.frombuffer(last_parts, dtype=np.int64)),
        order=order[homeless:],
        firsts=np.searchsorted(images_of[order[homeless:]], np.arange(images.count + 1)),
        problems=(*categories.problems, *_homeless(name, np.sort(order[:homeless]), annotations.ids)),
    )


def annotation_name(number: int, row: int) -> str:
    """What messages call an annotation: by its id, or else by its place in the list."""
    return f"annotation number {row + 1}" if number == _NO_ID else f"annotation {number}"


def number_of(value: object) -> int:
    """A whole number that fits 63 bits, or _NO_ID."""
    if type(value) is int and -_TEXT_IDS < value < _TEXT_IDS:
        return value
    return int(value) if is_whole(value) and abs(value) < _TEXT_IDS else _NO_ID


class _Keys:
    """A number for each image id: itself, or one past all of them for a text."""

    def __init__(self) -> None:
        self._texts: dict[str, int] = {}

    def of(self, value: object) -> int:
        if isinstance(value, str):
            return self._texts.setdefault(value, _TEXT_IDS + len(self._texts))
        return number_of(value)


class _Table:
    """Entries as they come, 8 bytes a number."""

    def __init__(self) -> None:
        self._numbers = array("q")

    def add(self, first: int, last: int, number: int, image_key: int) -> None:
        self._numbers.extend((first, last, number, image_key))

    @property
    def count(self) -> int:
        return len(self._numbers) // 4

    @property
    def _rows(self) -> Rows:
        return np.frombuffer(self._numbers, dtype=np.int64).reshape(-1, 4)

    @property
    def bounds(self) -> Rows:
        return self._rows[:, :2]

    @property
    def ids(self) -> Rows:
        return self._rows[:, 2]

    @property
    def image_keys(self) -> Rows:
        return self._rows[:, 3]


class _Categories:
    """The categories as they come."""

    def __init__(self, file_name: str) -> None:
        self._file_name = file_name
        self._seen = 0
        self.found: list[Category] = []
        self.problems: list[Problem] = []

    def add(self, item: object, first: int, last: int) -> None:
        self._seen += 1
        if self._seen > MAX_CATEGORIES:
            raise FormatError(f"{self._file_name} has more than {MAX_CATEGORIES} categories; split the data set")
        try:
            self.found.append(category_of(entry_of(item), len(self.found)))
        except (FormatError, LabelSetError) as error:
            name, reason = f"category number {self._seen}", f"has no usable id and name ({error})"
            self.problems.append(Problem(self._file_name, name, reason))


def _positions(keys: Rows, of: Rows) -> Rows:
    """The place in `of` of each key, the first of several, −1 where it is not there."""
    if not of.size:
        return np.full(keys.size, -1, dtype=np.int64)
    order = np.argsort(of, kind="stable")
    places = np.minimum(np.searchsorted(of, keys, sorter=order), of.size - 1)
    found = order[places]
    return np.where((of[found] == keys) & (keys != _NO_ID), found, -1)


def _repeats(ids: Rows) -> npt.NDArray[np.bool_]:
    """Whether each id stands earlier in the list too."""
    repeats = ids != _NO_ID
    repeats[np.unique(ids, return_index=True)[1]] = False
    return np.asarray(repeats)


def _alone(values: Rows) -> npt.NDArray[np.bool_]:
    """Whether each value stands in the list once."""
    _, places, counts = np.unique(values, return_inverse=True, return_counts=True)
    return np.asarray(counts[places] == 1)


def _homeless(file_name: str, rows: Rows, ids: Rows) -> list[Problem]:
    problems = [
        Problem(file_name, annotation_name(int(ids[row]), int(row)), "belongs to no image: no image has its image_id")
        for row in rows[:MAX_LISTED]
    ]
    if rows.size > MAX_LISTED:
        problems.append(Problem(file_name, f"{rows.size - MAX_LISTED} more annotations", "belong to no image either"))
    return problems
