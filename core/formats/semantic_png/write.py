"""Semantic PNG: one single-channel PNG an image, whose pixels are the index of a category in the label set's order.

8 bits up to 255 categories, else 16; the largest value is void. labels.txt holds a name a line, so that a line's
number from 0 is the index, and labels.json the same with ids, kinds and colours.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import numpy.typing as npt

from core.annotation.errors import FormatError
from core.annotation.labels import LabelSet
from core.annotation.views import SEMANTIC_VOID, labelled, semantic_view
from core.formats.exported import ExportImage, FormatReport, Loss, Tally, count_covered, count_unlabelled, write_file
from core.formats.label_maps import label_map_png
from core.formats.labels_file import LABELS_FILE, labels_json

FOLDER_NAME = "masks"
NAMES_FILE = "labels.txt"
MAX_CATEGORIES = 65_535


def write_semantic_png(images: Iterable[ExportImage], label_set: LabelSet, folder: Path) -> FormatReport:
    """Write masks/*.png, labels.txt and labels.json into `folder`. Raises FormatError over MAX_CATEGORIES."""
    void = void_value(label_set)
    tally = Tally()
    (folder / FOLDER_NAME).mkdir()
    for image in images:
        view = semantic_view(image.truth, label_set)
        write_file(folder / FOLDER_NAME / image.png_name, index_png(view, label_set))
        count_semantic(tally, image, view, label_set)
    write_file(folder / NAMES_FILE, "".join(f"{category.name}\n" for category in label_set).encode())
    write_file(folder / LABELS_FILE, labels_json(label_set, "index", range(len(label_set)), {"void": void}))
    return tally.report(semantic_losses(tally, f"void ({void})"), [f"{FOLDER_NAME}/", NAMES_FILE, LABELS_FILE])


def void_value(label_set: LabelSet) -> int:
    """255, or 65535 for more than 255 categories. Raises FormatError over MAX_CATEGORIES."""
    if len(label_set) > MAX_CATEGORIES:
        raise FormatError(f"{len(label_set)} categories, more than the {MAX_CATEGORIES} of a 16-bit PNG; use COCO")
    return 255 if len(label_set) <= 255 else 65_535


def index_png(view: npt.NDArray[np.int32], label_set: LabelSet) -> bytes:
    """A semantic view (category ids [H, W]) as a single-channel PNG of indices."""
    void = void_value(label_set)
    # Ids may be anything from 0 up, so they are looked up, not used as places in a table.
    values = np.array([SEMANTIC_VOID, *(category.id for category in label_set)], dtype=np.int32)
    indices = np.array([void, *range(len(label_set))], dtype=np.int32)
    order = np.argsort(values)
    return label_map_png(indices[order[np.searchsorted(values[order], view)]], 8 if void == 255 else 16)


def count_semantic(tally: Tally, image: ExportImage, view: npt.NDArray[np.int32], label_set: LabelSet) -> None:
    """Add to the tally what a map of the semantic view holds of an image, and what not."""
    parts = [(segment, category.id) for segment, category in labelled(image.truth, label_set)]
    value_of = {segment.id: number for segment, number in parts}
    hidden, covered = count_covered(image.truth, label_set, view, value_of)
    unlabelled = count_unlabelled(image.truth, label_set)
    shown = len(parts) - hidden
    tally.images += 1
    tally.segments += shown
    tally.unlabelled += unlabelled
    tally.hidden += hidden
    tally.covered += covered
    tally.add("merged", shown - len(np.unique(view[view != SEMANTIC_VOID])))
    tally.add("crowds", sum(segment.crowd for segment, _ in parts))
    tally.add("void", int((view == SEMANTIC_VOID).sum()))


def semantic_losses(tally: Tally, void: str) -> list[Loss]:
    """What maps of the semantic view do not hold, as counted; `void` is what they call pixels without a category."""
    count = tally.counts.get
    return [
        Loss("unlabelled", tally.unlabelled, "unlabelled segment", "left out until labelled"),
        Loss("hidden", tally.hidden, "segment", "left out: wholly covered by others"),
        Loss("covered", tally.covered, "segment", "without the part that others cover"),
        Loss("merged", count("merged", 0), "segment", "merged with another of the same category"),
        Loss("crowd", count("crowds", 0), "crowd segment", "no longer told from others of the category"),
        Loss("void", count("void", 0), "pixel", f"left {void}: no segment is there, or an unlabelled one on top"),
    ]
