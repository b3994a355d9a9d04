"""What every export starts from and what it says of itself afterwards."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from core.annotation.labels import LabelSet
from core.annotation.truth import Truth
from core.annotation.views import labelled
from core.annotation.words import counted, named


@dataclass(frozen=True)
class ExportImage:
    """An image to export. `file_name` is its user's name for it; `export_name` is the safe one, unique in the
    export also without its extension, that the photo and its mask files get. `split` is the part of the data set that
    it belongs to, such as train. `keeps_segment_ids`: no two segments of the whole export share an id."""

    file_name: str
    export_name: str
    image_id: int
    height: int
    width: int
    truth: Truth
    split: str = "train"
    keeps_segment_ids: bool = False

    @property
    def png_name(self) -> str:
        """The name of the image's mask file."""
        return f"{Path(self.export_name).stem}.png"


@dataclass(frozen=True)
class Loss:
    """Something that an export does not hold: how many of what; `kind` is one word for programs, such as "void".

    `noun` is one of them, `nouns` several where an s is not enough; `fate` reads alike after both.
    """

    kind: str
    count: int
    noun: str
    fate: str
    nouns: str = ""

    @property
    def what(self) -> str:
        """The words after the count."""
        return f"{named(self.count, self.noun, self.nouns)} {self.fate}"

    def __str__(self) -> str:
        return f"{counted(self.count, self.noun, self.nouns)} {self.fate}"


@dataclass(frozen=True)
class FormatReport:
    """What was written: images and segments that are in the files, segments that are not, and in `losses` what
    else the format does not hold. `files` are relative to the export's folder, folders with a / at the end."""

    images: int
    segments: int
    unlabelled_left_out: int
    hidden_left_out: int
    losses: tuple[Loss, ...]
    files: tuple[str, ...]

    @property
    def notes(self) -> tuple[str, ...]:
        """The losses in words."""
        return tuple(map(str, self.losses))


# Writes all images into a folder, one at a time, as they come; photos are written by the caller.
Writer = Callable[[Iterable[ExportImage], LabelSet, Path], FormatReport]


@dataclass
class Tally:
    """Counts that grow image by image."""

    images: int = 0
    segments: int = 0
    unlabelled: int = 0
    hidden: int = 0
    covered: int = 0
    counts: dict[str, int] = field(default_factory=dict)

    def add(self, what: str, number: int) -> None:
        self.counts[what] = self.counts.get(what, 0) + number

    def report(self, losses: Iterable[Loss], files: Iterable[str]) -> FormatReport:
        """The report, with each loss whose count is not 0."""
        kept = tuple(loss for loss in losses if loss.count)
        return FormatReport(self.images, self.segments, self.unlabelled, self.hidden, kept, tuple(files))


def count_unlabelled(truth: Truth, label_set: LabelSet) -> int:
    """Segments without a category of the label set."""
    return sum(label_set.find(segment.category_id) is None for segment in truth.segments)


def count_covered(
    truth: Truth, label_set: LabelSet, view: npt.NDArray[np.int32], value_of: Mapping[int, int]
) -> tuple[int, int]:
    """(hidden, partly covered) labelled segments in a view where segment `id` has the value `value_of[id]`;
    one whose id is not there is hidden."""
    hidden = covered = 0
    columns = view.ravel(order="F")
    for segment, _ in labelled(truth, label_set):
        visible = 0
        if segment.id in value_of:
            inside = segment.mask.to_array().ravel(order="F")
            visible = int(np.count_nonzero(columns[inside] == value_of[segment.id]))
        hidden += visible == 0
        covered += 0 < visible < segment.mask.area
    return hidden, covered


def write_file(path: Path, content: bytes) -> None:
    """Write a new file to the disk. An export's folder gets its name when it is whole, so no file needs a draft."""
    with path.open("xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
