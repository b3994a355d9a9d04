"""Instance PNGs: `images/` with `labels/`, whose pixels hold one id an instance; 0 is nothing. All are of one category.

Pixels may have 16 bits. The labels are complete.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np

from core.annotation.labels import MAX_NAME_LENGTH, Category, distinct_colour
from core.formats.label_maps import read_label_map
from core.training.data.images import Candidate, Content, LabelledImage, LabelledMask, Labels, masks_of_ids
from core.training.data.pairs import pair

NOTHING = 0


def read_instances(folder: Path, *, complete: bool, category: str | None) -> Content:
    """The images of a set; its things are called `category`, or, when that is None, like the folder."""
    name = category or "".join(filter(str.isprintable, folder.resolve().name))[:MAX_NAME_LENGTH].strip() or "thing"
    pairs, skipped = pair(folder / "images", folder / "labels")
    candidates = [
        Candidate(LabelledImage(photo, (partial(_labels, label, name, complete),)), (label,)) for photo, label in pairs
    ]
    return Content((Category(1, name, True, distinct_colour(0)),), tuple(candidates), tuple(skipped))


def _labels(path: Path, category: str, complete: bool) -> Labels:
    ids = read_label_map(path)
    values = [int(value) for value in np.unique(ids) if value != NOTHING]
    return Labels(tuple(LabelledMask(mask, category) for mask in masks_of_ids(ids, values)), None, complete)
