"""What COCO's formats share: their lists of categories and of images."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, TypeGuard

from core.annotation.errors import LabelSetError, TrainingError
from core.annotation.labels import Category, distinct_colour
from core.training.data.images import Skipped

Entry = Mapping[str, Any]

# Category maps are int32.
LARGEST_ID = 2**31 - 1


@dataclass(frozen=True)
class ListedPhoto:
    """A photo that a COCO file names: its id there, its path, and the size that the file gives it, in pixels."""

    id: object
    path: Path
    height: int
    width: int


def entries_of(content: Mapping[str, Any], key: str, file_name: str) -> Iterator[tuple[int, Entry]]:
    """The numbered objects of a list of a COCO file. Raises TrainingError when it has no such list."""
    if not isinstance(content.get(key), list):
        raise TrainingError(f"{file_name} is no COCO file: it lacks a list of {key!r}")
    return ((number, entry if isinstance(entry, dict) else {}) for number, entry in enumerate(content[key], start=1))


def read_categories(
    content: Mapping[str, Any], file_name: str
) -> tuple[tuple[Category, ...], dict[int, str], list[Skipped]]:
    """The categories, each name once; the name of each id; and what cannot be used.

    Categories are things unless they have an `isthing` other than 1 or true. Several ids may share a name. Of an id's
    several names the first counts. Raises TrainingError when there is no list.
    """
    categories: dict[str, Category] = {}
    names: dict[int, str] = {}
    skipped = []
    for number, entry in entries_of(content, "categories", file_name):
        try:
            category = _category(entry, len(categories))
        except (LabelSetError, KeyError, TypeError) as error:
            skipped.append(Skipped(f"category number {number}", f"has no usable id and name ({error})"))
            continue
        if names.setdefault(category.id, category.name) != category.name:
            reason = f"has the id {category.id} of {names[category.id]!r}, which counts"
            skipped.append(Skipped(f"category {category.name!r}", reason))
        else:
            categories.setdefault(category.name, category)
    return tuple(categories.values()), names, skipped


def _category(entry: Entry, place: int) -> Category:
    number, name = entry["id"], entry["name"]
    if not is_whole(number) or number > LARGEST_ID:
        raise TypeError(f"id {number!r:.40}")
    if not isinstance(name, str):
        raise TypeError(f"name {name!r:.40}")
    return Category(int(number), " ".join(name.split()), entry.get("isthing", 1) == 1, distinct_colour(place))


def read_photos(
    content: Mapping[str, Any], folder: Path, file_name: str
) -> tuple[dict[object, ListedPhoto], list[Skipped]]:
    """The photos by id, and those that cannot be used. Raises TrainingError when there is no list."""
    photos: dict[object, ListedPhoto] = {}
    skipped = []
    for number, entry in entries_of(content, "images", file_name):
        name, number_of = entry.get("file_name"), entry.get("id")
        reason = _entry_problem(entry) or (f"repeats the id {number_of!r}" if number_of in photos else None)
        path = None if reason else find_photo(folder, str(name))
        if reason is None and path is None:
            reason = f"is not in {folder.name}/"
        if reason is not None or path is None:
            skipped.append(Skipped(f"photo {name!r:.120}" if name else f"photo number {number}", str(reason)))
        else:
            photos[number_of] = ListedPhoto(number_of, path, int(entry["height"]), int(entry["width"]))
    return photos, skipped


def find_photo(folder: Path, name: str) -> Path | None:
    """The photo of this name in `folder`, also where a file gives its path elsewhere; None when there is none.

    The name is another program's text: it leads nowhere but into the folder.
    """
    parts = PurePosixPath(name.replace("\\", "/")).parts
    inside = [parts] if parts and ".." not in parts and not name.startswith(("/", "\\")) else []
    for candidate in [*inside, parts[-1:]]:
        path = folder.joinpath(*candidate)
        try:
            if candidate and candidate != ("..",) and path.is_file():
                return path
        except (OSError, ValueError):  # a name that no file can have
            return None
    return None


def _entry_problem(entry: Entry) -> str | None:
    missing = {"id", "file_name", "height", "width"} - set(entry)
    if missing:
        return f"has no {', '.join(sorted(missing))} in the file"
    if not is_photo_id(entry["id"]):
        return f"has the id {entry['id']!r:.40}, which is neither a number nor a text"
    sides = entry["height"], entry["width"]
    if not all(is_whole(side) and side > 0 for side in sides):
        return f"has the impossible size {sides[1]!r:.20}×{sides[0]!r:.20} in the file"
    return None


def is_photo_id(value: object) -> bool:
    """Whether a file may name a photo so: a whole number or a text."""
    return isinstance(value, str) or is_whole(value)


def is_whole(value: object) -> TypeGuard[int | float]:
    """Whether a JSON value is a whole number; some programs write 3.0 for 3, which Python compares and hashes alike."""
    if isinstance(value, float):
        return value.is_integer()
    return isinstance(value, int) and not isinstance(value, bool)
