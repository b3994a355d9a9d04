"""COCO panoptic, read: a JSON beside a folder of the same name with one PNG an image.

A pixel's id is R + 256·G + 256²·B; the JSON tells what each id is, 0 is void. Both must agree: an id that only one of
them has is a problem, its pixels are void. Source: the COCO panoptic format, cocodataset.org/#format-data.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from core.annotation.errors import FormatError
from core.annotation.mask import Mask
from core.formats.coco.index import CocoIndex, read_index
from core.formats.coco.places import panoptic_files, place_in
from core.formats.coco.read import ImageEntry, ReadTruth, data_set_of
from core.formats.coco.tables import Entry, entry_of, is_whole, shown
from core.formats.imported import DataSet, ReadSegment
from core.formats.label_maps import masks_of, read_rgb_ids
from core.formats.places import inside

VOID = 0
# Of the three bytes of a pixel.
_IDS = 256**3


def read_coco_panoptic(place: Path, photos: Path | None) -> DataSet:
    """A COCO panoptic data set: its folder, or its JSON file. Raises FormatError when there is none."""
    indexes = [read_index(path, place_in(place, path), _categories_of) for path in panoptic_files(place)]
    return data_set_of(indexes, photos, _read_truths)


def _infos(entry: Entry) -> list[Entry]:
    infos = entry.get("segments_info")
    return [entry_of(info) for info in infos] if isinstance(infos, list) else []


def _categories_of(entry: Entry) -> Iterable[object]:
    return (info.get("category_id") for info in _infos(entry))


def _read_truths(index: CocoIndex, images: Sequence[ImageEntry]) -> list[ReadTruth]:
    return [_read_truth(index, image) for image in images]


def _read_truth(index: CocoIndex, image: ImageEntry) -> ReadTruth:
    """The segments of an image in the order of the JSON, and where it and the PNG disagree."""
    rows = index.rows_of(image.number)
    truth = ReadTruth(labelled=False)
    if not rows.size:
        return truth
    if rows.size > 1:
        truth.problems.append(index.problem(image.item, f"has {rows.size} annotations; the first counts"))
    entry = entry_of(index.annotations.load(rows[:1])[0])
    try:
        masks = _masks(index, entry, image.size)
    except FormatError as error:
        truth.problems.append(index.problem(image.item, str(error)))
        return truth
    label = shown(entry["file_name"])
    infos = _infos(entry)
    _name_in_full(masks, infos)
    seen: set[float] = set()
    for info in infos:
        mask, fault = _mask_of(index, info, masks, seen)
        if mask is None:
            truth.problems.append(index.problem(f"segment {shown(info.get('id'))} of {label}", fault))
        else:
            crowd = info.get("iscrowd") == 1
            truth.segments.append(ReadSegment(mask, int(info["category_id"]), crowd, int(info["id"])))
    for left, mask in masks.items():
        reason = f"is in the PNG, with {mask.area} pixels, but not in its segments_info; they are void"
        truth.problems.append(index.problem(f"segment {left} of {label}", reason))
    truth.labelled = bool(truth.segments) or not truth.problems
    return truth


def _masks(index: CocoIndex, entry: Entry, size: tuple[int, int]) -> dict[int, Mask]:
    """The mask of each id of the image's PNG. Raises FormatError."""
    name = entry.get("file_name")
    if not isinstance(name, str):
        raise FormatError(f"has the PNG name {shown(name)}, which is no text")
    if not isinstance(entry.get("segments_info"), list):
        raise FormatError("has no list segments_info")
    ids = read_rgb_ids(inside(index.path.with_suffix(""), name))
    if ids.shape != size:
        raise FormatError(f"has a PNG of {ids.shape[1]}×{ids.shape[0]}, but its image is {size[1]}×{size[0]}")
    return masks_of(ids, without=[VOID])


def _name_in_full(masks: dict[int, Mask], infos: Sequence[Entry]) -> None:
    """Masks of ids of more than three bytes, of which the PNG has the lower three, get the ids of the JSON."""
    ids = {int(info["id"]) for info in infos if is_whole(info.get("id"))}
    for number in sorted(ids):
        lower = number % _IDS
        if number > lower and lower not in ids and lower in masks:
            masks[number] = masks.pop(lower)


def _mask_of(index: CocoIndex, info: Entry, masks: dict[int, Mask], seen: set[float]) -> tuple[Mask | None, str]:
    """The mask of a segment, taken from `masks`, or why there is none; its id joins those `seen`."""
    number, category_id = info.get("id"), info.get("category_id")
    if not is_whole(number) or number <= VOID:
        return None, "has an id that is no whole number above 0"
    if number in seen:
        return None, "stands twice in its segments_info; the first counts"
    seen.add(number)
    mask = masks.pop(int(number), None)
    if mask is None:
        return None, "is in its segments_info, but not in the PNG"
    if not is_whole(category_id) or category_id not in index.known:
        return None, f"has the category_id {shown(category_id)}, which no category has"
    return mask, ""
