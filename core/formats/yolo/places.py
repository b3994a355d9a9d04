"""Where YOLO's data sets have photos and labels: in folders or lists, as data.yaml names them for some computer.

Of a place that starts elsewhere, or with .., the longest end that is here counts, with the folder that says the split
if there is one. Labels lie where `labels` stands for
the last `images` in a photo's path, or beside the photo.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from core.annotation.errors import FormatError
from core.formats.images.read import visible_files
from core.formats.imported import Problem
from core.formats.json_files import read_text
from core.formats.places import PHOTO_SUFFIXES, YEAR, ends_with, inside, says_a_split, split_named
from core.formats.yolo.yaml_file import DataFile

MAX_LIST_BYTES = 64 * 2**20


@dataclass(frozen=True)
class Item:
    """A photo of a split: `name` in `folder`; its labels are `label` in `labels`, where that file is there."""

    folder: Path
    name: str
    labels: Path
    label: str
    split: str


def items_of(data: DataFile, root: Path, photos: Path | None, problems: list[Problem]) -> Iterator[Item]:
    """The photos of all splits, each once, with the problems of what is not found."""
    seen: set[Path] = set()
    places: set[Path] = set()
    alone = len({said for _, said in data.places}) == 1
    for split, said in data.places:
        again = 0
        try:
            place = _place(split, said, root, photos, alone=alone)
            # Who has no val names train there once more, as ultralytics asks for both.
            if place in places:
                continue
            places.add(place)
            for item in _listed(place, said, split_named(split), root, photos, problems):
                path = item.folder / item.name
                again += path in seen
                if path not in seen:
                    seen.add(path)
                    yield item
        except FormatError as error:
            problems.append(Problem(data.name, f"{split}:", str(error)))
        if again:
            reason = f"names {again} photos that an earlier split has, or names them twice; each is taken once"
            problems.append(Problem(data.name, f"{split}:", reason, taken=True))


def left_over(items: Sequence[Item]) -> list[Path]:
    """The label files of the folders of labels that no photo has, without labelImg's list of names."""
    known = {item.labels / item.label for item in items}
    folders = {(item.labels / item.label).parent for item in items if item.labels != item.folder}
    found = (path for folder in sorted(folders) if folder.is_dir() for path in sorted(folder.glob("*.txt")))
    return [path for path in found if path not in known and path.name != "classes.txt"]


def _place(split: str, said: str, root: Path, photos: Path | None, *, alone: bool) -> Path:
    """The folder or list of a split; photos that are given lie there directly where there is no other place."""
    parts = _parts(said)
    if not parts:
        return root if photos is None else photos
    telling = [place for place, part in enumerate(parts) if part == split or says_a_split(YEAR.sub("", part))]
    try:
        return _found(said, root, photos, PurePosixPath(*parts[telling[-1] if telling else -1 :]))
    except FormatError:
        if photos is None or not alone:
            raise
        return photos


def _found(said: str, root: Path, photos: Path | None, end: PurePosixPath) -> Path:
    """The folder or file of the longest end of a path that is here, `end` at least; first in the folder of photos."""
    parts = _parts(said)
    for base in (root,) if photos is None else (photos, root):
        for start in range(len(parts) + 1):
            path = inside(base, "/".join(parts[start:])) if start < len(parts) else base
            if ends_with(path, end) and path.exists():
                return path
    raise FormatError(f"{said!r:.120} is not in {root.name}/; name the folder of the photos (--images)")


def _parts(said: str) -> list[str]:
    """The parts of a path, as any system writes it, that name something."""
    parts = PurePosixPath(said.replace("\\", "/")).parts
    return [part for part in parts if part.strip("/.") and ":" not in part]


def _listed(
    place: Path, said: str, split: str, root: Path, photos: Path | None, problems: list[Problem]
) -> Iterator[Item]:
    if place.is_dir():
        labels = _labels_of(_parts(said), place, root)
        for name in visible_files(place):
            if name.lower().endswith(PHOTO_SUFFIXES):
                yield Item(place, name, labels, _label_name(name), split)
        return
    for number, line in enumerate(read_text(place, MAX_LIST_BYTES).splitlines(), start=1):
        if parts := _parts(line.strip()):
            try:
                photo = _found(line.strip(), root, photos, PurePosixPath(parts[-1]))
                if not photo.is_file():
                    raise FormatError(f"{line.strip()!r:.120} is no photo of this data set")
                labels = _labels_of(parts[:-1], photo.parent, root)
                yield Item(photo.parent, photo.name, labels, _label_name(photo.name), split)
            except FormatError as error:
                problems.append(Problem(place.name, f"line {number}", str(error)))


def _label_name(photo: str) -> str:
    return str(PurePosixPath(photo).with_suffix(".txt"))


def _labels_of(parts: list[str], place: Path, root: Path) -> Path:
    """The folder of the label files for photos of a folder that data.yaml calls `parts` and that is `place` here."""
    if "images" not in parts:
        return place
    last = len(parts) - 1 - parts[::-1].index("images")
    mirrored = [*parts[:last], "labels", *parts[last + 1 :]]
    for start in range(last + 1):
        path = inside(root, "/".join(mirrored[start:]))
        if path.is_dir():
            return path
    return inside(root, "/".join(mirrored[last:]))
