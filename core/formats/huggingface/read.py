"""Hugging Face image folders in: metadata.jsonl with a line a photo, or images/ with labels/, and id2label.json.

A line's map is the file of its column `…_file_name`, or `label`, `annotation`, `mask` or `segmentation`. With
segments_info (id, category_id, iscrowd) the map's values are segments, 0 void; without, they are the keys of
id2label.json, and 0, 255 and 65535 are void where that does not name them. A map of colours counts R + 256·G + 256²·B.
Keys are kept as the categories' ids; the labels.json of our exports gives ids and kinds back. Splits are folders.
"""

from __future__ import annotations

import reprlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from core.annotation.errors import FormatError
from core.annotation.labels import Category
from core.annotation.mask import Mask
from core.formats.huggingface.write import METADATA_FILE, NAMES_FILE
from core.formats.images.read import visible_files
from core.formats.imported import DataSet, Problem, ReadImage, ReadSegment
from core.formats.json_files import load_json, parse_json
from core.formats.label_folders import (
    Entry,
    Meaning,
    Part,
    checked_category,
    data_set,
    folder_of,
    folders_in,
    label_files,
    unknown_values,
    unlabelled,
    whole_entries,
    whole_segments,
)
from core.formats.label_maps import masks_of, read_numbers_or_colours
from core.formats.labels_file import LABELS_FILE, read_labels
from core.formats.places import PHOTO_SUFFIXES, Photos, inside, split_named

# A line names an image's segments, at most 2,000 of them.
MAX_LINE_BYTES = 2**20
_COLUMNS = ("label", "annotation", "mask", "segmentation")
_ENDING = "_file_name"
_FOLDERS = ("labels", "annotations", "masks")
_VOID = (0, 255, 65_535)


@dataclass(frozen=True)
class _Part:
    """A metadata.jsonl, and the folder of photos that its names are looked for in first, where one was given."""

    folder: Path
    name: str
    split: str
    photos: Photos


def read_huggingface(place: Path, photos: Path | None) -> DataSet:
    """Open the set at its folder, id2label.json or metadata.jsonl. Raises FormatError."""
    root = folder_of(place)
    if not (root / NAMES_FILE).is_file() and (root.parent / NAMES_FILE).is_file():
        root = root.parent
    if not (root / NAMES_FILE).is_file():
        raise FormatError(f"{root} has no {NAMES_FILE}, so nothing names its categories; give the folder with it")
    categories, category_of = _categories(root)
    silent = [value for value in _VOID if value not in category_of]
    meaning = Meaning(category_of, silent, NAMES_FILE)
    entries = _entries(list(_parts(root, photos)), meaning)
    entries = entries or [entry for part in _pairs(root, photos) for entry in whole_entries(part, meaning)]
    if not entries:
        raise FormatError(f"{root} has neither {METADATA_FILE} nor images/ with labels/, in it or in folders of splits")
    return data_set(categories, entries)


def _categories(root: Path) -> tuple[tuple[Category, ...], Mapping[int, int]]:
    """The categories, and their ids by the keys of id2label.json."""
    names = load_json(root / NAMES_FILE)
    if not isinstance(names, dict) or not all(key.isascii() and key.isdigit() and len(key) < 10 for key in names):
        raise FormatError(f"{NAMES_FILE}: names categories by whole numbers, got {reprlib.repr(names)}")
    for key, name in names.items():
        if not isinstance(name, str):
            raise FormatError(f"{NAMES_FILE}: {key} has a name that is no text: {reprlib.repr(name)}")
    named = {int(key): name for key, name in names.items()}
    if (root / LABELS_FILE).is_file():
        known, _ = read_labels(root / LABELS_FILE, "index")
        if {number: category.name for number, category in known.items()} == named:
            return tuple(known.values()), {number: category.id for number, category in known.items()}
    found = [checked_category(NAMES_FILE, number, name, True) for number, name in named.items()]
    return tuple(found), {number: number for number in named}


def _parts(root: Path, photos: Path | None) -> Iterator[_Part]:
    data = [("data/", folder) for folder in folders_in(root / "data")]
    for above, folder in [("", root), *(("", folder) for folder in folders_in(root)), *data]:
        if (folder / METADATA_FILE).is_file():
            part = "" if folder in (root, root / "data") else folder.name
            theirs = () if photos is None else (photos / part, photos)
            name = "" if folder == root else f"{above}{folder.name}/"
            yield _Part(folder, name, split_named(part), Photos((*theirs, folder)))


def _pairs(root: Path, photos: Path | None) -> Iterator[Part]:
    """images/ with labels/, each with folders for splits or in such folders."""
    given = () if photos is None else (photos,)
    for name in _FOLDERS:
        for folder in (root, *folders_in(root)):
            above, split = ("", "") if folder == root else (f"{folder.name}/", split_named(folder.name))
            if label_files(folder / name):
                yield Part(f"{above}{name}", folder / name, (*given, folder / "images"), split=split)
        for labels in folders_in(root / name):
            if label_files(labels):
                theirs = tuple(folder / labels.name for folder in given)
                own = (*theirs, root / "images" / labels.name)
                yield Part(f"{name}/{labels.name}", labels, own, given, split_named(labels.name))


