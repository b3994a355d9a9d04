"""The real sets of ../shared/data as made sets: read by our reader of their format, ready to be exported."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from core.annotation.labels import Category, LabelSet
from core.annotation.truth import Progress, Segment, Source, Truth
from core.formats.exported import ExportImage
from core.formats.imported import DataSet, ReadImage
from core.formats.names import UniqueNames
from core.formats.registry import reader_of
from tests.round_trips.hard_cases import MEDIA_TYPES, HardSet

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
# A few images of each show what a set is like; all of them would take half an hour.
MOST_IMAGES = 12
_SUFFIXES = {".jpg": "JPEG", ".jpeg": "JPEG", ".png": "PNG", ".webp": "WEBP"}
CAMVID_NAMES = "sky\nbuilding\npole\nroad\npavement\ntree\nsign symbol\nfence\ncar\npedestrian\nbicyclist\nnull\n"


@dataclass(frozen=True)
class RealSet:
    """format: its own, by name.   place: what to open, made ready in the folder given."""

    format: str
    place: Callable[[Path], Path]


def real_set(name: str, tmp_path: Path) -> HardSet:
    """The first images of a set. Skips the test where the set is not here."""
    folder = SHARED / name
    if not folder.is_dir():
        pytest.skip(f"needs {folder.name} in ../shared/data, which is not here")
    real = REAL_SETS[name]
    return adopted(reader_of(real.format)(real.place(tmp_path), None))


def adopted(data: DataSet) -> HardSet:
    """The first images of a data set with their truths and photos; of a name or id twice the first used one counts."""
    images, photos, names = [], {}, UniqueNames()
    numbers = itertools.count(1)
    for image in itertools.islice(_usable(data), MOST_IMAGES):
        name = names.take(image.file_name, MEDIA_TYPES[_SUFFIXES[image.photo.suffix.lower()]])
        photos[name] = image.photo.read_bytes()
        assert image.size is not None
        truth = Truth(*image.size, segments=tuple(_segments(image, numbers)), progress=Progress.DONE)
        number = len(images) + 1 if image.id is None else image.id
        images.append(ExportImage(name, name, number, *image.size, truth, image.split or "train", True))
    return HardSet(LabelSet.of(_categories(data)), tuple(images), photos)


def _usable(data: DataSet) -> Iterator[ReadImage]:
    for image in data.images():
        assert isinstance(image, ReadImage), image
        assert image.problems == ()
        if image.size is not None:
            yield image


def _segments(image: ReadImage, numbers: Iterator[int]) -> Iterator[Segment]:
    for order, (one, number) in enumerate(zip(image.segments, numbers, strict=False)):
        yield Segment(number, one.mask, one.category_id, order, Source.IMPORTED, one.crowd)


def _categories(data: DataSet) -> Iterator[Category]:
    names = [category.name for category in data.categories]
    for category in data.categories:
        if names.count(category.name) == 1 or data.uses(category.id):
            yield category


def _as_it_lies(name: str) -> Callable[[Path], Path]:
    return lambda tmp_path: SHARED / name


def _camvid(tmp_path: Path) -> Path:
    """Its folders with the names of its ids, which stand in no file of it."""
    folder = tmp_path / "camvid"
    for part in ("train", "train-labels", "val", "val-labels"):
        (folder / part).mkdir(parents=True)
        for path in sorted((SHARED / "camvid" / part).iterdir())[:MOST_IMAGES]:
            shutil.copy(path, folder / part)
    (folder / "labels.txt").write_text(CAMVID_NAMES)
    return folder


REAL_SETS: Mapping[str, RealSet] = {
    "coco-mini": RealSet("coco", _as_it_lies("coco-mini")),
    "facades": RealSet("coco", _as_it_lies("facades")),
    "aerial-buildings": RealSet("coco", _as_it_lies("aerial-buildings")),
    "camvid": RealSet("semantic-png", _camvid),
    "clothing": RealSet("semantic-png", _as_it_lies("clothing")),
    "coco-panoptic-sample": RealSet("coco-panoptic", _as_it_lies("coco-panoptic-sample")),
}
