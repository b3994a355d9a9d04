"""Exports with photos that are read back, and label maps that were made by hand."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from core.annotation.labels import LabelSet
from core.formats.exported import ExportImage, FormatReport
from core.formats.imported import DataSet, Problem, ReadImage
from core.formats.registry import FORMATS

SHARED = Path(__file__).resolve().parents[4] / "shared" / "data"


def png(values: object, mode: str = "") -> bytes:
    """A PNG by Pillow alone; mode P gets a palette of chance."""
    array = np.asarray(values)
    picture = Image.fromarray(array.astype(np.uint16 if mode == "I;16" else np.uint8))
    if mode == "P":
        picture.putpalette(np.random.default_rng(1).integers(0, 256, 768).tolist())
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()


def write_tree(folder: Path, files: dict[str, bytes | str]) -> Path:
    """Files by their place in the folder; readers of label maps look at no photo, so one may be any bytes."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder


def export(format: str, images: Sequence[ExportImage], labels: LabelSet, folder: Path) -> FormatReport:
    """The images in this format, photos too."""
    one = FORMATS[format]
    assert one.write is not None
    report = one.write(images, labels, folder)
    write_tree(folder, {one.photo_place(image): b"photo" for image in images})
    return report


def opened(format: str, folder: Path, photos: Path | None = None) -> DataSet:
    reader = FORMATS[format].read
    assert reader is not None
    return reader(folder, photos)


def whole(data_set: DataSet) -> list[ReadImage]:
    """All images of a set that is read without a problem."""
    images = list(data_set.images())
    assert len(images) == data_set.count
    assert data_set.problems == ()
    for image in images:
        assert isinstance(image, ReadImage), str(image)
        assert image.problems == (), [str(problem) for problem in image.problems]
    return [image for image in images if isinstance(image, ReadImage)]


def problems_of(data_set: DataSet) -> list[str]:
    """Every problem of a set, in words."""
    found = list(data_set.problems)
    for image in data_set.images():
        found += [image] if isinstance(image, Problem) else image.problems
    return [str(problem) for problem in found]


def painted(image: ReadImage, void: int) -> np.ndarray:
    """The category of each pixel, `void` where no segment is or an unlabelled one."""
    assert image.size is not None
    canvas = np.full(image.size, void)
    for segment in image.segments:
        canvas[segment.mask.to_array()] = void if segment.category_id is None else segment.category_id
    return canvas
