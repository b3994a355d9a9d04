"""COCO instances: `instances.json` beside `images/`. The labels are partial: what no mask covers is unknown."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from pycocotools import mask as coco_masks

from core.annotation.errors import TrainingError
from core.annotation.labels import Category, distinct_colour
from core.annotation.mask import Mask
from core.training.data.images import LabelledImage, LabelledMask, Labels

FILE_NAME = "instances.json"
Entry = Mapping[str, Any]


def read_coco(folder: Path) -> tuple[tuple[Category, ...], list[LabelledImage]]:
    """The categories and images of `folder`/instances.json.

    Raises TrainingError when it is no COCO file or names a missing photo. Categories are things unless `isthing` is 0.
    """
    content = _parse(folder / FILE_NAME)
    names = {entry["id"]: str(entry["name"]) for entry in content["categories"]}
    entries_of: dict[int, list[Entry]] = defaultdict(list)
    for entry in content["annotations"]:
        entries_of[entry["image_id"]].append(entry)
    categories = tuple(
        Category(entry["id"], str(entry["name"]), bool(entry.get("isthing", 1)), distinct_colour(place))
        for place, entry in enumerate(content["categories"])
    )
    return categories, [_image(folder, image, entries_of[image["id"]], names) for image in content["images"]]


def mask_of(segmentation: object, height: int, width: int) -> Mask:
    """A COCO segmentation (polygons, or RLE compressed or not) as a mask. Raises TrainingError."""
    if isinstance(segmentation, dict):
        return Mask.from_coco(segmentation, size=(height, width))
    try:
        parts = coco_masks.frPyObjects(segmentation, height, width)
        return Mask.from_coco(coco_masks.merge(parts), size=(height, width))
    except (TypeError, ValueError, IndexError, KeyError) as error:
        raise TrainingError(f"a segmentation is neither polygons nor RLE: {segmentation!r:.60}") from error


def _parse(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_bytes())
    except ValueError as error:
        raise TrainingError(f"{path.parent.name}/{path.name} is no JSON: {error}") from error
    missing = {"images", "annotations", "categories"} - set(content if isinstance(content, dict) else ())
    if missing:
        raise TrainingError(f"{path.parent.name}/{path.name} is no COCO file: it lacks {sorted(missing)}")
    return dict(content)


def _image(folder: Path, image: Entry, entries: Sequence[Entry], names: Mapping[int, str]) -> LabelledImage:
    # The file name is another program's text: it may lead nowhere but into the images folder.
    path = folder / "images" / Path(str(image["file_name"])).name
    if not path.is_file():
        raise TrainingError(
            f"{folder.name}/{FILE_NAME} names the photo {image['file_name']!r}, which is not in images/"
        )
    reader: Callable[[], Labels] = partial(_labels, image["height"], image["width"], tuple(entries), names)
    return LabelledImage(path, (reader,))


def _labels(height: int, width: int, entries: Sequence[Entry], names: Mapping[int, str]) -> Labels:
    masks, crowds = [], []
    for entry in entries:
        mask = mask_of(entry["segmentation"], height, width)
        if entry.get("iscrowd"):
            crowds.append(mask)
        elif mask.area:
            masks.append(LabelledMask(mask, names[entry["category_id"]]))
    return Labels(tuple(masks), Mask.union(crowds) if crowds else None, complete=False)
