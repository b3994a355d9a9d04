"""Pascal VOC in: each object is a segment; without SegmentationObject/ each category of an image is one.

The values are named by labels.json as its export writes it, else by labelmap.txt, else they are VOC's twenty. A line's
place in labelmap.txt, from 1 without that of background, is the value and the category's id. PNGs of colours, as CVAT
and datumaro write them, are understood by the colours of that list. 0 is nothing; 255, and the colour that VOC draws
borders in, is void: one unlabelled segment on top. The lists in ImageSets/Segmentation give the splits;
photos in none of them and without a PNG are left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from core.annotation.errors import FormatError
from core.annotation.labels import Category, Colour
from core.annotation.mask import Mask
from core.formats.imported import DataSet, Problem, ReadImage, ReadSegment
from core.formats.label_folders import (
    Entry,
    checked_category,
    data_set,
    folder_of,
    itself,
    label_files,
    labels_by_name,
    text_lines,
    unknown_values,
)
from core.formats.label_maps import Ids, masks_of, read_numbers_or_colours
from core.formats.labels_file import LABELS_FILE, read_labels
from core.formats.places import Photos, split_named
from core.formats.voc.write import (
    BACKGROUND,
    BACKGROUND_NAME,
    CLASS_FOLDER,
    IMAGES_FOLDER,
    LISTS_FOLDER,
    NAMES_FILE,
    OBJECT_FOLDER,
    PALETTE,
    VOID,
)

NAMES = (
    "aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow", "diningtable", "dog",
    "horse", "motorbike", "person", "pottedplant", "sheep", "sofa", "train", "tvmonitor",
)  # fmt: skip
VOID_COLOUR = (224, 224, 192)
_SPLITS = ("train", "val", "test")
# A list of two splits together says less than theirs.
_JOINT_LIST = "trainval"
# Above all values of a PNG with numbers: what a colour becomes that nothing names.
_UNNAMED = 1 << 16


@dataclass(frozen=True)
class _Names:
    """What values and colours stand for; `file` says so."""

    category_of: Mapping[int, Category]
    value_of: Mapping[Colour, int]
    file: str


_SILENT_COLOURS = {PALETTE[BACKGROUND]: BACKGROUND, VOID_COLOUR: VOID}
_OBJECT_OF = {**{colour: value for value, colour in enumerate(PALETTE)}, VOID_COLOUR: VOID}


@dataclass(frozen=True)
class _Set:
    """An open set: its two maps of each photo by its name, its photos, and what its values mean."""

    labels: Mapping[str, Path]
    objects: Mapping[str, Path]
    photos: Photos
    names: _Names


def read_voc(place: Path, photos: Path | None) -> DataSet:
    """Open the set at the folder that has SegmentationClass/, or at its labelmap.txt. Raises FormatError."""
    folder = folder_of(place)
    if not (folder / CLASS_FOLDER).is_dir():
        raise FormatError(f"{folder} has no {CLASS_FOLDER}/; give the folder with it, such as VOCdevkit/VOC2012")
    own = () if photos is None else (photos,)
    labels, objects = (labels_by_name(folder / name) for name in (CLASS_FOLDER, OBJECT_FOLDER))
    opened = _Set(labels, objects, Photos((*own, folder / IMAGES_FOLDER, folder)), _names(folder))
    split_of, problems = _listed(folder / LISTS_FOLDER)
    for stem in labels:
        split_of.setdefault(stem, "")
    if not split_of:
        raise FormatError(f"{folder} has no PNG in {CLASS_FOLDER}/ and no list in {LISTS_FOLDER}/")
    entries = [
        Entry(f"{CLASS_FOLDER}/{stem}.png", partial(_image, stem, split, opened)) for stem, split in split_of.items()
    ]
    return data_set(opened.names.category_of.values(), entries, problems)


def _listed(folder: Path) -> tuple[dict[str, str], tuple[Problem, ...]]:
    """The split of each name in the lists, the first that has it, and the lists that cannot be read."""
    lists = {path.stem: path for path in label_files(folder, ".txt")}
    order = [*_SPLITS, *sorted(set(lists) - {*_SPLITS, _JOINT_LIST}), _JOINT_LIST]
    split_of: dict[str, str] = {}
    problems = []
    for split in (name for name in order if name in lists):
        try:
            for stem in filter(None, text_lines(lists[split])):
                split_of.setdefault(stem, "" if split == _JOINT_LIST else split_named(split))
        except FormatError as error:
            problems.append(Problem(f"{LISTS_FOLDER}/{split}.txt", "", str(error).removeprefix(f"{split}.txt: ")))
    return split_of, tuple(problems)


def _image(stem: str, split: str, opened: _Set) -> ReadImage:
    photo = opened.photos.with_stem(stem)
    if stem not in opened.labels:
        return ReadImage(photo.name, photo, labelled=False, split=split)
    categories, unnamed = _values(itself(opened.labels[stem]), opened.names.value_of)
    numbers = _values(itself(opened.objects[stem]), _OBJECT_OF)[0] if stem in opened.objects else None
    if numbers is not None and numbers.shape != categories.shape:
        (height, width), (own_height, own_width) = numbers.shape, categories.shape
        raise FormatError(f"is {own_width}×{own_height}, but {width}×{height} in {OBJECT_FOLDER}/; take intact copies")
    segments, problems = _segments(categories, numbers, opened.names, unnamed, f"{CLASS_FOLDER}/{stem}.png")
    return ReadImage(photo.name, photo, segments, categories.shape, split=split, problems=problems)


def _values(path: Path, value_of: Mapping[Colour, int]) -> tuple[Ids, Mapping[int, str]]:
    """The values of a map [H, W], and the colours that nothing names by the values they got."""
    ids, are_colours = read_numbers_or_colours(path)
    if not are_colours:
        return ids, {}
    codes, places = np.unique(ids, return_inverse=True)
    values, unnamed = np.empty(codes.size, dtype=np.int32), {}
    for place, code in enumerate(codes.tolist()):
        colour = (code & 0xFF, code >> 8 & 0xFF, code >> 16)
        values[place] = value_of.get(colour, _UNNAMED + place)
        if colour not in value_of:
            unnamed[_UNNAMED + place] = f"colour {colour[0]},{colour[1]},{colour[2]}"
    return values[places.reshape(ids.shape)], unnamed


def _segments(
    categories: Ids, objects: Ids | None, names: _Names, unnamed: Mapping[int, str], file: str
) -> tuple[tuple[ReadSegment, ...], tuple[Problem, ...]]:
    """The objects from the lowest number, void on top. A pixel's category decides what of it is void or nothing."""
    segments: list[ReadSegment] = []
    problems: list[Problem] = []
    unknown: dict[int, Mask] = {}
    for value, mask in masks_of(categories, without=(BACKGROUND, VOID)).items():
        if value not in names.category_of:
            unknown[value] = mask
        elif objects is None:
            segments.append(ReadSegment(mask, names.category_of[value].id))
    if objects is not None:
        segments, problems = _objects(categories, objects, names, file)
    void = categories == VOID
    if void.any():
        segments.append(ReadSegment(Mask.from_array(void), None))
    problems += unknown_values(unknown, file, names.file, unnamed)
    return tuple(segments), tuple(problems)