def _entries(parts: Sequence[_Part], meaning: Meaning) -> list[Entry]:
    """The lines of each metadata.jsonl, then the photos that none of them names."""
    named: set[Path] = set()
    entries = [entry for part in parts for entry in _lines(part, meaning, named)]
    folders = {part.folder for part in parts}
    for part in parts:
        there = (part.folder / name for name in visible_files(part.folder) if name.lower().endswith(PHOTO_SUFFIXES))
        own = (photo for photo in there if next(folder for folder in photo.parents if folder in folders) == part.folder)
        entries += [unlabelled(photo, part.split) for photo in own if photo not in named]
    return entries


def _lines(part: _Part, meaning: Meaning, named: set[Path]) -> Iterator[Entry]:
    """The lines of a metadata.jsonl, found again by their place in the file; what they name joins `named`."""
    path = part.folder / METADATA_FILE
    with path.open("rb") as file:
        while line := file.readline(MAX_LINE_BYTES + 1):
            if len(line) > MAX_LINE_BYTES:
                raise FormatError(f"{part.name}{METADATA_FILE}: has a line over {MAX_LINE_BYTES} bytes")
            if not line.strip():
                continue
            start = file.tell() - len(line)
            shown = f"{part.name}{METADATA_FILE}"
            try:
                row = _row(line)
                named.update(part.folder / name for name in _files(row))
                shown = f"{part.name}{row['file_name']}"
            except FormatError:
                pass  # reading the line says so
            yield Entry(shown, partial(_image, part, start, meaning))


def _row(line: bytes) -> dict[str, object]:
    try:
        row = parse_json(line.decode("utf-8-sig"), METADATA_FILE)
    except UnicodeDecodeError as error:
        raise FormatError(f"{METADATA_FILE}: has a line that is no UTF-8 text; save it as UTF-8") from error
    if not isinstance(row, dict) or not isinstance(row.get("file_name"), str):
        raise FormatError(f"{METADATA_FILE}: has a line without a file_name: {reprlib.repr(row)}")
    return row


def _files(row: Mapping[str, object]) -> list[str]:
    """The photo, then the maps that the line names, of which the first counts."""
    columns = [key for key in row if key.endswith(_ENDING)] + [key for key in _COLUMNS if key in row]
    maps = [name for key in columns if isinstance(name := row[key], str)]
    return [str(row["file_name"]), *maps]


def _image(part: _Part, start: int, meaning: Meaning) -> ReadImage:
    with (part.folder / METADATA_FILE).open("rb") as file:
        file.seek(start)
        row = _row(file.readline(MAX_LINE_BYTES + 1))
    name, *maps = _files(row)
    photo = part.photos.named(name)
    number = row.get("image_id")
    read = ReadImage(name, photo, labelled=False, id=number if type(number) is int else None, split=part.split)
    if not maps:
        return read
    ids, _ = read_numbers_or_colours(inside(part.folder, maps[0]))
    shown = f"{part.name}{maps[0]}"
    if "segments_info" in row:
        segments, problems = _segments(masks_of(ids, without=(0,)), row["segments_info"], meaning, shown)
    else:
        segments, problems = whole_segments(ids, meaning, shown)
    return ReadImage(name, photo, segments, ids.shape, True, read.id, part.split, problems)


def _segments(
    masks: dict[int, Mask], infos: object, meaning: Meaning, file: str
) -> tuple[tuple[ReadSegment, ...], tuple[Problem, ...]]:
    """The segments that the line tells of, and the problems of map and line that do not fit."""
    segments: list[ReadSegment] = []
    problems: list[Problem] = []
    for place, info in enumerate(infos if isinstance(infos, list) else [infos], start=1):
        try:
            segments.append(_segment(masks, info, meaning.category_of))
        except FormatError as error:
            problems.append(Problem(f"{file}", f"segment {place}", str(error)))
    return tuple(segments), (*problems, *unknown_values(masks, file, "segments_info"))


def _segment(masks: dict[int, Mask], info: object, category_of: Mapping[int, int]) -> ReadSegment:
    """A segment, whose mask is taken out of `masks`."""
    if not isinstance(info, dict):
        raise FormatError(f"is no segment with id and category_id: {reprlib.repr(info)}")
    number, category = info.get("id"), info.get("category_id")
    if type(number) is not int or number not in masks:
        raise FormatError(f"has the id {reprlib.repr(number)}, which no pixel of the map has, or an earlier one took")
    if type(category) is not int or category not in category_of:
        raise FormatError(f"has the category_id {reprlib.repr(category)}, which {NAMES_FILE} does not name")
    return ReadSegment(masks.pop(number), category_of[category], info.get("iscrowd") in (1, True), number)
