"""Data sets as programs read them that no one here wrote: {image's file name without extension: its segments}.

Where no such program reads a format, its definition is followed with Pillow and numpy alone.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps
from pycocotools.coco import COCO
from supervision import DetectionDataset
from transformers import MaskFormerImageProcessorPil

from core.annotation.mask import Mask
from tests.readers import environments
from tests.readers.environments import reader_python
from tests.round_trips.reduction import Held

Found = dict[str, list[Held]]
Values = npt.NDArray[np.int64]
SCRIPTS = Path(environments.__file__).parent
# Ten times what the slowest takes on two busy cores.
READ_TIMEOUT_S = 300


def coco_by_pycocotools(folder: Path) -> Found:
    with redirect_stdout(StringIO()):
        coco = COCO(folder / "instances.json")
    found: Found = {}
    for image in coco.imgs.values():
        some = sorted(coco.imgToAnns[image["id"]], key=lambda one: one["id"])
        found[Path(image["file_name"]).stem] = [
            Held(coco.cats[one["category_id"]]["name"], Mask.from_array(coco.annToMask(one)), bool(one["iscrowd"]))
            for one in some
        ]
    return found


def panoptic_by_definition(folder: Path) -> Found:
    """https://cocodataset.org/#format-data, panoptic segmentation."""
    content = json.loads((folder / "panoptic.json").read_bytes())
    names = {category["id"]: category["name"] for category in content["categories"]}
    stems = {image["id"]: Path(image["file_name"]).stem for image in content["images"]}
    found: Found = {}
    for image in content["annotations"]:
        with Image.open(folder / "panoptic" / image["file_name"]) as png:
            assert png.mode == "RGB"
            ids = np.asarray(png).astype(np.int64) @ np.array([1, 256, 256**2])
        assert set(np.unique(ids)) - {0} == {one["id"] for one in image["segments_info"]}
        found[stems[image["image_id"]]] = [
            Held(names[one["category_id"]], Mask.from_array(ids == one["id"]), bool(one["iscrowd"]))
            for one in image["segments_info"]
        ]
    return found


def semantic_by_definition(folder: Path) -> Found:
    """A PNG's value is the number of a line of labels.txt; the largest that its bits hold is void."""
    names = (folder / "labels.txt").read_text(encoding="utf-8").split("\n")[:-1]
    found: Found = {}
    for path in sorted((folder / "masks").iterdir()):
        values = grey(path)
        void = 255 if len(names) <= 255 else 65_535
        found[path.stem] = [Held(names[value], Mask.from_array(values == value)) for value in without(values, void)]
    return found


def grey(path: Path) -> Values:
    """A PNG's numbers [H, W], palette indices as they are."""
    with Image.open(path) as png:
        assert png.mode in {"L", "P", "I;16"}, png.mode
        return np.asarray(png).astype(np.int64)


def without(values: Values, *void: int) -> list[int]:
    """The values of a map, in order, but those that mean nothing."""
    return [int(value) for value in np.unique(values) if value not in void]


def by_datumaro(data_format: str, path: Path) -> Found:
    """Items by the last part of their ids."""
    read = _run("datumaro", "datumaro_reads.py", [data_format, str(path)])
    return {key.rpartition("/")[2]: list(_held(item["segments"])) for key, item in read.items()}


def yolo_by_ultralytics(folder: Path, split: str) -> Found:
    read = _run("ultralytics", "ultralytics_reads.py", [str(folder), split])
    return {Path(key).stem: list(_held(item["segments"], item["size"])) for key, item in read.items()}


def by_labelme(folder: Path) -> Found:
    read = _run("labelme", "labelme_reads.py", [str(folder / "images")])
    return {key: list(_held(item["segments"], item["size"])) for key, item in read.items()}


def yolo_by_supervision(folder: Path, split: str) -> Found:
    read = DetectionDataset.from_yolo(
        str(folder / "images" / split), str(folder / "labels" / split), str(folder / "data.yaml"), force_masks=True
    )
    return {
        Path(path).stem: [
            Held(read.classes[number], Mask.from_array(mask))
            for number, mask in zip(found.class_id, () if found.mask is None else found.mask, strict=True)
        ]
        for path, found in read.annotations.items()
    }


def _run(environment: str, script: str, arguments: Sequence[str]) -> dict:
    command = [str(reader_python(environment)), str(SCRIPTS / script), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=READ_TIMEOUT_S)
    assert done.returncode == 0, done.stderr[-4000:]
    content: dict = json.loads(done.stdout.rstrip().rpartition("\n")[2])
    return content


def _held(segments: Sequence[dict], size: Sequence[int] | None = None) -> Iterator[Held]:
    for one in segments:
        height, width = size or one["size"]
        yield Held(one["category"], Mask.from_runs(height, width, one["counts"]), one.get("crowd", False))


