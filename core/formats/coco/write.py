"""COCO instances: every labelled segment with its whole mask, things and stuff, overlaps and crowds.

Masks are RLE with `counts` a str, which keeps holes and parts exactly; `iscrowd` is 1 for crowds only, so a reader
must not take RLE for a crowd. Source: the COCO data format, cocodataset.org/#format-data.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from core.annotation.labels import LabelSet
from core.annotation.mask import measure
from core.annotation.truth import Source
from core.annotation.views import labelled
from core.formats.coco.file import write_coco
from core.formats.exported import ExportImage, FormatReport, Loss, Tally, count_unlabelled

FILE_NAME = "instances.json"


def write_coco_instances(images: Iterable[ExportImage], label_set: LabelSet, folder: Path) -> FormatReport:
    """Write instances.json into `folder`; an image's annotations go from the bottom to the top."""
    tally = Tally()
    with write_coco(folder / FILE_NAME, label_set) as file:
        for image in images:
            file.add_image(image)
            tally.images += 1
            tally.unlabelled += count_unlabelled(image.truth, label_set)
            parts = list(labelled(image.truth, label_set))
            measure([segment.mask for segment, _ in parts])
            for segment, category in parts:
                tally.segments += 1
                number = segment.id if image.keeps_segment_ids else tally.segments
                tally.add("ids", number != segment.id and segment.source is Source.IMPORTED)
                file.add_segment(number, image.image_id, category.id, segment)
    zero = [category.name for category in label_set if category.id == 0]
    losses = [
        Loss("unlabelled", tally.unlabelled, "unlabelled segment", "left out until labelled"),
        Loss(
            "id-0", len(zero), "category", f"({', '.join(zero)}) keeps the id 0, which some readers take for background"
        ),
        Loss("ids", tally.counts.get("ids", 0), "imported segment", "numbered anew: several have the same id"),
    ]
    return tally.report(losses, [FILE_NAME])
