"""The formats by name: what each holds, and who reads and writes it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from core.annotation.errors import FormatError
from core.formats.ade20k import write as ade20k
from core.formats.ade20k.read import read_ade20k
from core.formats.bsds.read import read_bsds
from core.formats.capabilities import CAPABILITIES, Capability
from core.formats.cityscapes import write as cityscapes
from core.formats.cityscapes.read import read_cityscapes
from core.formats.coco.read import read_coco
from core.formats.coco.write import write_coco_instances
from core.formats.coco_panoptic.read import read_coco_panoptic
from core.formats.coco_panoptic.write import write_coco_panoptic
from core.formats.exported import ExportImage, Writer
from core.formats.huggingface.read import read_huggingface
from core.formats.huggingface.write import beside_metadata, write_huggingface
from core.formats.images.read import read_photo_folder
from core.formats.imported import Reader
from core.formats.labelme.read import read_labelme
from core.formats.labelme.write import write_labelme
from core.formats.semantic_png.read import read_semantic_png
from core.formats.semantic_png.write import write_semantic_png
from core.formats.voc import write as voc
from core.formats.voc.read import read_voc
from core.formats.yolo.read import read_yolo
from core.formats.yolo.write import in_split_folder, write_yolo


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
    Format("coco", read=read_coco, write=write_coco_instances),
    Format("coco-panoptic", read=read_coco_panoptic, write=write_coco_panoptic),
    Format("semantic-png", read=read_semantic_png, write=write_semantic_png),
    Format("ade20k", read=read_ade20k, write=ade20k.write_ade20k, photo_place=ade20k.photo_place),
    Format("cityscapes", read=read_cityscapes, write=cityscapes.write_cityscapes, photo_place=cityscapes.photo_place),
    Format("voc", read=read_voc, write=voc.write_voc, photo_place=voc.photo_place),
    Format("yolo", read=read_yolo, write=write_yolo, photo_place=in_split_folder),
    Format("bsds", read=read_bsds),
    Format("labelme", read=read_labelme, write=write_labelme),
    Format("huggingface", read=read_huggingface, write=write_huggingface, photo_place=beside_metadata),
    Format("images", read=read_photo_folder),
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
