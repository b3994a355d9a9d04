"""A folder becomes a data set: its format is told from what lies in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from core.annotation.errors import TrainingError
from core.annotation.labels import Category
from core.training.data.coco import FILE_NAME, read_coco
from core.training.data.images import LabelledImage
from core.training.data.partitions import is_label, read_partitions
from core.training.data.salient import read_salient
from core.training.data.semantic import read_semantic

Format = Literal["coco", "partitions", "salient", "semantic"]
Unnamed = Literal["thing", "region", "any"]
Part = Literal["train", "check"]

# What a mask without a known category is, by what the format is made for.
UNNAMED_IN: dict[Format, Unnamed] = {"coco": "thing", "partitions": "region", "salient": "thing", "semantic": "region"}

# A quarter of every set is held back, by content: a copy of a photo falls on the same side in every set.
CHECK_SHARE = 0.25

UNDERSTOOD = """understood are
  instances.json + images/           COCO instances
  PART/NAME.webp + PART/NAME_k.png   partitions by several people, as in BSDS500
  images/ + masks/                   one binary mask an image
  images/ + labels/ + labels.txt     semantic PNG, line i of labels.txt names id i
  PART/ + PART-labels/               semantic PNG without names"""


@dataclass(frozen=True)
class SourceConfig:
    """How a set takes part.

    weight: its share of the images drawn, relative to the other sets.
    unnamed: what a mask is whose category the model does not know: some thing, a region, or either
        of them ("any"); None takes what suits the format.
    void: ids of semantic PNGs that mean "ignore".
    union: the category of all labelled pixels of a semantic PNG together, or None.
    """

    weight: float = 1.0
    unnamed: Unnamed | None = None
    void: tuple[int, ...] = (255,)
    union: str | None = None

    def __post_init__(self) -> None:
        if not self.weight > 0:
            raise TrainingError(f"a set's weight is above 0, got {self.weight}; leave the set out instead")
        if self.unnamed not in (None, "thing", "region", "any"):
            raise TrainingError(f"unnamed masks are 'thing', 'region' or 'any', got {self.unnamed!r}")


@dataclass(frozen=True, eq=False)
class DataSet:
    """A recognised set: its images in a fixed order, what it names, and what its unnamed masks are."""

    name: str
    format: Format
    unnamed: Unnamed
    categories: tuple[Category, ...]
    images: tuple[LabelledImage, ...]

    def part(self, part: Part) -> tuple[LabelledImage, ...]:
        """The images of one side of the split."""
        return tuple(image for image in self.images if part_of(image.digest) == part)


def part_of(digest: str) -> Part:
    """The side of the split on which a file of this SHA-256 (hexadecimal) falls, the same in every set."""
    return "check" if int(digest[:8], 16) < CHECK_SHARE * 2**32 else "train"


def recognise(folder: Path) -> Format:
    """The format of a data set's folder. Raises TrainingError and lists what is understood."""
    if not folder.is_dir():
        raise TrainingError(f"there is no folder {folder}; give the folder of a data set")
    if (folder / FILE_NAME).is_file():
        return "coco"
    if (folder / "images").is_dir() and (folder / "masks").is_dir():
        return "salient"
    if (folder / "labels.txt").is_file() and (folder / "labels").is_dir():
        return "semantic"
    if any(folder.glob("*-labels")):
        return "semantic"
    if any(is_label(path) for path in folder.glob("*/*.png")):
        return "partitions"
    raise TrainingError(f"{folder} holds no data set of a known layout; {UNDERSTOOD}")


def read_data_set(folder: Path, config: SourceConfig) -> DataSet:
    """Read what a set is made of; photos and masks are decoded later. Raises TrainingError."""
    kind = recognise(folder)
    categories: tuple[Category, ...] = ()
    images: Sequence[LabelledImage]
    if kind == "coco":
        categories, images = read_coco(folder)
    elif kind == "semantic":
        categories, images = read_semantic(folder, void=config.void, union=config.union)
    else:
        images = read_salient(folder) if kind == "salient" else read_partitions(folder)
    if not images:
        raise TrainingError(f"{folder} is laid out as {kind}, but holds no image")
    return DataSet(folder.name, kind, config.unnamed or UNNAMED_IN[kind], categories, tuple(images))
