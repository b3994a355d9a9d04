"""ADE20K in: each category of an image becomes one whole segment; 0, other, is void.

The names stand in objectInfo.txt or objectInfo150.txt, in whatever columns its first line says; a pixel's value is the
Idx there, one more than the category's id. Label files may also lie in annotations/ without a split.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from core.annotation.errors import FormatError
from core.annotation.labels import Category
from core.formats.ade20k.write import IMAGES_FOLDER, LABELS_FOLDER, value_of_id
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
from core.formats.places import split_named

OTHER = 0


def read_ade20k(place: Path, photos: Path | None) -> DataSet:
    """Open the set at a folder or its objectInfo.txt. Raises FormatError."""
    folder = folder_of(place)
    parts = list(_parts(folder, photos))
    if not any(label_files(part.labels) for part in parts):
        raise FormatError(
            f"{folder} has no PNG in {LABELS_FOLDER}/ or {LABELS_FOLDER}/training/; give the folder above"
        )
    names = _info_file(folder, place)
    categories = _categories(names)
    meaning = Meaning({value_of_id(category.id): category.id for category in categories}, (OTHER,), names.name)
    return data_set(categories, [entry for part in parts for entry in whole_entries(part, meaning)])


def _parts(folder: Path, photos: Path | None) -> Iterator[Part]:
    """annotations/ itself, then each folder in it or in images/."""
    given = () if photos is None else (photos,)
    above = folder / LABELS_FOLDER
    # A folder of photos that was given may be that of all parts, with none of its own.
    flat = given if label_files(above) else ()
    yield Part(LABELS_FOLDER, above, own=(*flat, folder / IMAGES_FOLDER), shared=(folder,))
    named = (*folders_in(above), *folders_in(folder / IMAGES_FOLDER))
    for name in sorted({path.name for path in named}):
        own = (*(one / name for one in given), folder / IMAGES_FOLDER / name)
        yield Part(f"{LABELS_FOLDER}/{name}", above / name, own, shared=given, split=split_named(name))


def _info_file(folder: Path, place: Path) -> Path:
    if place.is_file():
        return place
    found = sorted(folder.glob("objectInfo*.txt"))
    if len(found) == 1:
        return found[0]
    several = f"several lists ({', '.join(path.name for path in found)})" if found else "no objectInfo.txt"
    raise FormatError(f"{folder} has {several}; ADE20K needs one, with the columns Idx and Name")


def _categories(path: Path) -> tuple[Category, ...]:
    """The categories of a list in the file's order."""
    head, *rows = [line.split("\t") for line in text_lines(path)] or [[]]
    columns = {name.strip().lower(): place for place, name in enumerate(head)}
    if not {"idx", "name"} <= columns.keys():
        raise FormatError(f"{path.name} has the columns {head!r:.200}; needed are Idx and Name, apart by tabs")
    return tuple(_category(path.name, line, row, columns) for line, row in enumerate(rows, start=2) if any(row))


def _category(file: str, line: int, row: list[str], columns: Mapping[str, int]) -> Category:
    try:
        value = int(row[columns["idx"]])
        name = row[columns["name"]]
        stuff = row[columns["stuff"]].strip() == "1" if "stuff" in columns else True
    except (IndexError, ValueError) as error:
        raise FormatError(f"{file}, line {line}: {row!r:.200} has no Idx and Name; take an intact copy") from error
    if value <= OTHER:
        raise FormatError(f"{file}, line {line}: the Idx {value} is no category, they begin at {value_of_id(0)}")
    return checked_category(f"{file}, line {line}", value - value_of_id(0), name, not stuff)
