"""The formats by name: what each holds, and who reads and writes it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from core.annotation.errors import FormatError
from core.formats.capabilities import CAPABILITIES, Capability
from core.formats.coco import write_coco_instances
from core.formats.coco_panoptic import write_coco_panoptic
from core.formats.exported import ExportImage, Writer
from core.formats.imported import Reader
from core.formats.semantic_png import write_semantic_png


def in_images_folder(image: ExportImage) -> str:
    """Where most formats have a photo."""
    return f"images/{image.export_name}"


@dataclass(frozen=True)
class Format:
    """A format. `photo_place` says where an export has an image's photo, relative to its folder, with / between."""

    name: str
    read: Reader | None = None
    write: Writer | None = None
    photo_place: Callable[[ExportImage], str] = in_images_folder

    @property
    def holds(self) -> Capability:
        return CAPABILITIES[self.name]


_ALL = (
    Format("coco", write=write_coco_instances),
    Format("coco-panoptic", write=write_coco_panoptic),
    Format("semantic-png", write=write_semantic_png),
)
FORMATS: Mapping[str, Format] = MappingProxyType({one.name: one for one in _ALL})


def reader_of(name: str) -> Reader:
    """Who reads the format. Raises FormatError for one that is not imported."""
    found = FORMATS.get(name)
    if found is None or found.read is None:
        known = ", ".join(one.name for one in _ALL if one.read)
        raise FormatError(f"no import format is called {name!r}; the formats are {known}")
    return found.read


def writer_of(name: str) -> Writer:
    """Who writes the format. Raises FormatError for one that is not exported."""
    found = FORMATS.get(name)
    if found is None or found.write is None:
        known = ", ".join(one.name for one in _ALL if one.write)
        raise FormatError(f"no export format is called {name!r}; the formats are {known}")
    return found.write
