"""Where a COCO data set has its JSON files, and where the photos of each may lie."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from core.annotation.errors import FormatError
from core.formats.coco.json_slices import scan
from core.formats.coco.tables import entry_of
from core.formats.places import YEAR, Photos, inside, says_a_split, split_named

INSTANCES = "instances"
PANOPTIC = "panoptic"
# The folder of COCO's own layout, beside those of the photos.
ANNOTATIONS = "annotations"
# Roboflow's name for the file in each split's folder.
_BESIDE_PHOTOS = "_annotations.coco"


def instance_files(place: Path) -> list[Path]:
    """The JSON files of COCO instances at a path, its splits where it has several. Raises FormatError for none."""
    patterns = [f"{INSTANCES}.json", f"{ANNOTATIONS}/{INSTANCES}_*.json", f"{INSTANCES}_*.json"]
    patterns += [f"{_BESIDE_PHOTOS}.json", f"*/{_BESIDE_PHOTOS}.json"]
    looked_for = f"{INSTANCES}.json, {ANNOTATIONS}/{INSTANCES}_*.json or another COCO file with masks"
    return _files(place, patterns, _holds_masks, looked_for)


def panoptic_files(place: Path) -> list[Path]:
    """The JSON files of COCO panoptic at a path, its splits where it has several. Raises FormatError for none."""
    patterns = [f"{PANOPTIC}.json", f"{ANNOTATIONS}/{PANOPTIC}_*.json", f"{PANOPTIC}_*.json"]
    looked_for = f"{PANOPTIC}.json or {ANNOTATIONS}/{PANOPTIC}_*.json with a folder of the same name beside it"
    found = _files(place, patterns, lambda path: path.with_suffix("").is_dir(), looked_for)
    return [path for path in found if path.with_suffix("").is_dir()] or found


def place_in(place: Path, path: Path) -> str:
    """What messages call a JSON file of the data set at `place`."""
    return path.relative_to(place).as_posix() if place.is_dir() else path.name


def split_of(path: Path) -> str:
    """The part of a data set that a JSON file holds, "" where its name does not say."""
    word = YEAR.sub("", _subject(path))
    return split_named(word) if says_a_split(word) else ""


def photos_of(path: Path, photos: Path | None) -> Photos:
    """The photos of the JSON file at `path`, of which `photos` may say the folder."""
    subject, year = _subject(path), YEAR.sub("", _subject(path))
    if photos is not None:
        return Photos(dict.fromkeys([photos / subject, photos / year, photos / "images", photos]))
    home = path.parent
    roots = [home.parent, home] if home.name == ANNOTATIONS else [home]
    names = (subject, f"images/{subject}", f"images/{year}", "images", "input_images", "")
    masks = path.with_suffix("")
    return Photos(dict.fromkeys(root / name for root in roots for name in names if root / name != masks))


def _files(place: Path, patterns: Sequence[str], suits: Callable[[Path], bool], looked_for: str) -> list[Path]:
    if place.is_file():
        return [place]
    if not place.is_dir():
        raise FormatError(f"there is no {place}; give the data set's folder or its JSON file")
    for pattern in patterns:
        found = sorted(place.glob(pattern))
        if found:
            return [inside(place, path.relative_to(place).as_posix()) for path in found]
    others = [path for path in _others(place) if suits(path)]
    if not others:
        raise FormatError(f"{place} has no {looked_for}; give the data set's folder or its JSON file")
    return others


def _others(place: Path) -> Iterator[Path]:
    for path in sorted([*place.glob("*.json"), *place.glob(f"{ANNOTATIONS}/*.json")]):
        with suppress(FormatError):
            yield inside(place, path.relative_to(place).as_posix())


class _SeenError(Exception):
    """The first item was seen, which is enough."""


def _holds_masks(path: Path) -> bool:
    """Whether the first annotation of a JSON file is one with a mask."""
    first: list[Any] = []

    def see(item: object, *_: int) -> None:
        first.append(item)
        raise _SeenError

    with suppress(FormatError, _SeenError):
        scan(path, {"annotations": see})
    return bool(first) and "segmentation" in entry_of(first[0])


def _subject(path: Path) -> str:
    """train2017 for annotations/instances_train2017.json, valid for valid/_annotations.coco.json."""
    if path.stem == _BESIDE_PHOTOS:
        return path.parent.name
    return path.stem.removeprefix(f"{INSTANCES}_").removeprefix(f"{PANOPTIC}_")
