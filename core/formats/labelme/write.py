"""LabelMe out: a JSON beside each photo, with a mask of its own for every segment.

Layout: images/NAME.jpg, images/NAME.json and labels.txt, the names in the label set's order, a line each. A shape of
the type "mask" is a PNG in base64 of the part of the image between its two points, both included. What LabelMe has no
field for are flags of a shape, which it shows and keeps: crowd, and unlabelled for a segment without a category.
Source: labelme 5.x, labelme/label_file.py and labelme/utils/shape.py.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterable, Mapping
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

from core.annotation.labels import LabelSet
from core.annotation.truth import Segment
from core.formats.exported import ExportImage, FormatReport, Loss, Tally, write_file

PHOTO_FOLDER = "images"
NAMES_FILE = "labels.txt"
VERSION = "5.5.0"
CROWD_FLAG = "crowd"
UNLABELLED_FLAG = "unlabelled"
# LabelMe takes no empty label; the flag tells it from a category of this name.
UNLABELLED_LABEL = "__unlabelled__"


def write_labelme(images: Iterable[ExportImage], label_set: LabelSet, folder: Path) -> FormatReport:
    """Write images/*.json and labels.txt into `folder`; shapes go from the bottom to the top."""
    tally = Tally()
    (folder / PHOTO_FOLDER).mkdir(exist_ok=True)
    for image in images:
        segments = [segment for segment in image.truth.segments if segment.mask.area]
        shapes = [_shape(segment, label_set) for segment in segments]
        write_file(folder / PHOTO_FOLDER / f"{Path(image.export_name).stem}.json", _file(image, shapes))
        tally.images += 1
        tally.segments += len(shapes)
        tally.add("empty", len(image.truth.segments) - len(shapes))
    write_file(folder / NAMES_FILE, "".join(f"{category.name}\n" for category in label_set).encode())
    losses = [Loss("empty", tally.counts.get("empty", 0), "segment", "left out: without a pixel")]
    return tally.report(losses, [f"{PHOTO_FOLDER}/", NAMES_FILE])


def _file(image: ExportImage, shapes: list[Mapping[str, object]]) -> bytes:
    content: Mapping[str, object] = {
        "version": VERSION,
        "flags": {},
        "shapes": shapes,
        "imagePath": image.export_name,
        "imageData": None,
        "imageHeight": image.height,
        "imageWidth": image.width,
    }
    return json.dumps(content, ensure_ascii=False, indent=2).encode() + b"\n"


def _shape(segment: Segment, label_set: LabelSet) -> Mapping[str, object]:
    category = label_set.find(segment.category_id)
    flags = {}
    if segment.crowd:
        flags[CROWD_FLAG] = True
    if category is None:
        flags[UNLABELLED_FLAG] = True
    left, top, width, height = segment.mask.bbox
    crop = segment.mask.to_array()[top : top + height, left : left + width]
    out = BytesIO()
    Image.fromarray(crop.astype(np.uint8)).save(out, "PNG", compress_level=6)
    return {
        "label": UNLABELLED_LABEL if category is None else category.name,
        "points": [[left, top], [left + width - 1, top + height - 1]],
        "group_id": None,
        "description": "",
        "shape_type": "mask",
        "flags": flags,
        "mask": b64encode(out.getvalue()).decode("ascii"),
    }
