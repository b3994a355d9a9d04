"""What each format holds of a truth. Exports name their losses by it, pages and commands take their lists from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Apart(StrEnum):
    """Which segments a format keeps one by one; the others merge with those of their category."""

    ALL = "all"
    THINGS = "things"
    NONE = "none"


@dataclass(frozen=True)
class Capability:
    """What one format holds.

    title: what people call it.   reads, writes: whether it is imported, exported.
    category_ids: ids come back as they were.   kinds: thing or stuff comes back.   colours: categories keep theirs.
    stuff: stuff is held at all.
    apart: which segments stay one by one.   overlaps: a pixel may belong to several segments.
    holes, parts: a segment may have holes, several parts.   exact: every pixel comes back; False: nearly, as measured.
    crowd: the crowd flag comes back.   void: pixels that nothing is known of are told from those of no category.
    unlabelled: segments without a category are held.   splits: an image's split comes back.
    most_categories: of a label set.   most_instances: of one category in one image.   None: as many as there are.
    """

    title: str
    reads: bool = True
    writes: bool = True
    category_ids: bool = True
    kinds: bool = False
    colours: bool = False
    stuff: bool = True
    apart: Apart = Apart.ALL
    overlaps: bool = False
    holes: bool = True
    parts: bool = True
    exact: bool = True
    crowd: bool = False
    void: bool = False
    unlabelled: bool = False
    splits: bool = True
    most_categories: int | None = None
    most_instances: int | None = None


CAPABILITIES: Mapping[str, Capability] = {
    "coco": Capability("COCO instances", kinds=True, colours=True, overlaps=True, crowd=True),
    "coco-panoptic": Capability("COCO panoptic", kinds=True, colours=True, apart=Apart.THINGS, crowd=True),
    "semantic-png": Capability(
        "Semantic PNG", kinds=True, colours=True, apart=Apart.NONE, splits=False, most_categories=65_535
    ),
    "ade20k": Capability("ADE20K", kinds=True, apart=Apart.NONE, most_categories=65_535),
    "cityscapes": Capability(
        "Cityscapes", kinds=True, colours=True, apart=Apart.THINGS, crowd=True, most_categories=65, most_instances=999
    ),
    "voc": Capability(
        "Pascal VOC", kinds=True, colours=True, void=True, unlabelled=True, most_categories=254, most_instances=254
    ),
    "yolo": Capability("YOLO segmentation", kinds=True, colours=True, overlaps=True, exact=False),
    "labelme": Capability("LabelMe", category_ids=False, overlaps=True, crowd=True, unlabelled=True, splits=False),
    "huggingface": Capability("Hugging Face image folder", kinds=True, colours=True, apart=Apart.THINGS, crowd=True),
    "bsds": Capability("BSDS partitions", writes=False, category_ids=False, unlabelled=True),
    "images": Capability("Plain photos", writes=False, splits=False),
}
READ_FORMATS = tuple(name for name, held in CAPABILITIES.items() if held.reads)
WRITTEN_FORMATS = tuple(name for name, held in CAPABILITIES.items() if held.writes)
