"""Semantic PNGs: each pixel holds a category's id, and every connected part of a category becomes a mask.

Two layouts: `images/` with `labels/` and `labels.txt` (line i names id i; a line `null` means unknown),
or parts `PART/` with `PART-labels/`, whose ids are not named.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from core.annotation.labels import Category, distinct_colour
from core.annotation.mask import Mask
from core.training.data.images import LabelledImage, LabelledMask, Labels, photos_in, read_ids

# Specks below this come from reduced label files more often than from things.
LEAST_PART_PX = 48
NOTHING = "null"


@dataclass(frozen=True)
class SemanticIds:
    """What the ids of a set mean: `names[id]` when they are named, `void` ids are ignored.

    union: the category of everything labelled taken together (clothes and skin are a person), or None.
    """

    names: tuple[str, ...] | None
    void: tuple[int, ...] = (255,)
    union: str | None = None


def read_semantic(
    folder: Path, *, void: Sequence[int], union: str | None
) -> tuple[tuple[Category, ...], list[LabelledImage]]:
    """The categories (as stuff; none where ids have no names) and images of a semantic set in either layout."""
    listed = folder / "labels.txt"
    names = tuple(listed.read_text(encoding="utf-8").split()) if listed.is_file() else None
    ids = SemanticIds(names, tuple(void), union)
    categories = tuple(
        Category(i, name, False, distinct_colour(i)) for i, name in enumerate(names or ()) if name != NOTHING
    )
    return categories, [LabelledImage(photo, (partial(_labels, label, ids),)) for photo, label in _pairs(folder)]


def _pairs(folder: Path) -> Iterator[tuple[Path, Path]]:
    """Each photo with its label file."""
    parts = [(path, folder / f"{path.name}-labels") for path in sorted(folder.iterdir())]
    for photos, labels in [*parts, (folder / "images", folder / "labels")]:
        if labels.is_dir():
            yield from ((photo, labels / f"{photo.stem}.png") for photo in photos_in(photos))


def _labels(path: Path, meaning: SemanticIds) -> Labels:
    ids = read_ids(path)
    unknown = [i for i, name in enumerate(meaning.names or ()) if name == NOTHING]
    masks = []
    for value in (int(value) for value in np.unique(ids)):
        if value not in meaning.void and value not in unknown:
            name = meaning.names[value] if meaning.names else None
            masks += [LabelledMask(part, name) for part in connected_parts(ids == value)]
    void = np.isin(ids, meaning.void)
    if meaning.union is not None:
        whole = Mask.from_array(~void & ~np.isin(ids, unknown))
        masks += [LabelledMask(whole, meaning.union)] if whole.area else []
    return Labels(tuple(masks), Mask.from_array(void) if void.any() else None, complete=not unknown)


def connected_parts(inside: npt.NDArray[np.bool_]) -> list[Mask]:
    """The 8-connected parts of a bool [H, W] that have at least LEAST_PART_PX pixels, in scan order."""
    count, parts, stats, _ = cv2.connectedComponentsWithStats(inside.astype(np.uint8), connectivity=8)
    return [Mask.from_array(parts == k) for k in range(1, count) if stats[k, cv2.CC_STAT_AREA] >= LEAST_PART_PX]
