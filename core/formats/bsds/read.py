"""BSDS partitions in: whole photos divided into regions without categories, by several people each.

Layouts: PART/NAME with PART/NAME_0.png, NAME_1.png …, a pixel's value being its region; or as BSDS500 comes,
images/PART/NAME with groundTruth/PART/NAME.mat. The parts train, val and test are splits. An image has one truth, so
the partition is taken that is most like the others (`nearest_to_others`); its regions are unlabelled segments.
Source: Arbeláez et al., Contour Detection and Hierarchical Image Segmentation, 2011, and the files of BSDS500.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt

from core.annotation.errors import FormatError
from core.formats.bsds.matlab import cells_of_structs
from core.formats.bsds.partitions import nearest_to_others
from core.formats.imported import DataSet, ReadImage, ReadSegment
from core.formats.json_files import read_capped
from core.formats.label_folders import (
    Entry,
    data_set,
    folder_of,
    folders_in,
    itself,
    label_files,
    photos_without,
    unlabelled,
)
from core.formats.label_maps import Ids, masks_of, read_label_map
from core.formats.photo import MAX_PIXELS
from core.formats.places import Photos, split_named

TRUTH_FOLDER = "groundTruth"
IMAGES_FOLDER = "images"
_NUMBERED = re.compile(r"(.+)_(\d{1,6})\.png", re.IGNORECASE)
# BSDS500's own have half a megabyte.
MAX_MAT_BYTES = 64 * 2**20
# The regions are numbers of 16 bits there.
_MOST = 65_535


def read_bsds(place: Path, photos: Path | None) -> DataSet:
    """Open the set at its folder. Raises FormatError."""
    folder = folder_of(place)
    has_mats = (folder / TRUTH_FOLDER).is_dir()
    labels, own = (folder / TRUTH_FOLDER, folder / IMAGES_FOLDER) if has_mats else (folder, folder)
    find = _mat_files if has_mats else _png_files
    above = (own,) if photos is None else (photos, own)
    found = {part: find(labels / part) for part in ("", *(path.name for path in folders_in(labels)))}
    if not any(found.values()):
        raise FormatError(
            f"{folder} has neither NAME_0.png beside its photos, there or in PART/, nor {TRUTH_FOLDER}/PART/NAME.mat"
        )
    return data_set((), [entry for part, files in found.items() for entry in _entries(part, files, above)])


def _entries(part: str, files: Mapping[str, Sequence[Path]], above: Sequence[Path]) -> Iterator[Entry]:
    own = [folder / part for folder in above]
    photos = Photos((*own, *above))
    for stem, paths in files.items():
        file = "/".join(filter(None, (part, paths[0].name)))
        yield Entry(file, partial(_image, stem, part, paths, photos))
    # A folder of photos that was given may be that of all parts, so it tells nothing of an empty root.
    if part or files:
        labels = {path.stem for paths in files.values() for path in paths}
        place = next((folder for folder in own if folder.is_dir()), own[-1])
        yield from (unlabelled(photo, split_named(part)) for photo in photos_without(place, {*files, *labels}))


def _image(stem: str, part: str, paths: Sequence[Path], photos: Photos) -> ReadImage:
    photo = photos.with_stem(stem)
    files = [itself(path) for path in paths]
    is_mat = files[0].suffix.lower() == ".mat"
    partitions = _mat_partitions(files[0]) if is_mat else [read_label_map(path) for path in files]
    regions = partitions[nearest_to_others(partitions)]
    segments = tuple(ReadSegment(mask, None, id=value or None) for value, mask in masks_of(regions).items())
    return ReadImage(photo.name, photo, segments, regions.shape, split=split_named(part))


def _png_files(folder: Path) -> dict[str, list[Path]]:
    """The partitions of each photo, lowest number first."""
    numbered = [
        (match[1], int(match[2]), path) for path in label_files(folder) if (match := _NUMBERED.fullmatch(path.name))
    ]
    stems = {stem for stem, _, _ in numbered}
    files: dict[str, list[Path]] = {}
    for stem, _, path in sorted(numbered):
        # A photo may itself end in a number.
        if path.stem not in stems:
            files.setdefault(stem, []).append(path)
    return files


def _mat_files(folder: Path) -> dict[str, list[Path]]:
    return {path.stem: [path] for path in label_files(folder, ".mat")}


def _mat_partitions(path: Path) -> list[Ids]:
    """The partitions in a MATLAB file: each cell of `groundTruth` is a struct with a matrix `Segmentation`."""
    content = read_capped(path, MAX_MAT_BYTES)
    maps = cells_of_structs(content, TRUTH_FOLDER, "Segmentation", name=path.name)
    if not maps or not all(map(_is_partition, maps)):
        raise FormatError(f"{path.name}: its groundTruth holds no maps of numbers up to {_MOST}; take an intact copy")
    return [one.astype(np.int32) for one in maps]


def _is_partition(values: npt.NDArray[np.integer]) -> bool:
    return values.size <= MAX_PIXELS and bool(values.min() >= 0 and values.max() <= _MOST)
