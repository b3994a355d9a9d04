"""Plain photos: a folder of them, or a single one."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from core.annotation.errors import FormatError
from core.formats.imported import DataSet, ReadImage
from core.formats.label_folders import Entry, data_set
from core.formats.places import inside


def visible_files(folder: Path) -> list[str]:
    """The names, with / between, of every file below `folder` that is not hidden, nor in a hidden folder, sorted."""
    names = (path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    return sorted(name for name in names if not any(part.startswith(".") for part in name.split("/")))


def read_photo_folder(place: Path, photos: Path | None) -> DataSet:
    """Every file of the folder, what is no photo too, so that it is refused by name; nothing of it is labelled.

    Raises FormatError where there is no file.
    """
    if photos is not None:
        raise FormatError("plain photos have one folder; give it as the data set and leave out the folder of photos")
    if place.is_file():
        return data_set((), [Entry(place.name, partial(_photo, place.parent, place.name))])
    names = visible_files(place) if place.is_dir() else []
    if not names:
        raise FormatError(f"{place} is neither a photo nor a folder with files; give the folder with the photos")
    return data_set((), [Entry(name, partial(_photo, place, name)) for name in names])


def _photo(folder: Path, name: str) -> ReadImage:
    return ReadImage(name, inside(folder, name), labelled=False)
