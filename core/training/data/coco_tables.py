"""What COCO's formats give to training: each category's name once, and the photos that are there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from core.annotation.errors import FormatError, LabelSetError
from core.annotation.labels import Category
from core.formats.coco.json_slices import Visit
from core.formats.coco.tables import Entry, category_of, entry_of, image_fault
from core.training.data.images import Skipped


@dataclass(frozen=True)
class ListedPhoto:
    """A photo that a COCO file names: its id there, its path, and the size that the file gives it, in pixels."""

    id: object
    path: Path
    height: int
    width: int


class ListedEntries:
    """Takes the categories and images of a file as they come."""

    def __init__(self) -> None:
        self.categories: list[object] = []
        self.images: list[object] = []

    @property
    def visits(self) -> dict[str, Visit]:
        return {
            "categories": lambda entry, first, last: self.categories.append(entry),
            "images": lambda entry, first, last: self.images.append(entry),
        }


def numbered(entries: Sequence[object]) -> Iterator[tuple[int, Entry]]:
    """The entries of a list of a COCO file, from 1; one that is no object has no fields."""
    return enumerate(map(entry_of, entries), start=1)


def read_categories(entries: Sequence[object]) -> tuple[tuple[Category, ...], dict[int, str], list[Skipped]]:
    """The categories, each name once; the name of each id; and what cannot be used.

    Several ids may share a name. Of an id's several names the first counts.
    """
    categories: dict[str, Category] = {}
    names: dict[int, str] = {}
    skipped = []
    for number, entry in numbered(entries):
        try:
            category = category_of(entry, len(categories))
        except (FormatError, LabelSetError) as error:
            skipped.append(Skipped(f"category number {number}", f"has no usable id and name ({error})"))
            continue
        if names.setdefault(category.id, category.name) != category.name:
            reason = f"has the id {category.id} of {names[category.id]!r}, which counts"
            skipped.append(Skipped(f"category {category.name!r}", reason))
        else:
            categories.setdefault(category.name, category)
    return tuple(categories.values()), names, skipped


def read_photos(entries: Sequence[object], folder: Path) -> tuple[dict[object, ListedPhoto], list[Skipped]]:
    """The photos by id, and those that cannot be used."""
    photos: dict[object, ListedPhoto] = {}
    skipped = []
    for number, entry in numbered(entries):
        name, number_of = entry.get("file_name"), entry.get("id")
        reason = image_fault(entry) or (f"repeats the id {number_of!r}" if number_of in photos else None)
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
