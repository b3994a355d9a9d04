"""The JSON file that COCO's formats share, written image by image, the same bytes every time."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from core.annotation.files import write_atomically
from core.annotation.labels import LabelSet
from core.formats.exported import ExportImage

Record = Mapping[str, object]


class CocoFile:
    """Takes annotations as they come, so that never more than one image's are in memory."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._images: list[Record] = []
        self._annotations = 0
        file.write(b'{"annotations":[')

    def add_image(self, image: ExportImage) -> None:
        record = {"file_name": image.export_name, "height": image.height, "id": image.image_id, "width": image.width}
        self._images.append(record)

    def add_annotation(self, record: Record) -> None:
        self._file.write(b",\n" if self._annotations else b"\n")
        self._file.write(_json(record))
        self._annotations += 1

    def finish(self, label_set: LabelSet) -> None:
        categories = [
            {
                "color": list(category.colour),
                "id": category.id,
                "isthing": int(category.is_thing),
                "name": category.name,
                "supercategory": "thing" if category.is_thing else "stuff",
            }
            for category in label_set
        ]
        self._file.write(b'\n],\n"categories":' + _lines(categories))
        self._file.write(b',\n"images":' + _lines(self._images))
        self._file.write(b',\n"info":' + _json({"description": "Exported by Maskwright", "version": "1.0"}))
        self._file.write(b',\n"licenses":[]}\n')


@contextmanager
def write_coco(path: Path, label_set: LabelSet) -> Iterator[CocoFile]:
    """Open `path` for annotations; it is there, whole, after the block."""
    with write_atomically(path) as file:
        coco = CocoFile(file)
        yield coco
        coco.finish(label_set)


def _lines(records: Sequence[Record]) -> bytes:
    return b"[\n" + b",\n".join(map(_json, records)) + b"\n]"


def _json(record: Record) -> bytes:
    return json.dumps(record, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()
