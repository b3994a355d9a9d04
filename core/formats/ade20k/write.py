"""ADE20K, as its scene-parsing benchmark has it: annotations/SPLIT/NAME.png of the photo images/SPLIT/NAME.

A pixel is 0 for other, void, and k + 1 for the category with the id k; that step is in `value_of_id` and nowhere else.
8 bits up to the id 254, else 16. objectInfo.txt lists Idx (the pixel's value), the share of all labelled pixels, images
with it in training and in validation, whether it is stuff, and its name, apart by tabs.
Source: Zhou et al., Scene Parsing through ADE20K Dataset, 2017, and its development kit's objectInfo150.txt.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np

from core.annotation.errors import FormatError
from core.annotation.labels import LabelSet
from core.annotation.views import SEMANTIC_VOID, semantic_view
from core.formats.exported import ExportImage, FormatReport, Loss, Tally, write_file
from core.formats.label_maps import label_map_png
from core.formats.semantic_png.write import count_semantic, semantic_losses

IMAGES_FOLDER = "images"
LABELS_FOLDER = "annotations"
INFO_FILE = "objectInfo.txt"
COLUMNS = ("Idx", "Ratio", "Train", "Val", "Stuff", "Name")
# The largest value of 16 bits.
MAX_ID = 65_534
# What the set calls the splits.
FOLDERS: Mapping[str, str] = {"train": "training", "val": "validation", "test": "testing"}


def value_of_id(category_id: int) -> int:
    """The pixel value of a category; SEMANTIC_VOID becomes 0."""
    return category_id + 1


def photo_place(image: ExportImage) -> str:
    """Where an export has an image's photo."""
    return f"{IMAGES_FOLDER}/{_folder(image)}/{image.export_name}"


def write_ade20k(images: Iterable[ExportImage], label_set: LabelSet, folder: Path) -> FormatReport:
    """Write annotations/ and objectInfo.txt into `folder`. Raises FormatError for a category id over MAX_ID."""
    most = max((category.id for category in label_set), default=0)
    if most > MAX_ID:
        raise FormatError(f"category {label_set.get(most).name!r} has the id {most}, over {MAX_ID}; use COCO")
    bits = 8 if value_of_id(most) < 256 else 16
    tally, seen = Tally(), _Seen(value_of_id(most))
    split_in: dict[str, str] = {}
    for image in images:
        split = split_in.setdefault(_folder(image), image.split)
        if split != image.split:
            raise FormatError(
                f"the splits {split!r} and {image.split!r} are one in ADE20K; split anew with other names"
            )
        view = semantic_view(image.truth, label_set)
        labels = folder / LABELS_FOLDER / _folder(image)
        labels.mkdir(parents=True, exist_ok=True)
        write_file(labels / image.png_name, label_map_png(view + value_of_id(0), bits))
        count_semantic(tally, image, view, label_set)
        seen.add(view, _folder(image))
    (folder / LABELS_FOLDER).mkdir(exist_ok=True)
    write_file(folder / INFO_FILE, seen.info(label_set))
    gaps = most + 1 - len(label_set) if len(label_set) else 0
    losses = [
        *semantic_losses(tally, "other (0)"),
        Loss("id-gaps", gaps, "value", f"up to {value_of_id(most)} without a category, as the ids leave gaps"),
    ]
    return tally.report(losses, [f"{LABELS_FOLDER}/", INFO_FILE])


class _Seen:
    """How many pixels and images have a category; what objectInfo.txt tells beside names."""

    def __init__(self, most_value: int) -> None:
        self._pixels = np.zeros(most_value + 1, dtype=np.int64)
        self._images = {
            folder: np.zeros(most_value + 1, dtype=np.int64) for folder in (FOLDERS["train"], FOLDERS["val"])
        }

    def add(self, view: np.ndarray, folder: str) -> None:
        counts = np.bincount(view[view != SEMANTIC_VOID], minlength=self._pixels.size)
        self._pixels += counts
        if folder in self._images:
            self._images[folder] += counts > 0

    def info(self, label_set: LabelSet) -> bytes:
        every = max(int(self._pixels.sum()), 1)
        rows = [
            (
                value_of_id(category.id),
                f"{self._pixels[category.id] / every:.4f}",
                self._images[FOLDERS["train"]][category.id],
                self._images[FOLDERS["val"]][category.id],
                int(not category.is_thing),
                category.name,
            )
            for category in label_set
        ]
        return "".join("\t".join(map(str, row)) + "\n" for row in (COLUMNS, *rows)).encode()


def _folder(image: ExportImage) -> str:
    return FOLDERS.get(image.split, image.split)
