"""Pascal VOC: SegmentationClass/NAME.png and SegmentationObject/NAME.png, with the palette of VOC, and lists of names.

In SegmentationClass a pixel is a category's place in the label set, from 1; in SegmentationObject it is the segment's
number among the visible ones, from 1 at the bottom. In both 0 is background, which no segment covers, and 255 is void:
unlabelled segments on top, and what no segment covers in an image that is in work. labelmap.txt names the values, as
CVAT and datumaro do (name:r,g,b:parts:actions); labels.json adds ids, kinds and colours. A category that is called
background is what 0 says. Source: Everingham et al., The PASCAL VOC Challenge, 2010, and its development kit.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.annotation.errors import FormatError
from core.annotation.labels import Colour, LabelSet
from core.formats.exported import ExportImage, FormatReport, Loss, Tally, write_file
from core.formats.label_maps import Ids, label_map_png
from core.formats.labels_file import LABELS_FILE, labels_json

IMAGES_FOLDER = "JPEGImages"
CLASS_FOLDER = "SegmentationClass"
OBJECT_FOLDER = "SegmentationObject"
LISTS_FOLDER = "ImageSets/Segmentation"
NAMES_FILE = "labelmap.txt"
HEAD = "# label:color_rgb:parts:actions"
BACKGROUND, BACKGROUND_NAME = 0, "background"
VOID = 255
# What is between background and void, for categories and for the segments of an image.
MOST = 254
_ODD = re.compile(r"^#|:")


def voc_colour(value: int) -> Colour:
    """The colour of a value in VOC's palette: its bits, lowest first, go to red, green and blue in turn."""
    red = green = blue = 0
    for step in range(8):
        red |= (value >> 3 * step & 1) << 7 - step
        green |= (value >> 3 * step + 1 & 1) << 7 - step
        blue |= (value >> 3 * step + 2 & 1) << 7 - step
    return red, green, blue


PALETTE = tuple(voc_colour(value) for value in range(256))


def photo_place(image: ExportImage) -> str:
    """Where an export has an image's photo."""
    return f"{IMAGES_FOLDER}/{image.export_name}"


def write_voc(images: Iterable[ExportImage], label_set: LabelSet, folder: Path) -> FormatReport:
    """Write PNGs, lists and names into `folder`. Raises FormatError over MOST categories or segments of an image."""
    named = LabelSet.of(one for one in label_set if one.name.lower() != BACKGROUND_NAME)
    if len(named) > MOST:
        raise FormatError(f"{len(named)} categories, more than the {MOST} of Pascal VOC; use COCO")
    value_of = dict.fromkeys((one.id for one in label_set), BACKGROUND)
    value_of |= {category.id: value for value, category in enumerate(named, start=1)}
    tally = Tally()
    splits: dict[str, list[str]] = {}
    for name in (CLASS_FOLDER, OBJECT_FOLDER, LISTS_FOLDER):
        (folder / name).mkdir(parents=True)
    for image in images:
        painted = _paint(image, value_of)
        for name, ids in ((CLASS_FOLDER, painted.categories), (OBJECT_FOLDER, painted.objects)):
            write_file(folder / name / image.png_name, label_map_png(ids, 8, PALETTE))
        splits.setdefault(image.split, []).append(Path(image.png_name).stem)
        _count(tally, image, painted, value_of)
    for split, stems in splits.items():
        write_file(folder / LISTS_FOLDER / f"{split}.txt", "".join(f"{stem}\n" for stem in stems).encode())
    names = _listed_names(named)
    lines = [_line(name, value) for value, name in (*enumerate(names), (VOID, _void_name(names)))]
    write_file(folder / NAMES_FILE, "".join(f"{line}\n" for line in (HEAD, *lines)).encode())
    write_file(folder / LABELS_FILE, labels_json(named, "index", range(1, len(named) + 1)))
    files = [f"{CLASS_FOLDER}/", f"{OBJECT_FOLDER}/", f"{LISTS_FOLDER}/", NAMES_FILE, LABELS_FILE]
    return tally.report(_losses(tally, named), files)


def _listed_names(named: LabelSet) -> list[str]:
    """Each value's name in NAMES_FILE, where : ends a name and # a line: _ stands for them."""
    names = [BACKGROUND_NAME]
    taken = {category.name for category in named}
    for category in named:
        name = _ODD.sub("_", category.name)
        while name != category.name and name in taken:
            name += "_"
        taken.add(name)
        names.append(name)
    return names


def _line(name: str, value: int) -> str:
    return f"{name}:{','.join(map(str, PALETTE[value]))}::"


def _void_name(names: Collection[str]) -> str:
    """What datumaro calls void, which refuses colours that the list lacks."""
    name = "ignored"
    while name in names:
        name += "_"
    return name


@dataclass(frozen=True)
class _Painted:
    """An image's two maps [H, W] and the visible pixels of each segment, in the truth's order."""

    categories: Ids
    objects: Ids
    visible: tuple[int, ...]


def _paint(image: ExportImage, value_of: Mapping[int, int]) -> _Painted:
    segments = image.truth.segments
    on_top = np.zeros((image.height, image.width), dtype=np.int32, order="F")
    for place, segment in enumerate(segments, start=1):
        on_top[segment.mask.to_array()] = place
    visible = np.bincount(on_top.ravel(order="K"), minlength=len(segments) + 1)
    uncovered = BACKGROUND if image.truth.done else VOID
    categories, objects = np.full((2, len(segments) + 1), uncovered, dtype=np.int32)
    last = 0
    for place, segment in enumerate(segments, start=1):
        value = VOID if segment.category_id is None else value_of.get(segment.category_id, VOID)
        categories[place] = objects[place] = value
        if value not in (BACKGROUND, VOID) and visible[place]:
            last += 1
            objects[place] = last
    if last > MOST:
        raise FormatError(f"{image.file_name}: {last} segments, more than the {MOST} of Pascal VOC; use COCO")
    return _Painted(categories[on_top], objects[on_top], tuple(visible[1:].tolist()))


def _count(tally: Tally, image: ExportImage, painted: _Painted, value_of: Mapping[int, int]) -> None:
    tally.images += 1
    for segment, visible in zip(image.truth.segments, painted.visible, strict=True):
        value = None if segment.category_id is None else value_of.get(segment.category_id)
        if value is None:
            tally.add("void", 1)
        elif value == BACKGROUND:
            tally.add("background", 1)
        else:
            tally.segments += visible > 0
            tally.hidden += visible == 0
            tally.covered += 0 < visible < segment.mask.area
            tally.add("crowds", segment.crowd)


def _losses(tally: Tally, named: LabelSet) -> list[Loss]:
    odd = [category.name for category in named if _ODD.search(category.name)]
    return [
        Loss("unlabelled", tally.counts.get("void", 0), "unlabelled segment", f"left void ({VOID})"),
        Loss("hidden", tally.hidden, "segment", "left out: wholly covered by others"),
        Loss("covered", tally.covered, "segment", "without the part that others cover"),
        Loss(
            "background",
            tally.counts.get("background", 0),
            "segment",
            f"of {BACKGROUND_NAME!r} turned into what no segment covers",
        ),
        Loss("crowd", tally.counts.get("crowds", 0), "crowd segment", "no longer told from others"),
        Loss("names", len(odd), "name", f"with _ for : and a leading # in {NAMES_FILE}; {LABELS_FILE} has the truth"),
    ]
