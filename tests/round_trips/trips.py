"""Exports and imports of made sets through core.formats alone, as the workflows do them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.formats.capabilities import Capability
from core.formats.exported import FormatReport
from core.formats.imported import DataSet, Problem, ReadImage
from core.formats.registry import FORMATS, reader_of, writer_of
from tests.round_trips.hard_cases import HardSet
from tests.round_trips.reduction import Held, as_held, reduced


@dataclass(frozen=True)
class Back:
    """What our own reader found: images by file name without extension, and what it complained of."""

    data: DataSet
    images: Mapping[str, ReadImage]
    problems: tuple[Problem, ...]

    def held(self, stem: str, holds: Capability) -> list[Held]:
        names = {category.id: category.name for category in reversed(self.data.categories)}
        return as_held(
            [
                Held(None if one.category_id is None else names[one.category_id], one.mask, one.crowd)
                for one in self.images[stem].segments
            ],
            holds,
        )


def written(name: str, hard: HardSet, folder: Path) -> FormatReport:
    """Export a set in a format, photos too. Raises FormatError where the format refuses it."""
    folder.mkdir()
    report = writer_of(name)(hard.images, hard.label_set, folder)
    for image in hard.images:
        photo = folder / FORMATS[name].photo_place(image)
        photo.parent.mkdir(parents=True, exist_ok=True)
        photo.write_bytes(hard.photos[image.export_name])
    return report


def read_back(name: str, folder: Path) -> Back:
    """What our own reader of the format makes of a folder."""
    data = reader_of(name)(folder, None)
    found = list(data.images())
    assert len(found) == data.count
    images = {Path(image.file_name).stem: image for image in found if isinstance(image, ReadImage)}
    problems = [image for image in found if isinstance(image, Problem)]
    problems += [problem for image in images.values() for problem in image.problems]
    return Back(data, images, (*data.problems, *problems))


def expected(hard: HardSet, holds: Capability) -> dict[str, list[Held]]:
    """What must come back of a set, by file name without extension."""
    return {Path(one.export_name).stem: reduced(one.truth, hard.label_set, holds) for one in hard.images}


def same_segments(found: list[Held], wanted: list[Held], holds: Capability) -> None:
    """Fails where an image's segments are not those wanted, or where a reading that is near has another pixel."""
    assert [shown(one) for one in found] == [shown(one) for one in wanted]
    if holds.exact:
        assert found == wanted
    else:
        assert min(map(iou, found, wanted), default=1.0) == 1.0


def shown(held: Held) -> str:
    """A segment in a line, for a person."""
    crowd = " crowd" if held.crowd else ""
    return f"{held.category}{crowd} {held.mask.width}×{held.mask.height} {held.mask.area} px at {held.mask.bbox}"


def iou(one: Held, other: Held) -> float:
    """The IoU of two segments' masks."""
    inside, outside = one.mask.to_array(), other.mask.to_array()
    return float(np.logical_and(inside, outside).sum() / np.logical_or(inside, outside).sum())


def digest(folder: Path) -> dict[str, str]:
    """SHA-256 of each file of a folder."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
