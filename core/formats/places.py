"""Where a data set's files lie. A name in it is another program's text: it leads nowhere but into its folders."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import NoReturn

from core.annotation.errors import FormatError

PHOTO_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff", ".gif")
# What common file systems take: of one name, and of a path with room for the folder it lies in.
MAX_NAME_BYTES = 255
MAX_PATH_BYTES = 2_000
# The words that data sets have for the parts that are train, val and test here.
_SPLITS = {"training": "train", "valid": "val", "validation": "val", "testing": "test"}
# train2017
YEAR = re.compile(r"[-_]?(19|20)\d\d$")
_FOLDER_MARKS = re.compile(r"[/\\:\0]")
_DRIVE = re.compile(r"[A-Za-z]:")


def split_named(word: str) -> str:
    """What a part of a data set is called here that is called `word` there; an own name stays."""
    known = _SPLITS.get(word.lower(), word.lower())
    return known if known in _SPLITS.values() else word


def says_a_split(word: str) -> bool:
    """Whether a name is one of the common words for a part of a data set."""
    return split_named(word) in _SPLITS.values()


def inside(folder: Path, name: str) -> Path:
    """The path of `name` in `folder`, which need not exist.

    Raises FormatError for a name that leads out: absolute, with a drive letter or `..`, or through a link.
    """
    parts = posix_path(name).parts
    if not parts or "\0" in name or name[0] in "/\\" or _DRIVE.match(name) or ".." in parts:
        raise FormatError(f"the name {name!r:.120} leads out of its folder; names are relative, without ..")
    if not _can_be_a_name(parts):
        raise FormatError(f"the name {name!r:.120} is none that a file can have; rename the file")
    path = folder.joinpath(*parts)
    if not path.resolve().is_relative_to(folder.resolve()):
        raise FormatError(f"the name {name!r:.120} leads out of its folder through a link; put the file there itself")
    return path


def _can_be_a_name(parts: Iterable[str]) -> bool:
    try:
        lengths = [len(os.fsencode(part)) for part in parts]
    except UnicodeEncodeError:
        return False
    return max(lengths) <= MAX_NAME_BYTES and sum(lengths) + len(lengths) <= MAX_PATH_BYTES


class Photos:
    """Finds the photos that a data set names, in `folders`, the first that has one."""

    def __init__(self, folders: Iterable[Path]) -> None:
        self._folders = tuple(folder for folder in folders if folder.is_dir())
        self._by_stem: dict[tuple[Path, str], Path | None] = {}
        self._listed: set[Path] = set()

    def named(self, name: str) -> Path:
        """The photo of this name. Raises FormatError when there is none, or the name leads out."""
        return self._found(name) or self._missing(name)

    def named_elsewhere(self, name: str, *, alone: bool) -> Path:
        """As `named`, also where the data set gives a path that begins elsewhere: `cam1/7.png` in a folder cam1, or,
        where that is nowhere and no other name ends so (`alone`), any 7.png."""
        return self._found(name) or self._with_last_part(name, alone=alone) or self._missing(name)

    def _found(self, name: str) -> Path | None:
        if not name:
            raise FormatError("has no file name")
        for folder in self._folders:
            plain = _plain_file(folder, name)
            path = plain or inside(folder, name)
            if plain or _is_file(path):
                return path
        return None

    def _with_last_part(self, name: str, *, alone: bool) -> Path | None:
        said = posix_path(name)
        if len(said.parts) < 2:
            return None
        folders = [folder for folder in self._folders if ends_with(folder, said.parent)]
        if alone and not any(inside(folder, str(said.parent)).is_dir() for folder in self._folders):
            folders = list(self._folders)
        paths = (inside(folder, said.name) for folder in folders)
        return next(filter(_is_file, paths), None)

    def _missing(self, name: str) -> NoReturn:
        raise FormatError(f"{name!r:.120} is not in {self._places()}")

    def with_stem(self, stem: str, folder: str = "") -> Path:
        """The photo that is called `stem` but for its extension, in the subfolder `folder` of one of the folders.

        Raises FormatError when there is none, or several, or the name or a link leads out.
        """
        for parent in self._folders:
            inside(parent, stem)
            place = inside(parent, folder) if folder else parent
            if place not in self._listed:
                self._list(place)
            if (place, stem) in self._by_stem:
                path = self._by_stem[place, stem]
                if path is None:
                    raise FormatError(f"{place.name}/ has several photos {stem!r:.120}; keep one of them")
                return inside(place, path.name)
        raise FormatError(f"no photo {stem!r:.120} is in {self._places()}")

    def _list(self, place: Path) -> None:
        self._listed.add(place)
        if not place.is_dir():
            return
        for path in sorted(place.iterdir()):
            if path.suffix.lower() in PHOTO_SUFFIXES and _is_file(path):
                key = (place, path.stem)
                self._by_stem[key] = None if key in self._by_stem else path

    def _places(self) -> str:
        names = ", ".join(f"{folder.name}/" for folder in self._folders)
        return names or "any folder: name the one with the photos (--images)"


def posix_path(name: str) -> PurePosixPath:
    """A path as any system writes it."""
    return PurePosixPath(name.replace("\\", "/"))


def ends_with(path: Path, end: PurePosixPath) -> bool:
    """Whether the last parts of a path are these."""
    return path.parts[-len(end.parts) :] == end.parts


def _plain_file(folder: Path, name: str) -> Path | None:
    """The file of this name where one look is enough: right in the folder, and no link; None says nothing."""
    if _FOLDER_MARKS.search(name):
        return None
    try:
        plain = stat.S_ISREG(os.lstat(f"{folder}/{name}").st_mode)
    except (OSError, ValueError):  # also a name that no file can have
        return None
    return folder / name if plain else None


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a name that no file can have
        return False
