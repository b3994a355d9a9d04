"""Semantic PNGs: each pixel holds a category's id, and every connected part of a category becomes a mask.

Layouts: `images/` with `labels/` and `labels.txt` (line i names id i; a line `null` means unknown);
`images/` with `masks/` and `labels.json`, as Maskwright exports them; or parts `PART/` with `PART-labels/`, whose
ids are not named.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from core.annotation.errors import TrainingError
from core.annotation.labels import Category, distinct_colour
from core.annotation.mask import Mask
from core.formats.label_folders import text_lines
from core.formats.label_maps import read_label_map
from core.formats.labels_file import LABELS_FILE
from core.formats.semantic_png.read import NOTHING, read_indices
from core.formats.semantic_png.write import NAMES_FILE
from core.training.data.images import Candidate, Content, LabelledImage, LabelledMask, Labels, Skipped
from core.training.data.pairs import pair

# Specks below this come from reduced label files more often than from things.
LEAST_PART_PX = 48


@dataclass(frozen=True)
class SemanticIds:
    """What the ids of a set mean: `names[id]` when they are named, `void` ids are ignored.

    union: the category of everything labelled taken together (clothes and skin are a person), or None.
    complete: whether what is not labelled is nothing; None: unless an id is called NOTHING.
    """

    names: tuple[str, ...] | None
    void: tuple[int, ...] = (255,)
    union: str | None = None
    complete: bool | None = None


def read_semantic(folder: Path, *, void: Sequence[int], union: str | None, complete: bool | None) -> Content:
    """The categories (stuff unless labels.json says otherwise; none where ids have no names) and images of a set.

    void: ids that are ignored, unless labels.json names them itself.

    Raises FormatError or TrainingError for a list of names that cannot be read.
    """
    exported = folder / LABELS_FILE
    if exported.is_file():
        categories, own_void = _exported(exported)
        ids = SemanticIds(tuple(category.name for category in categories), (own_void,), union, complete)
        return _content(categories, [(folder / "images", folder / "masks")], ids)
    listed = folder / NAMES_FILE
    names = tuple(filter(None, text_lines(listed))) if listed.is_file() else None
    ids = SemanticIds(names, tuple(void), union, complete)
    categories = tuple(
        Category(i, name, False, distinct_colour(i)) for i, name in enumerate(names or ()) if name != NOTHING
    )
    parts = [(path, folder / f"{path.name}-labels") for path in sorted(folder.iterdir())]
    folders = [*parts, (folder / "images", folder / "labels")]
    return _content(categories, [one for one in folders if one[0].is_dir() and one[1].is_dir()], ids)


def _content(categories: tuple[Category, ...], folders: Sequence[tuple[Path, Path]], ids: SemanticIds) -> Content:
    candidates: list[Candidate] = []
    skipped: list[Skipped] = []
    for photos, labels in folders:
        pairs, others = pair(photos, labels)
        candidates += [_candidate(photo, label, ids) for photo, label in pairs]
        skipped += others
    return Content(categories, tuple(candidates), tuple(skipped))


def _candidate(photo: Path, label: Path, ids: SemanticIds) -> Candidate:
    image = LabelledImage(photo, (partial(_labels, label, ids),), whole=partial(_whole_labels, label, ids))
    return Candidate(image, (label,))


def _exported(path: Path) -> tuple[tuple[Category, ...], int]:
    """The categories by index, and the value of void."""
    categories, void = read_indices(path)
    if sorted(categories) != list(range(len(categories))):
        raise TrainingError(f"{path} leaves out an index from 0; take an intact copy")
    return tuple(categories[index] for index in range(len(categories))), void


def _labels(path: Path, meaning: SemanticIds) -> Labels:
    """Every connected part a mask. Of a speck nothing is learned where what has no mask would be nothing."""
    ids = read_label_map(path)
    void = np.isin(ids, meaning.void)
    complete, unknown = _completeness(meaning)
    masks = []
    for value, name in _named_values(ids, meaning):
        parts, specks = connected_parts(ids == value)
        masks += [LabelledMask(part, name) for part in parts]
        if complete:
            void |= specks
    if meaning.union is not None:
        whole = Mask.from_array(~np.isin(ids, [*meaning.void, *unknown]))
        masks += [LabelledMask(whole, meaning.union)] if whole.area else []
    return Labels(tuple(masks), Mask.from_array(void) if void.any() else None, complete)


def _whole_labels(path: Path, meaning: SemanticIds) -> Labels:
    """Every category one mask; `union` is none that a pixel has for itself."""
    ids = read_label_map(path)
    void = np.isin(ids, meaning.void)
    masks = tuple(LabelledMask(Mask.from_array(ids == value), name) for value, name in _named_values(ids, meaning))
    return Labels(masks, Mask.from_array(void) if void.any() else None, _completeness(meaning)[0])


def _completeness(meaning: SemanticIds) -> tuple[bool, list[int]]:
    """Whether the labels are complete, and the ids that say nothing."""
    unknown = [i for i, name in enumerate(meaning.names or ()) if name == NOTHING]
    return not unknown if meaning.complete is None else meaning.complete, unknown


def _named_values(ids: npt.NDArray[np.int32], meaning: SemanticIds) -> list[tuple[int, str | None]]:
    """The ids of an image that stand for a category, with its name where it has one."""
    silent = {*meaning.void, *_completeness(meaning)[1]}
    names = meaning.names
    values = [int(value) for value in np.unique(ids) if int(value) not in silent]
    return [(value, names[value] if names and value < len(names) else None) for value in values]


def connected_parts(inside: npt.NDArray[np.bool_]) -> tuple[list[Mask], npt.NDArray[np.bool_]]:
    """The 8-connected parts of a bool [H, W] with at least LEAST_PART_PX pixels, in scan order; the others together."""
    count, parts, stats, _ = cv2.connectedComponentsWithStats(inside.astype(np.uint8), connectivity=8)
    large = stats[:, cv2.CC_STAT_AREA] >= LEAST_PART_PX
    large[0] = True
    masks = [Mask.from_array(parts == k) for k in range(1, count) if large[k]]
    return masks, np.asarray(~large[parts])
