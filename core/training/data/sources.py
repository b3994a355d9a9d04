"""A folder becomes a data set: its format is told from what lies in it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from core.annotation.errors import TrainingError
from core.annotation.labels import Category
from core.formats.labels_file import LABELS_FILE
from core.formats.semantic_png.write import NAMES_FILE
from core.training.data.coco import FILE_NAME, read_coco
from core.training.data.images import Content, LabelledImage, Skipped
from core.training.data.instances import read_instances
from core.training.data.panoptic import panoptic_files, read_panoptic
from core.training.data.partitions import is_label, read_partitions
from core.training.data.salient import read_salient
from core.training.data.semantic import read_semantic
from core.training.data.usable import usable

Format = Literal["coco", "panoptic", "partitions", "salient", "instances", "semantic"]
Unnamed = Literal["thing", "region", "any"]
Part = Literal["train", "check"]

# What a mask without a known category is, by what the format is made for.
UNNAMED_IN: dict[Format, Unnamed] = {
    "coco": "thing",
    "panoptic": "any",
    "partitions": "region",
    "salient": "thing",
    "instances": "thing",
    "semantic": "region",
}

# A quarter of every set is held back, by content: a copy of a photo falls on the same side in every set.
CHECK_SHARE = 0.25

UNDERSTOOD = """understood are
  instances.json + images/           COCO instances
  NAME.json + NAME/*.png + images/   COCO panoptic
  PART/NAME.webp + PART/NAME_k.png   partitions by several people, as in BSDS500
  images/ + masks/                   one binary mask an image
  images/ + masks/ + labels.json     semantic PNG as Maskwright exports it
  images/ + labels/                  one category, each of whose instances has an id; 0 is nothing
  images/ + labels/ + labels.txt     semantic PNG, line i of labels.txt (from 0) names id i
  PART/ + PART-labels/               semantic PNG without names"""

# Reasons that a line on a set shows.
REASONS_SHOWN = 3


@dataclass(frozen=True)
class SourceConfig:
    """How a set takes part.

    weight: its share of the images drawn, relative to the other sets.
    unnamed: what a mask is whose category the model does not know: some thing, a region, or either
        of them ("any"); None takes what suits the format.
    void: ids of semantic PNGs that mean "ignore".
    union: the category of all labelled pixels of a semantic PNG together, or None.
    category: what the instances of a set of instance PNGs are called; None: like its folder.
    complete: whether what no mask covers is known to be nothing, rather than unknown; None: as is usual in the
        format (COCO instances and binary masks: unknown; semantic PNG: unknown if an id is called "null").
    """

    weight: float = 1.0
    unnamed: Unnamed | None = None
    void: tuple[int, ...] = (255,)
    union: str | None = None
    category: str | None = None
    complete: bool | None = None

    def __post_init__(self) -> None:
        if not self.weight > 0:
            raise TrainingError(f"a set's weight is above 0, got {self.weight}; leave the set out instead")
        if self.unnamed not in (None, "thing", "region", "any"):
            raise TrainingError(f"unnamed masks are 'thing', 'region' or 'any', got {self.unnamed!r}")
        if self.complete not in (None, True, False):
            raise TrainingError(f"complete is true, false or null, got {self.complete!r}")


@dataclass(frozen=True, eq=False)
class DataSet:
    """A recognised set: its images in a fixed order, what it names, and what its unnamed masks are.

    skipped: what the folder holds besides and cannot be used.
    """

    name: str
    format: Format
    unnamed: Unnamed
    categories: tuple[Category, ...]
    images: tuple[LabelledImage, ...]
    skipped: tuple[Skipped, ...] = ()

    def part(self, part: Part) -> tuple[LabelledImage, ...]:
        """The images of one side of the split."""
        return tuple(image for image in self.images if part_of(image.digest) == part)

    def summary(self) -> str:
        """One line: what there is to learn from, what is held back, and what is skipped and why."""
        learn = len(self.part("train"))
        line = f"{self.name}: {learn} to learn from, {len(self.images) - learn} held back"
        return f"{line}, {summary_of(self.skipped)}" if self.skipped else line


def summary_of(skipped: Sequence[Skipped]) -> str:
    """How many and why, the commonest reasons first, with the first item of each."""
    items: dict[str, list[str]] = defaultdict(list)
    for one in skipped:
        items[one.reason].append(one.item)
    reasons = [
        f"{reason}: {names[0]}{f' and {len(names) - 1} more' if names[1:] else ''}"
        for reason, names in sorted(items.items(), key=lambda pair: -len(pair[1]))
    ]
    more = ["…"] if len(reasons) > REASONS_SHOWN else []
    return f"{len(skipped)} skipped ({'; '.join(reasons[:REASONS_SHOWN] + more)})"


def part_of(digest: str) -> Part:
    """The side of the split on which a file of this SHA-256 (hexadecimal) falls, the same in every set."""
    return "check" if int(digest[:8], 16) < CHECK_SHARE * 2**32 else "train"


def recognise(folder: Path) -> Format:
    """The format of a data set's folder. Raises TrainingError and lists what is understood."""
    if not folder.is_dir():
        raise TrainingError(f"there is no folder {folder}; give the folder of a data set")
    if (folder / FILE_NAME).is_file():
        return "coco"
    if panoptic_files(folder):
        return "panoptic"
    if (folder / "images").is_dir() and (folder / "masks").is_dir():
        return "semantic" if (folder / LABELS_FILE).is_file() else "salient"
    if (folder / "images").is_dir() and (folder / "labels").is_dir():
        return "semantic" if (folder / NAMES_FILE).is_file() else "instances"
    if any(path.is_dir() for path in folder.glob("*-labels")):
        return "semantic"
    if any(is_label(path) for path in folder.glob("*/*.png")):
        return "partitions"
    raise TrainingError(f"{folder} holds no data set of a known layout; {UNDERSTOOD}")


def read_data_set(folder: Path, config: SourceConfig) -> DataSet:
    """Read what a set is made of; photos and masks are decoded later.

    What cannot be used is skipped by name. Raises TrainingError when nothing is left, FormatError for a broken file.
    """
    kind = recognise(folder)
    _check_settings(config, kind, folder)
    content = _content(kind, folder, config)
    images, unusable = usable(content.candidates)
    skipped = content.skipped + unusable
    if not images:
        why = f": {summary_of(skipped)}" if skipped else ""
        raise TrainingError(f"{folder} is laid out as {kind}, but holds no image that can be used{why}")
    return DataSet(folder.name, kind, config.unnamed or UNNAMED_IN[kind], content.categories, images, skipped)


def _check_settings(config: SourceConfig, kind: Format, folder: Path) -> None:
    for name, of in (("union", "semantic"), ("category", "instances")):
        if getattr(config, name) is not None and kind != of:
            raise TrainingError(f"{name} is a setting of {of} sets, but {folder.name} is {kind}; leave it out")


def _content(kind: Format, folder: Path, config: SourceConfig) -> Content:
    match kind:
        case "coco":
            return read_coco(folder, complete=config.complete is True)
        case "panoptic":
            return read_panoptic(folder, complete=config.complete is not False)
        case "partitions":
            return read_partitions(folder, complete=config.complete is not False)
        case "salient":
            return read_salient(folder, complete=config.complete is True)
        case "instances":
            return read_instances(folder, complete=config.complete is not False, category=config.category)
        case "semantic":
            return read_semantic(folder, void=config.void, union=config.union, complete=config.complete)
