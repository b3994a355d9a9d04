"""Cityscapes: three label maps beside each other for the photo leftImg8bit/SPLIT/CITY/NAME_leftImg8bit.

gtFine/SPLIT/CITY/NAME_gtFine_labelIds.png has the category's id, 8 bits, 0 for void; …_instanceIds.png, 16 bits, has
1000·id + n for the things of a category, n from 0, and the plain id for stuff and for groups of things, our crowds;
…_labelTrainIds.png what training calls the categories, 255 for void. labels.json says what categories there are.
Source: Cordts et al., The Cityscapes Dataset, 2016, and its public scripts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from core.annotation.errors import FormatError
from core.annotation.labels import LabelSet
from core.annotation.truth import Truth
from core.annotation.views import labelled, panoptic_view
from core.formats.cityscapes.labels import IGNORED_TRAIN_ID, train_ids
from core.formats.exported import ExportImage, FormatReport, Loss, Tally, count_covered, count_unlabelled, write_file
from core.formats.label_maps import Ids, label_map_png
from core.formats.labels_file import LABELS_FILE, labels_json

IMAGES_FOLDER = "leftImg8bit"
LABELS_FOLDER = "gtFine"
# The folder of photos whose names do not begin with a city, as CITY_SEQUENCE_FRAME does.
NO_CITY = "photos"
_CITY = re.compile(r"([^_]+)_\d{6}_\d{6}")
VOID = 0
PER_CATEGORY = 1000
# 65·1000 is the last thousand that 16 bits hold, but for its last 464.
MAX_CATEGORY_ID = 65
MAX_INSTANCES = 999
_MAX_VALUE = 65_535


def photo_place(image: ExportImage) -> str:
    """Where an export has an image's photo."""
    name = Path(image.export_name)
    return f"{IMAGES_FOLDER}/{_folder(image)}/{name.stem}_{IMAGES_FOLDER}{name.suffix}"


def write_cityscapes(images: Iterable[ExportImage], label_set: LabelSet, folder: Path) -> FormatReport:
    """Write gtFine/ and labels.json into `folder`. Raises FormatError for ids and instances beyond the limits."""
    _check_ids(label_set)
    tally = Tally()
    numbers = train_ids(label_set)
    training = np.full(256, IGNORED_TRAIN_ID, dtype=np.int32)
    training[[category.id for category in label_set]] = numbers
    (folder / LABELS_FOLDER).mkdir()
    for image in images:
        values = _instance_map(image, label_set, tally)
        categories = category_map(values)
        place = folder / LABELS_FOLDER / _folder(image)
        place.mkdir(parents=True, exist_ok=True)
        start = f"{Path(image.export_name).stem}_{LABELS_FOLDER}"
        write_file(place / f"{start}_labelIds.png", label_map_png(categories, 8))
        write_file(place / f"{start}_instanceIds.png", label_map_png(values, 16))
        write_file(place / f"{start}_labelTrainIds.png", label_map_png(training[categories], 8))
    write_file(folder / LABELS_FILE, labels_json(label_set, "trainId", numbers))
    count = tally.counts.get
    losses = [
        Loss("unlabelled", tally.unlabelled, "unlabelled segment", "left out until labelled"),
        Loss("hidden", tally.hidden, "segment", "left out: wholly covered by others"),
        Loss("covered", tally.covered, "segment", "without the part that others cover"),
        Loss("merged", count("merged", 0), "stuff or crowd segment", "merged with another of the same category"),
        Loss(
            "crowd",
            count("crowds", 0),
            "crowd segment of stuff",
            "no longer told from other stuff",
            "crowd segments of stuff",
        ),
        Loss("void", count("void", 0), "pixel", "left void (0): no segment is there, or an unlabelled one on top"),
    ]
    return tally.report(losses, [f"{LABELS_FOLDER}/", LABELS_FILE])


def category_map(values: Ids) -> Ids:
    """The category ids of an instance map [H, W]."""
    return np.where(values < PER_CATEGORY, values, values // PER_CATEGORY).astype(np.int32)


def _check_ids(label_set: LabelSet) -> None:
    for category in label_set:
        if category.id > MAX_CATEGORY_ID:
            raise FormatError(
                f"category {category.name!r} has the id {category.id}, over {MAX_CATEGORY_ID}, the highest of "
                f"Cityscapes; use COCO panoptic"
            )
        if category.id == VOID:
            raise FormatError(
                f"category {category.name!r} has the id 0, which is void in Cityscapes; use COCO panoptic"
            )


def _instance_map(image: ExportImage, label_set: LabelSet, tally: Tally) -> Ids:
    """Cityscapes' instance ids [H, W], and into the tally what they hold of the truth."""
    truth = _without_stuff_crowds(image.truth, label_set)
    panoptic = panoptic_view(truth, label_set)
    numbers: dict[int, int] = {}
    counts: dict[int, int] = {}
    for part in panoptic.segments:
        numbers[part.id] = part.category_id
        if part.is_thing and not part.crowd:
            nth = counts[part.category_id] = counts.get(part.category_id, 0) + 1
            numbers[part.id] = PER_CATEGORY * part.category_id + nth - 1
    _check_instances(image, label_set, counts)
    values = _replaced(panoptic.ids, numbers)
    value_of = {
        segment.id: numbers.get(segment.id, -1) if category.is_thing and not segment.crowd else category.id
        for segment, category in labelled(truth, label_set)
    }
    hidden, covered = count_covered(truth, label_set, values, value_of)
    tally.images += 1
    tally.segments += len(set(numbers.values()))
    tally.unlabelled += count_unlabelled(truth, label_set)
    tally.hidden += hidden
    tally.covered += covered
    tally.add("merged", len(value_of) - hidden - len(set(numbers.values())))
    tally.add("crowds", sum(one.crowd and not category.is_thing for one, category in labelled(image.truth, label_set)))
    tally.add("void", int((values == VOID).sum()))
    return values


def _without_stuff_crowds(truth: Truth, label_set: LabelSet) -> Truth:
    """The truth as Cityscapes can tell it: a plain id of stuff is not a group."""
    stuff = {category.id for category in label_set if not category.is_thing}
    return replace(
        truth, segments=tuple(replace(one, crowd=one.crowd and one.category_id not in stuff) for one in truth.segments)
    )


def _check_instances(image: ExportImage, label_set: LabelSet, counts: dict[int, int]) -> None:
    for category_id, count in counts.items():
        most = min(MAX_INSTANCES, _MAX_VALUE - PER_CATEGORY * category_id + 1)
        if count > most:
            raise FormatError(
                f"{image.file_name}: {count} segments of {label_set.get(category_id).name!r}, more than the {most} "
                f"that Cityscapes has for the id {category_id}; use COCO panoptic"
            )


def _replaced(ids: Ids, numbers: dict[int, int]) -> Ids:
    """Each id replaced by its number, 0 by VOID."""
    known = np.array([0, *sorted(numbers)], dtype=np.int64)
    values = np.array([VOID, *(numbers[number] for number in sorted(numbers))], dtype=np.int32)
    replaced: npt.NDArray[np.int32] = values[np.searchsorted(known, ids)]
    return replaced


def _folder(image: ExportImage) -> str:
    city = _CITY.fullmatch(Path(image.export_name).stem)
    return f"{image.split}/{city[1] if city else NO_CITY}"
