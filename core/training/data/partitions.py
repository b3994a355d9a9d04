"""Partitions of whole images without categories, by several people (BSDS500): `PART/NAME.webp`, `PART/NAME_k.png`."""

from __future__ import annotations

from functools import partial
from glob import escape
from pathlib import Path

import numpy as np

from core.formats.label_maps import read_label_map
from core.training.data.images import (
    Candidate,
    Content,
    LabelledImage,
    LabelledMask,
    Labels,
    Skipped,
    masks_of_ids,
    photos_in,
)


def read_partitions(folder: Path, *, complete: bool) -> Content:
    """The images of all parts of a set; the readings are in order of k. Photos without a partition are skipped."""
    candidates, skipped = [], []
    for part in sorted(path for path in folder.iterdir() if path.is_dir()):
        for photo in photos_in(part):
            if is_label(photo):
                continue
            files = tuple(label_files(photo))
            if files:
                readers = tuple(partial(_labels, path, complete) for path in files)
                candidates.append(Candidate(LabelledImage(photo, readers), files))
            else:
                skipped.append(Skipped(f"{part.name}/{photo.name}", f"has no {photo.stem}_0.png beside it"))
    return Content((), tuple(candidates), tuple(skipped))


def label_files(photo: Path) -> list[Path]:
    """The partitions of a photo, lowest k first."""
    return sorted(
        (path for path in photo.parent.glob(f"{escape(photo.stem)}_*.png") if _number(path, photo.stem) is not None),
        key=lambda path: (_number(path, photo.stem), path.name),
    )


def is_label(path: Path) -> bool:
    """Whether a file is named like a partition, NAME_k.png."""
    return path.suffix == ".png" and path.stem.rpartition("_")[2].isdecimal()


def _number(path: Path, stem: str) -> int | None:
    """The k of a partition STEM_k.png."""
    number = path.stem.removeprefix(f"{stem}_")
    return int(number) if number.isdecimal() else None


def _labels(path: Path, complete: bool) -> Labels:
    ids = read_label_map(path)
    values = [int(value) for value in np.unique(ids)]
    return Labels(tuple(LabelledMask(mask, None) for mask in masks_of_ids(ids, values)), None, complete)
