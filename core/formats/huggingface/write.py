"""A Hugging Face image folder: photos with maps of their segments that MaskFormer's processor reads.

Layout: SPLIT/NAME.jpg, SPLIT/instances/NAME.png, SPLIT/metadata.jsonl with a line a photo, id2label.json. The map is
the panoptic view: 16 bits, segments from 1, and 0 for void, which is the processor's ignore_index, so that no segment's
number is taken for it. A segment's category_id is its place in id2label.json, from 0, as a model has its classes;
labels.json keeps the categories' own ids, kinds and colours. Load it with load_dataset(FOLDER), which finds the splits
by README.md: the map is the column `instances`, and {s["id"]: s["category_id"] for s in segments_info} is
instance_id_to_semantic_id.
Source: huggingface.co/docs/datasets/image_dataset and transformers' MaskFormerImageProcessor.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO

import numpy as np

from core.annotation.files import write_atomically
from core.annotation.labels import LabelSet
from core.annotation.views import PANOPTIC_VOID, Panoptic, panoptic_view
from core.formats.exported import ExportImage, FormatReport, Tally, write_file
from core.formats.label_maps import label_map_png
from core.formats.labels_file import LABELS_FILE, labels_json
from core.formats.panoptic_counts import count_panoptic, panoptic_losses

METADATA_FILE = "metadata.jsonl"
MAPS_FOLDER = "instances"
NAMES_FILE = "id2label.json"
CARD_FILE = "README.md"
# `datasets` takes a column of this ending for a file, and names the image after what stands before it.
MAPS_COLUMN = "instances_file_name"


def beside_metadata(image: ExportImage) -> str:
    """Where the image's photo stands in an export."""
    return f"{image.split}/{image.export_name}"


def write_huggingface(images: Iterable[ExportImage], label_set: LabelSet, folder: Path) -> FormatReport:
    """Write the maps, each split's metadata.jsonl, id2label.json and labels.json into `folder`."""
    tally = Tally()
    place_of = {category.id: place for place, category in enumerate(label_set)}
    with ExitStack() as open_files:
        metadata: dict[str, BinaryIO] = {}
        for image in images:
            if image.split not in metadata:
                (folder / image.split / MAPS_FOLDER).mkdir(parents=True)
                metadata[image.split] = open_files.enter_context(write_atomically(folder / image.split / METADATA_FILE))
            panoptic = panoptic_view(image.truth, label_set)
            # The view's segments are in the order of their ids, so each one's place is its number in the map.
            ids = np.searchsorted([PANOPTIC_VOID, *(segment.id for segment in panoptic.segments)], panoptic.ids)
            write_file(folder / image.split / MAPS_FOLDER / image.png_name, label_map_png(ids, 16))
            metadata[image.split].write(_line(image, panoptic, place_of))
            count_panoptic(tally, image, panoptic, label_set)
    names = {str(place): category.name for place, category in enumerate(label_set)}
    write_file(folder / NAMES_FILE, json.dumps(names, ensure_ascii=False, indent=1).encode() + b"\n")
    write_file(folder / LABELS_FILE, labels_json(label_set, "index", range(len(label_set))))
    write_file(folder / CARD_FILE, _card(sorted(metadata)))
    files = [f"{split}/" for split in sorted(metadata)]
    return tally.report(panoptic_losses(tally), [*files, NAMES_FILE, LABELS_FILE, CARD_FILE])


def _card(splits: Sequence[str]) -> bytes:
    """The dataset card, without which `datasets` leaves out folders whose names it does not take for splits."""
    files = [f'      - split: "{_plain(split)}"\n        path: "{split}/**"\n' for split in splits]
    head = "---\nconfigs:\n  - config_name: default\n    data_files:\n"
    return "".join([head, *files, "---\n"]).encode()


def _plain(split: str) -> str:
    """The split's name as `datasets` allows it."""
    return split.replace("-", "_")


def _line(image: ExportImage, panoptic: Panoptic, place_of: Mapping[int, int]) -> bytes:
    """A line of metadata.jsonl, its segments numbered like the map."""
    content = {
        "file_name": image.export_name,
        MAPS_COLUMN: f"{MAPS_FOLDER}/{image.png_name}",
        "image_id": image.image_id,
        "segments_info": [
            {"id": number, "category_id": place_of[segment.category_id], "iscrowd": int(segment.crowd)}
            for number, segment in enumerate(panoptic.segments, start=1)
        ],
    }
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
