"""Data sets made up for imports: photos on disk, masks in memory."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path

import numpy as np
from PIL import Image

from app.workflows.importing import ImportPlan, ImportRequest
from app.workflows.importing.categories import plan_categories
from core.annotation.labels import Category, distinct_colour
from core.annotation.mask import Mask
from core.formats.capabilities import CAPABILITIES
from core.formats.imported import DataSet, Problem, ReadImage, ReadSegment
from storage.imports import load_known_categories
from storage.workspace import Workspace
from tests.made import disc


def category(number: int, name: str, *, is_thing: bool = True) -> Category:
    return Category(number, name, is_thing, distinct_colour(number))


def write_photo(folder: Path, name: str, *, width: int = 40, height: int = 30, seed: int = 0) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    Image.fromarray(np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)).save(path)
    return path


def discs(count: int, height: int = 30, width: int = 40, *, seed: int = 0) -> list[Mask]:
    rng = np.random.default_rng(seed)
    return [
        Mask.from_array(disc(height, width, rng.uniform(0, height - 1), rng.uniform(0, width - 1), 4))
        for _ in range(count)
    ]


def data_set(
    categories: Sequence[Category], images: Iterable[ReadImage | Problem] = (), *, used: Iterable[int] | None = None
) -> DataSet:
    """used: the category ids that segments have; None: what the images' segments have."""
    items = tuple(images)
    ids = {segment.category_id for item in items if isinstance(item, ReadImage) for segment in item.segments} | set(
        used or ()
    )
    return DataSet(tuple(categories), len(items), lambda: iter(items), lambda number: number in ids)


def read_image(
    path: Path, *, segments: int = 3, category_id: int | None = 1, seed: int = 0, **given: object
) -> ReadImage:
    read = tuple(
        ReadSegment(mask, category_id, id=None if category_id is None else 100 + place)
        for place, mask in enumerate(discs(segments, seed=seed))
    )
    return ReadImage(path.name, path, **{"segments": read, "size": (30, 40), **given})  # type: ignore[arg-type]


def plan_of(workspace: Workspace, made: DataSet, folder: Path, *, name: str = "coco") -> ImportPlan:
    """A plan of a set that no reader opened."""
    folder.mkdir(parents=True, exist_ok=True)
    with workspace.database.read() as session:
        known = load_known_categories(session)
    categories, clashes = plan_categories(made, known, CAPABILITIES[name], {})
    return ImportPlan(ImportRequest(name, folder), made, categories, clashes, folder, ExitStack())


def write_coco(
    folder: Path, *, photos: int = 2, segments: int = 3, names: Sequence[str] = ("cat", "dog"), seed: int = 0
) -> Path:
    """A COCO folder: photos of 40×30 in images/, instances.json beside; category ids from 1."""
    images, annotations = [], []
    for number in range(photos):
        name = f"photo_{number:05d}.png"
        write_photo(folder / "images", name, seed=seed + number)
        images.append({"id": 1_000 + number, "file_name": name, "height": 30, "width": 40})
        for place, mask in enumerate(discs(segments, seed=seed + number)):
            annotations.append(
                {
                    "id": number * segments + place + 1,
                    "image_id": 1_000 + number,
                    "category_id": 1 + place % len(names),
                    "iscrowd": 0,
                    "area": mask.area,
                    "bbox": list(mask.bbox),
                    "segmentation": mask.to_coco(),
                }
            )
    listed = [{"id": number, "name": name} for number, name in enumerate(names, start=1)]
    path = folder / "instances.json"
    path.write_text(json.dumps({"images": images, "annotations": annotations, "categories": listed}))
    return path