def _objects(categories: Ids, objects: Ids, names: _Names, file: str) -> tuple[list[ReadSegment], list[Problem]]:
    """A segment for each object and category in it, and a problem where the two maps do not agree."""
    span = int(categories.max()) + 1
    # Object and category in one number: each pair is a part of its own.
    parts = masks_of(objects.astype(np.int64) * span + categories)
    segments, problems = [], []
    seen: set[int] = set()
    for pair, mask in parts.items():
        number, value = divmod(pair, span)
        is_object, is_named = number not in (BACKGROUND, VOID), value in names.category_of
        if is_object and value == BACKGROUND:
            problems.append(Problem(file, f"object {number}", f"has no category at {mask.area} pixels, left out"))
        elif is_named and not is_object:
            name = names.category_of[value].name
            problems.append(Problem(file, name, f"belongs to no object at {mask.area} pixels, left out"))
        elif is_object and is_named:
            if number in seen:
                reason = "has several categories; each became a segment"
                problems.append(Problem(file, f"object {number}", reason, taken=True))
            segments.append(ReadSegment(mask, names.category_of[value].id, id=None if number in seen else number))
            seen.add(number)
    return segments, problems


def _names(folder: Path) -> _Names:
    if (folder / LABELS_FILE).is_file():
        categories, _ = read_labels(folder / LABELS_FILE, "index")
        wrong = [value for value in categories if not BACKGROUND < value < VOID]
        if wrong:
            raise FormatError(f"{LABELS_FILE}: the index {wrong[0]} is not between 0, background, and {VOID}, void")
        return _Names(categories, {PALETTE[value]: value for value in categories} | _SILENT_COLOURS, LABELS_FILE)
    if (folder / NAMES_FILE).is_file():
        return _labelmap(folder / NAMES_FILE)
    categories = {
        value: checked_category("VOC", value, name, True, PALETTE[value]) for value, name in enumerate(NAMES, 1)
    }
    return _Names(categories, {PALETTE[value]: value for value in categories} | _SILENT_COLOURS, "VOC's names")


def _labelmap(path: Path) -> _Names:
    rows = [_row(path.name, line) for line in text_lines(path) if line and not line.startswith("#")]
    categories: dict[int, Category] = {}
    value_of = dict(_SILENT_COLOURS)
    value_of |= {colour: BACKGROUND for name, colour in rows if _is_background(name) and colour is not None}
    for value, (name, colour) in enumerate((row for row in rows if not _is_background(row[0])), start=1):
        shown = colour or (PALETTE[value] if value < VOID else None)
        if colour != VOID_COLOUR:
            categories[value] = checked_category(path.name, value, name, True, shown)
            value_of |= {} if shown is None else {shown: value}
    return _Names(categories, value_of, path.name)


def _is_background(name: str) -> bool:
    return name.strip().lower() == BACKGROUND_NAME


def _row(file: str, line: str) -> tuple[str, Colour | None]:
    """Name and colour of a line `name:r,g,b:parts:actions`, whose end may be missing."""
    name, *rest = line.rsplit(":", 3) if line.count(":") >= 3 else line.split(":")
    if not rest or not rest[0].strip():
        return name, None
    try:
        red, green, blue = (int(part) for part in rest[0].split(","))
    except ValueError as error:
        raise FormatError(f"{file}: {line!r:.120} is no name:r,g,b::") from error
    return name, (red, green, blue)
