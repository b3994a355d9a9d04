"""Cityscapes in: things one by one, stuff and groups one segment a category; a group of things is a crowd.

The categories are those of labels.json beside gtFine/, else Cityscapes' own. Where a set has only …_labelIds.png, all
things of a category in an image are one group. A segment's id is its value in …_instanceIds.png.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from core.annotation.errors import FormatError
from core.annotation.labels import Category
from core.formats.cityscapes.labels import CATEGORIES
from core.formats.cityscapes.write import IMAGES_FOLDER, LABELS_FOLDER, PER_CATEGORY, VOID, category_map
from core.formats.imported import DataSet, Problem, ReadImage, ReadSegment
from core.formats.label_folders import (
    Entry,
    data_set,
    folder_of,
    folders_in,
    itself,
    labels_by_name,
    photos_without,
    unknown_values,
    unlabelled,
)
from core.formats.label_maps import Ids, masks_of, read_label_map
from core.formats.labels_file import LABELS_FILE, read_labels
from core.formats.places import Photos, split_named

_PHOTO_ENDING = f"_{IMAGES_FOLDER}"
_INSTANCES = f"_{LABELS_FOLDER}_instanceIds.png"
_CATEGORIES = f"_{LABELS_FOLDER}_labelIds.png"


@dataclass(frozen=True)
class _Part:
    """The label files of a city, `place` is SPLIT/CITY; `photos` are its own folders of them."""

    place: str
    instances: Mapping[str, Path]
    categories: Mapping[str, Path]
    photos: tuple[Path, ...]

    @property
    def names(self) -> list[str]:
        return sorted({*self.instances, *self.categories})

    @property
    def split(self) -> str:
        return split_named(self.place.partition("/")[0])


def read_cityscapes(place: Path, photos: Path | None) -> DataSet:
    """Open the set at the folder that has gtFine/, at gtFine/ itself, or at labels.json. Raises FormatError."""
    folder = folder_of(place)
    if folder.name == LABELS_FOLDER and not (folder / LABELS_FOLDER).is_dir():
        folder = folder.parent
    parts = list(_parts(folder, photos))
    if not any(part.names for part in parts):
        raise FormatError(
            f"{folder} has no {LABELS_FOLDER}/SPLIT/CITY/NAME{_INSTANCES} and no …{_CATEGORIES}; "
            f"give the folder with {LABELS_FOLDER}/"
        )
    listed = folder / LABELS_FILE
    categories = tuple(read_labels(listed, "id")[0].values()) if listed.is_file() else CATEGORIES
    by_id = {category.id: category for category in categories}
    shared = () if photos is None else (photos,)
    return data_set(categories, [entry for part in parts for entry in _entries(part, shared, by_id)])


def _parts(folder: Path, photos: Path | None) -> Iterator[_Part]:
    above = [folder / IMAGES_FOLDER]
    if photos is not None:
        above = [photos, photos / IMAGES_FOLDER, *above]
    places: set[str] = set()
    for root in (folder / LABELS_FOLDER, *above):
        for split in folders_in(root):
            places |= {split.name, *(f"{split.name}/{city.name}" for city in folders_in(split))}
    for place in sorted(places):
        labels = folder / LABELS_FOLDER / place
        instances, categories = (labels_by_name(labels, ending) for ending in (_INSTANCES, _CATEGORIES))
        yield _Part(place, instances, categories, tuple(root / place for root in above))


def _entries(part: _Part, shared: tuple[Path, ...], categories: Mapping[int, Category]) -> Iterator[Entry]:
    photos = Photos((*part.photos, *shared))
    for name in part.names:
        yield Entry(f"{LABELS_FOLDER}/{part.place}/{name}", partial(_image, part, name, photos, categories))
    labelled = {name + _PHOTO_ENDING for name in part.names} | set(part.names)
    own = next((folder for folder in part.photos if folder.is_dir()), None)
    if own is not None:
        yield from (unlabelled(photo, part.split) for photo in photos_without(own, labelled))


def _image(part: _Part, name: str, photos: Photos, categories: Mapping[int, Category]) -> ReadImage:
    photo = _photo(photos, name)
    instances, labels = part.instances.get(name), part.categories.get(name)
    ids = read_label_map(itself(instances or part.categories[name]))
    file = f"{LABELS_FOLDER}/{part.place}/{name}"
    problems = _disagreement(ids, labels, file) if instances and labels else ()
    segments, unknown = _segments(ids, categories, file)
    own_name = photo.stem.removesuffix(_PHOTO_ENDING) + photo.suffix
    return ReadImage(own_name, photo, segments, ids.shape, split=part.split, problems=(*problems, *unknown))


def _photo(photos: Photos, name: str) -> Path:
    try:
        return photos.with_stem(name + _PHOTO_ENDING)
    except FormatError as missing:
        try:
            return photos.with_stem(name)
        except FormatError:
            raise missing from None


def _disagreement(ids: Ids, labels: Path, file: str) -> tuple[Problem, ...]:
    categories = read_label_map(itself(labels))
    if categories.shape != ids.shape:
        (height, width), (labels_height, labels_width) = ids.shape, categories.shape
        raise FormatError(
            f"is {width}×{height}, but {labels_width}×{labels_height} in {labels.name}; take intact copies"
        )
    wrong = int((category_map(ids) != categories).sum())
    reason = f"has another category in {labels.name} at {wrong} pixels; the instance ids were taken"
    return (Problem(file, "", reason),) if wrong else ()


def _segments(
    ids: Ids, categories: Mapping[int, Category], file: str
) -> tuple[tuple[ReadSegment, ...], tuple[Problem, ...]]:
    known, unknown = [], {}
    for value, mask in masks_of(ids, without=(VOID,)).items():
        group = value < PER_CATEGORY
        category = categories.get(value if group else value // PER_CATEGORY)
        if category is None:
            unknown[value] = mask
        else:
            known.append(ReadSegment(mask, category.id, crowd=group and category.is_thing, id=value))
    names_in = f"{LABELS_FILE} or Cityscapes' labels"
    return tuple(known), unknown_values(unknown, file, names_in)
