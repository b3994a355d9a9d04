"""COCO panoptic: one PNG an image, whose pixels name the segment they belong to, and a JSON that tells what it is.

A pixel's id is R + 256·G + 256²·B, 0 for void; the PNG folder is named like the JSON. Stuff and crowds are one
segment a category. Source: the COCO panoptic format, cocodataset.org/#format-data.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from io import BytesIO
from itertools import count
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from core.annotation.labels import LabelSet
from core.annotation.views import panoptic_view
from core.formats.coco.file import write_coco
from core.formats.exported import ExportImage, FormatReport, Loss, Tally, write_file
from core.formats.panoptic_counts import count_panoptic, panoptic_losses

FILE_NAME = "panoptic.json"
FOLDER_NAME = "panoptic"
# Three bytes of a pixel.
MAX_ID = 256**3 - 1


def write_coco_panoptic(images: Iterable[ExportImage], label_set: LabelSet, folder: Path) -> FormatReport:
    """Write panoptic.json and panoptic/*.png into `folder`; segments whose ids are over MAX_ID get free ones."""
    tally = Tally()
    (folder / FOLDER_NAME).mkdir()
    with write_coco(folder / FILE_NAME, label_set) as file:
        for image in map(partial(_renumbered, tally), images):
            panoptic = panoptic_view(image.truth, label_set)
            write_file(folder / FOLDER_NAME / image.png_name, id_png(panoptic.ids))
            file.add_image(image)
            file.add_annotation(
                {
                    "file_name": image.png_name,
                    "image_id": image.image_id,
                    "segments_info": [
                        {
                            "area": segment.area,
                            "bbox": list(segment.bbox),
                            "category_id": segment.category_id,
                            "id": segment.id,
                            "iscrowd": int(segment.crowd),
                        }
                        for segment in panoptic.segments
                    ],
                }
            )
            count_panoptic(tally, image, panoptic, label_set)
    renumbered = Loss("ids", tally.counts.get("ids", 0), "segment", f"numbered anew: an id here is up to {MAX_ID}")
    return tally.report([*panoptic_losses(tally), renumbered], [FILE_NAME, f"{FOLDER_NAME}/"])


def _renumbered(tally: Tally, image: ExportImage) -> ExportImage:
    """The image with the lowest free ids in place of those over MAX_ID."""
    taken = {segment.id for segment in image.truth.segments}
    free = (number for number in count(1) if number not in taken)
    large = {number: next(free) for number in sorted(taken) if number > MAX_ID}
    if not large:
        return image
    tally.add("ids", len(large))
    segments = tuple(replace(one, id=large.get(one.id, one.id)) for one in image.truth.segments)
    return replace(image, truth=replace(image.truth, segments=segments))


def id_png(ids: npt.NDArray[np.int32]) -> bytes:
    """An id map [H, W], up to MAX_ID, as an 8-bit RGB PNG."""
    assert ids.max(initial=0) <= MAX_ID, "ids have three bytes"
    pixels = np.stack([ids & 0xFF, ids >> 8 & 0xFF, ids >> 16], axis=2).astype(np.uint8)
    out = BytesIO()
    Image.fromarray(pixels).save(out, "PNG", compress_level=6)
    return out.getvalue()
