"""Semantic PNGs in: a pixel's value names a category, and each category of an image becomes one whole segment.

Layouts: `masks/` with labels.json, as exports write them; `labels/` with labels.txt; PART-labels/ with
labels.txt in the root, whose photos lie in PART/ and belong to that split. Line i of labels.txt, from 0, names the
value i, which is kept as the category's id; the line `null` stands for a value that says nothing. Void are such values
and, unless they have a name, 255 and 65535. What labels.txt names is stuff.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from core.annotation.errors import FormatError
from core.annotation.labels import Category
from core.formats.imported import DataSet
from core.formats.label_folders import (
    Meaning,
    Part,
    checked_category,
    data_set,
    folder_of,
    folders_in,
    label_files,
    text_lines,
    whole_entries,
)
from core.formats.labels_file import LABELS_FILE, read_labels
from core.formats.places import split_named
from core.formats.semantic_png.write import FOLDER_NAME, NAMES_FILE

NOTHING = "null"
PHOTO_FOLDER = "images"
_VOID = (255, 65_535)
_PART_ENDING = "-labels"


def read_semantic_png(place: Path, photos: Path | None) -> DataSet:
    """Open the set at a folder, its labels.json or its labels.txt. Raises FormatError."""
    folder = folder_of(place)
    parts = list(_parts(folder, photos))
    if not parts:
        raise FormatError(
            f"{folder} has neither {FOLDER_NAME}/, labels/ nor PART{_PART_ENDING}/ with PNGs; give the folder above"
        )
    categories, meaning = _meaning(folder)
    return data_set(categories, [entry for part in parts for entry in whole_entries(part, meaning)])


def _parts(folder: Path, photos: Path | None) -> Iterator[Part]:
    given = () if photos is None else (photos,)
    for name in (FOLDER_NAME, "labels"):
        if label_files(folder / name):
            yield Part(name, folder / name, own=(*given, folder / PHOTO_FOLDER), shared=(folder,))
            return
    for labels in folders_in(folder):
        if labels.name.endswith(_PART_ENDING) and label_files(labels):
            split = labels.name.removesuffix(_PART_ENDING)
            own = (*(one / split for one in given), folder / split)
            yield Part(labels.name, labels, own, shared=given, split=split_named(split))


def _meaning(folder: Path) -> tuple[tuple[Category, ...], Meaning]:
    if (folder / LABELS_FILE).is_file():
        return _exported(folder / LABELS_FILE)
    if (folder / NAMES_FILE).is_file():
        return _listed(folder / NAMES_FILE)
    raise FormatError(
        f"{folder} has neither {LABELS_FILE} nor {NAMES_FILE}, so nothing tells what its values mean; add a "
        f"{NAMES_FILE}: a name a line, the first for the value 0, {NOTHING} for a value that says nothing"
    )


def _listed(path: Path) -> tuple[tuple[Category, ...], Meaning]:
    names = text_lines(path)
    if "" in names:
        raise FormatError(
            f"{path.name}: line {names.index('') + 1} is empty; write {NOTHING} for a value without a name"
        )
    named = {value: name for value, name in enumerate(names) if name != NOTHING}
    categories = tuple(checked_category(path.name, value, name, False) for value, name in named.items())
    silent = [value for value, name in enumerate(names) if name == NOTHING]
    silent += [value for value in _VOID if value >= len(names)]
    return categories, Meaning({value: value for value in named}, silent, path.name)


def _exported(path: Path) -> tuple[tuple[Category, ...], Meaning]:
    categories, void = read_indices(path)
    category_of = {index: category.id for index, category in categories.items()}
    return tuple(categories.values()), Meaning(category_of, (void,), path.name)


def read_indices(path: Path) -> tuple[dict[int, Category], int]:
    """The categories of a labels.json by their values, and the value of void. Raises FormatError."""
    categories, content = read_labels(path, "index")
    void = content.get("void")
    if type(void) is not int or void in categories:
        raise FormatError(f"{path.name}: void is a value that no category has, got {void!r:.40}; take an intact copy")
    return categories, void