def coco_by_supervision(folder: Path) -> Found:
    read = DetectionDataset.from_coco(str(folder / "images"), str(folder / "instances.json"), force_masks=True)
    return {
        Path(path).stem: [
            Held(read.classes[number], Mask.from_array(mask), bool(crowd))
            for number, mask, crowd in zip(
                found.class_id, () if found.mask is None else found.mask, found.data.get("iscrowd", ()), strict=True
            )
        ]
        for path, found in read.annotations.items()
    }


def ade20k_by_definition(folder: Path) -> Found:
    """0 is other; a category's value is its Idx in objectInfo.txt, as in the benchmark's development kit."""
    lines = [line.split("\t") for line in (folder / "objectInfo.txt").read_text(encoding="utf-8").split("\n")[:-1]]
    index, name = lines[0].index("Idx"), lines[0].index("Name")
    names = {int(line[index]): line[name] for line in lines[1:]}
    return {
        path.stem: [Held(names[value], Mask.from_array(values == value)) for value in without(values, 0)]
        for path in sorted((folder / "annotations").glob("*/*.png"))
        for values in (grey(path),)
    }


def cityscapes_by_definition(folder: Path) -> Found:
    """instanceIds: class · 1000 + number for instances, below 1000 the class itself: stuff, or a group of things.

    Source: cityscapesScripts, preparation/createTrainIdInstanceImgs.py. The names stand in our labels.json.
    """
    labels = {one["id"]: one for one in json.loads((folder / "labels.json").read_bytes())["labels"]}
    found: Found = {}
    for path in sorted((folder / "gtFine").glob("*/*/*_gtFine_instanceIds.png")):
        values = grey(path)
        classes = grey(path.with_name(path.name.replace("instanceIds", "labelIds")))
        numbers = without(values, 0)
        assert np.array_equal(classes, np.where(values < 1000, values, values // 1000))
        found[path.name.removesuffix("_gtFine_instanceIds.png")] = [
            Held(
                labels[number if number < 1000 else number // 1000]["name"],
                Mask.from_array(values == number),
                number < 1000 and labels[number]["is_thing"],
            )
            for number in numbers
        ]
    return found


def voc_name(name: str) -> str:
    """As labelmap.txt has it, where : ends a name and # at its start makes a line a comment."""
    return re.sub("^#|:", "_", name)


def voc_by_definition(folder: Path) -> Found:
    """SegmentationClass has the number of a name in labelmap.txt, 0 background, 255 void; SegmentationObject tells one
    object from another. Source: the VOC 2012 development kit, section 5.2."""
    lines = (folder / "labelmap.txt").read_text(encoding="utf-8").split("\n")
    listed = [line.split(":")[0] for line in lines[1:-1]]
    labels = json.loads((folder / "labels.json").read_bytes())["labels"]
    names = {one["index"]: one["name"] for one in labels}
    assert listed[0] == "background"
    assert {number: listed[number] for number in names} == {number: voc_name(name) for number, name in names.items()}
    found: Found = {}
    for path in sorted((folder / "SegmentationClass").iterdir()):
        classes, objects = grey(path), grey(folder / "SegmentationObject" / path.name)
        assert np.array_equal(classes == 255, objects == 255)
        assert np.array_equal(classes == 0, objects == 0)
        segments = []
        for number in without(objects, 0, 255):
            (value,) = np.unique(classes[objects == number])
            segments.append(Held(names[value], Mask.from_array(objects == number)))
        if (classes == 255).any():
            segments.append(Held(None, Mask.from_array(classes == 255)))
        found[path.stem] = segments
    return found


def huggingface_by_transformers(folder: Path) -> Found:
    """MaskFormer's processor, as its documentation tells to use it; it knows no crowds."""
    names = json.loads((folder / "id2label.json").read_bytes())
    # Resizing would blur what is compared.
    processor = MaskFormerImageProcessorPil(do_resize=False, ignore_index=0)
    found: Found = {}
    for metadata in sorted(folder.glob("*/metadata.jsonl")):
        for line in metadata.read_text(encoding="utf-8").splitlines():
            image = json.loads(line)
            with Image.open(metadata.parent / image["file_name"]) as photo:
                pixels = np.asarray(ImageOps.exif_transpose(photo).convert("RGB"))
            read = processor(
                [pixels],
                segmentation_maps=[grey(metadata.parent / image["instances_file_name"])],
                instance_id_to_semantic_id=[{one["id"]: one["category_id"] for one in image["segments_info"]}],
                input_data_format="channels_last",
                return_tensors="pt",
            )
            masks, classes = read["mask_labels"][0].numpy(), read["class_labels"][0].numpy()
            found[Path(image["file_name"]).stem] = [
                Held(names[str(number)], Mask.from_array(mask)) for number, mask in zip(classes, masks, strict=True)
            ]
    return found
