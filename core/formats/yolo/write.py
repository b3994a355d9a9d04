"""YOLO segmentation out: an outline a segment, one a line, in fractions of the image's size.

Layout: images/SPLIT/ and labels/SPLIT/ with files of one stem, and data.yaml. A category is its place in data.yaml,
from 0; labels.json keeps ids and kinds for our own import. Source: docs.ultralytics.com/datasets/segment.

A line is one outline, so parts and holes are joined by cuts. Its sides lie a quarter of a pixel inside the mask: the
pixel centres in it are the mask's, and ultralytics, which cuts coordinates to whole pixels and paints the outline too,
paints the mask but for the cuts. What it paints is measured.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

import cv2
import numpy as np

from core.annotation.labels import LabelSet
from core.annotation.mask import Mask
from core.annotation.views import labelled
from core.formats.exported import ExportImage, FormatReport, Loss, Tally, count_unlabelled, write_file
from core.formats.labels_file import LABELS_FILE, labels_json
from core.formats.polygons import MAX_VERTICES, Ring, bridged, inset, polygons

DATA_FILE = "data.yaml"
LABELS_FOLDER = "labels"
# ultralytics asks for these two.
_NEEDED_SPLITS = ("train", "val")
_INSET_PX = 0.25
# It takes the steps out of a slanting side.
_FIRST_TOLERANCE_PX = 0.5


def in_split_folder(image: ExportImage) -> str:
    """Where the image's photo stands in an export."""
    return f"images/{image.split}/{image.export_name}"


def write_yolo(images: Iterable[ExportImage], label_set: LabelSet, folder: Path) -> FormatReport:
    """Write labels/SPLIT/*.txt, data.yaml and labels.json into `folder`; lines go from the bottom to the top."""
    tally, painted = Tally(), _Painted()
    splits: set[str] = set()
    (folder / LABELS_FOLDER).mkdir()
    place_of = {category.id: place for place, category in enumerate(label_set)}
    for image in images:
        if image.split not in splits:
            splits.add(image.split)
            (folder / LABELS_FOLDER / image.split).mkdir()
        lines = _lines(image, label_set, place_of, tally, painted)
        name = f"{Path(image.export_name).stem}.txt"
        write_file(folder / LABELS_FOLDER / image.split / name, "".join(lines).encode())
        tally.images += 1
        tally.unlabelled += count_unlabelled(image.truth, label_set)
    write_file(folder / DATA_FILE, _data_yaml(label_set, sorted(splits)))
    write_file(folder / LABELS_FILE, labels_json(label_set, "index", range(len(label_set))))
    return tally.report(_losses(tally, painted), [f"{LABELS_FOLDER}/", DATA_FILE, LABELS_FILE])


class _Painted:
    """How well masks come back where a program paints outlines as ultralytics does."""

    def __init__(self) -> None:
        self.count = 0
        self.least = 1.0
        self._sum = 0.0

    def add(self, iou: float) -> None:
        self.count += 1
        self._sum += iou
        self.least = min(self.least, iou)

    @property
    def mean(self) -> float:
        return self._sum / max(1, self.count)


def _lines(
    image: ExportImage, label_set: LabelSet, place_of: dict[int, int], tally: Tally, painted: _Painted
) -> list[str]:
    lines = []
    for segment, category in labelled(image.truth, label_set):
        rings = [inset(ring, _INSET_PX) for part in polygons(segment.mask) for ring in part.rings]
        if not rings:
            tally.add("empty", 1)
            continue
        kept = _within_limit(rings)
        tally.add("simplified", kept is not rings)
        texts = _fractions(bridged(kept), segment.mask)
        painted.add(_painted_iou(texts, segment.mask))
        lines.append(f"{place_of[category.id]} {' '.join(texts)}\n")
        tally.segments += 1
        tally.add("crowd", segment.crowd)
    return lines


def _within_limit(rings: list[Ring]) -> list[Ring]:
    """The rings; where their outline had over MAX_VERTICES, coarser ones without those that come to nothing."""
    kept, tolerance_px = rings, _FIRST_TOLERANCE_PX
    while _vertices(kept) > MAX_VERTICES:
        coarser = [found for ring in rings if len(found := _simplified(ring, tolerance_px)) >= 3]
        if not coarser:
            return _largest(kept)
        kept, tolerance_px = coarser, 1.5 * tolerance_px
    return kept


def _vertices(rings: Sequence[Ring]) -> int:
    """Those of the rings as one outline: a cut repeats the two that it joins."""
    return sum(map(len, rings)) + 2 * (len(rings) - 1)


def _simplified(ring: Ring, tolerance_px: float) -> Ring:
    found = cv2.approxPolyDP(ring.astype(np.float32)[:, None], tolerance_px, True)
    return np.asarray(found[:, 0], dtype=np.float64)


def _largest(rings: list[Ring]) -> list[Ring]:
    """As many as fit, those with the largest boxes."""
    by_size = sorted(range(len(rings)), key=lambda number: (-float(np.prod(np.ptp(rings[number], axis=0))), number))
    fitting = np.cumsum([len(rings[number]) + 2 for number in by_size]) <= MAX_VERTICES
    return [rings[number] for number, fits in sorted(zip(by_size, fitting, strict=True)) if fits]


def _fractions(outline: Ring, mask: Mask) -> list[str]:
    """x, y, x, y, … as decimals that are off by less than a twentieth of a pixel."""
    decimals = max(6, len(str(max(mask.shape))) + 1)
    return [f"{number:.{decimals}f}" for number in (outline / (mask.width, mask.height)).ravel().tolist()]


def _painted_iou(texts: Sequence[str], mask: Mask) -> float:
    """IoU of a mask and its line as ultralytics 8.4 reads it: float32, cut to whole pixels, cv2.fillPoly."""
    points = np.array(texts, dtype=np.float32).reshape(-1, 2) * np.array([mask.width, mask.height], dtype=np.float32)
    left, top, width, height = mask.bbox
    canvas = np.zeros((height, width), dtype=np.uint8)
    cv2.fillPoly(canvas, [points.astype(np.int32) - np.array([left, top], dtype=np.int32)], 1)
    inside = mask.to_array()[top : top + height, left : left + width]
    return float((inside & (canvas > 0)).sum() / (inside | (canvas > 0)).sum())


def _losses(tally: Tally, painted: _Painted) -> list[Loss]:
    count = tally.counts.get
    ious = f"mean IoU {painted.mean:.4f}, least {painted.least:.4f}"
    return [
        Loss("iou", painted.count, "segment", f"as ultralytics paints outlines: {ious}"),
        Loss("unlabelled", tally.unlabelled, "unlabelled segment", "left out until labelled"),
        Loss("crowd", count("crowd", 0), "crowd segment", "no longer told from others of the category"),
        Loss("simplified", count("simplified", 0), "segment", f"of over {MAX_VERTICES} corners made coarser"),
        Loss("empty", count("empty", 0), "segment", "left out: without a pixel"),
    ]


def _data_yaml(label_set: LabelSet, splits: Sequence[str]) -> bytes:
    """Splits that ultralytics asks for and nobody has get the photos of the first one that is there."""
    present = {split: split for split in splits}
    for split in _NEEDED_SPLITS:
        if splits:
            present.setdefault(split, splits[0])
    lines = [f"{split}: images/{place}\n" for split, place in sorted(present.items())]
    # A JSON text is a YAML one, whatever the name is.
    names = [
        f"  {place}: {json.dumps(category.name, ensure_ascii=False)}\n" for place, category in enumerate(label_set)
    ]
    return "".join([*lines, "names:\n", *names] if names else [*lines, "names: {}\n"]).encode()
