"""Partitions of whole images without categories, by several people (BSDS500): `PART/NAME.webp`, `PART/NAME_k.png`."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np

from core.annotation.errors import TrainingError
from core.training.data.images import LabelledImage, LabelledMask, Labels, masks_of_ids, photos_in, read_ids


def read_partitions(folder: Path) -> list[LabelledImage]:
    """The images of all parts of a set; the readings are in order of k. Raises TrainingError for one without labels."""
    images = []
    for part in sorted(path for path in folder.iterdir() if path.is_dir()):
        for photo in photos_in(part):
            if is_label(photo):
                continue
            readers = tuple(partial(_labels, path) for path in label_files(photo))
            if not readers:
                raise TrainingError(f"{part.name}/{photo.name} has no {photo.stem}_0.png beside it")
            images.append(LabelledImage(photo, readers))
    return images


def label_files(photo: Path) -> list[Path]:
    """The partitions of a photo, lowest k first."""
    return sorted(photo.parent.glob(f"{photo.stem}_*.png"), key=lambda path: int(path.stem.rpartition("_")[2]))


def is_label(path: Path) -> bool:
    """Whether a file is named like a partition, NAME_k.png."""
    return path.suffix == ".png" and path.stem.rpartition("_")[2].isdigit()


def _labels(path: Path) -> Labels:
    ids = read_ids(path)
    values = [int(value) for value in np.unique(ids)]
    return Labels(tuple(LabelledMask(mask, None) for mask in masks_of_ids(ids, values)), None, complete=True)
