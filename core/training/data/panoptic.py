"""COCO panoptic: a JSON beside a folder of the same name with one PNG an image, and the photos.

A pixel's id is R + 256·G + 256²·B; the JSON tells what each id is. The labels are complete; the id 0, ids that the
JSON does not name, and crowds are ignored. Source: the COCO panoptic format, cocodataset.org/#format-data.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from core.annotation.errors import TrainingError
from core.annotation.mask import Mask
from core.formats.coco.json_slices import Slices, scan
from core.formats.coco.tables import Entry, entry_of, is_image_id, is_whole
from core.formats.label_maps import read_rgb_ids
from core.training.data.coco_tables import ListedEntries, ListedPhoto, read_categories, read_photos
from core.training.data.images import Candidate, Content, LabelledImage, LabelledMask, Labels, Skipped

# Where photos lie, the first that is there; otherwise in a folder named like the JSON without "panoptic_".
PHOTO_FOLDERS = ("images", "input_images")
PREFIX = "panoptic_"


@dataclass(frozen=True, eq=False)
class _Annotations:
    slices: Slices
    names: Mapping[int, str]


def panoptic_files(folder: Path) -> list[Path]:
    """The JSON files of a folder that have a folder of the same name, with PNGs, beside them."""
    return sorted(path for path in folder.glob("*.json") if any(path.with_suffix("").glob("*.png")))


def read_panoptic(folder: Path, *, complete: bool) -> Content:
    """The categories and images of a folder; what cannot be used is skipped by name.

    Raises TrainingError when there are several such files or no photos, FormatError when it is no COCO file.
    """
    path = _the_file(folder)
    bounds: list[tuple[int, int]] = []
    entries: list[tuple[object, str]] = []

    def add(entry: object, first: int, last: int) -> None:
        fields = entry_of(entry)
        bounds.append((first, last))
        entries.append((fields.get("image_id"), str(fields.get("file_name"))))

    listed = ListedEntries()
    scan(path, {"annotations": add, **listed.visits})
    categories, names, skipped = read_categories(listed.categories)
    photos, missing = read_photos(listed.images, _photo_folder(folder, path))
    annotations = _Annotations(Slices(path, np.array(bounds, dtype=np.int64).reshape(-1, 2)), names)
    candidates = []
    for row, (number, label) in enumerate(entries):
        photo = photos.pop(number, None) if is_image_id(number) else None
        if photo is None:
            skipped.append(Skipped(f"labels {label!r:.120}", f"belong to no usable photo (image_id {number!r:.40})"))
        else:
            labels = path.with_suffix("") / Path(label.replace("\\", "/")).name
            candidates.append(_candidate(photo, labels, annotations, row, complete))
    skipped += [Skipped(f"photo {photo.path.name!r}", f"has no labels in {path.name}") for photo in photos.values()]
    return Content(categories, tuple(candidates), tuple(missing + skipped))


def _the_file(folder: Path) -> Path:
    files = panoptic_files(folder)
    if len(files) != 1:
        found = ", ".join(path.name for path in files)
        raise TrainingError(f"{folder} has several panoptic files ({found}); keep one a folder")
    return files[0]


def _photo_folder(folder: Path, path: Path) -> Path:
    names = [*PHOTO_FOLDERS, path.stem.removeprefix(PREFIX)]
    for photos in (folder / name for name in names):
        if photos.is_dir() and photos != path.with_suffix(""):
            return photos
    raise TrainingError(f"{folder} has labels but no photos; put them into {folder.name}/{PHOTO_FOLDERS[0]}/")


def _candidate(photo: ListedPhoto, labels: Path, annotations: _Annotations, row: int, complete: bool) -> Candidate:
    reader = partial(_labels, annotations, row, labels, complete)
    return Candidate(LabelledImage(photo.path, (reader,)), (labels,), (photo.height, photo.width))


def _labels(annotations: _Annotations, row: int, path: Path, complete: bool) -> Labels:
    ids = read_rgb_ids(path)
    segments = _segments(annotations.slices.load([row])[0])
    found, inverse = np.unique(ids, return_inverse=True)
    places = inverse.reshape(ids.shape)
    known = {int(number): place for place, number in enumerate(found)}
    masks, unknown = [], np.ones(len(found), dtype=bool)
    for number, segment in segments.items():
        if number in known and segment.get("iscrowd") != 1:
            unknown[known[number]] = False
            mask = Mask.from_array(places == known[number])
            masks.append(LabelledMask(mask, annotations.names.get(segment["category_id"])))
    ignored = unknown[places]
    return Labels(tuple(masks), Mask.from_array(ignored) if ignored.any() else None, complete)


def _segments(entry: Any) -> dict[int, Entry]:
    """The segments of an image by id, but for the void id 0."""
    segments = entry.get("segments_info") if isinstance(entry, dict) else None
    if not isinstance(segments, list) or not all(map(_is_segment, segments)):
        raise TrainingError("an image of a panoptic set has no usable segments_info; take an intact copy of the set")
    return {segment["id"]: segment for segment in segments if segment["id"] != 0}


def _is_segment(value: object) -> bool:
    return isinstance(value, dict) and all(is_whole(value.get(name)) for name in ("id", "category_id"))
