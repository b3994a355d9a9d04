"""Exports as programs read them that no one here wrote: the truth, reduced to what the format holds."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.formats.capabilities import CAPABILITIES, Apart
from core.formats.labelme.write import UNLABELLED_LABEL
from tests.round_trips import independent_readers as readers
from tests.round_trips.hard_cases import hard_set
from tests.round_trips.independent_readers import Found
from tests.round_trips.reduction import Held, as_held
from tests.round_trips.trips import expected, iou, same_segments, written

# Each with what it can be shown: the sets, and the reader.
EXACT_READERS: list[tuple[str, Callable[[Path], Found], tuple[str, ...]]] = [
    ("coco", readers.coco_by_pycocotools, ("shapes", "category names", "wide ids", "300 categories", "1001 segments")),
    ("coco", readers.coco_by_supervision, ("shapes", "category names", "wide ids", "300 categories", "image names")),
    ("coco-panoptic", readers.panoptic_by_definition, ("shapes", "category names", "wide ids", "300 categories")),
    ("semantic-png", readers.semantic_by_definition, ("shapes", "category names", "wide ids", "300 categories")),
    ("ade20k", readers.ade20k_by_definition, ("shapes", "category names", "300 categories", "image names")),
    ("cityscapes", readers.cityscapes_by_definition, ("gaps", "category names", "999 segments", "image names")),
    ("voc", readers.voc_by_definition, ("shapes", "category names", "254 categories", "254 segments")),
]
# Each reader is shown one of them.
FAST_SETS = ("shapes", "gaps")


def cases() -> list:
    return [
        pytest.param(
            name, read, one, id=f"{read.__name__}, {one}", marks=() if one in FAST_SETS else (pytest.mark.long,)
        )
        for name, read, sets in EXACT_READERS
        for one in sets
    ]


def compare(name: str, found: Found, wanted: dict[str, list[Held]]) -> None:
    holds = CAPABILITIES[name]
    assert set(found) == set(wanted)
    for stem, segments in wanted.items():
        same_segments(as_held(found[stem], holds), segments, holds)


@pytest.mark.parametrize(("name", "read", "set_name"), cases())
def test_an_independent_reader_finds_what_the_format_holds(
    name: str, read: Callable[[Path], Found], set_name: str, tmp_path: Path
) -> None:
    hard = hard_set(set_name)
    written(name, hard, tmp_path / "out")
    compare(name, read(tmp_path / "out"), expected(hard, CAPABILITIES[name]))


def as_datumaro_wants_it(folder: Path, task: str) -> Path:
    """COCO's own tree, which datumaro insists on: annotations/TASK_SPLIT.json and images/."""
    root = folder.with_name("tree")
    (root / "annotations").mkdir(parents=True)
    (folder / "images").rename(root / "images")
    shutil.copy(folder / f"{task}.json", root / "annotations" / f"{task}_all.json")
    if (folder / task).is_dir():
        (folder / task).rename(root / "annotations" / f"{task}_all")
    return root


@pytest.mark.long
@pytest.mark.parametrize("set_name", ["shapes", "category names", "300 categories", "image names"])
@pytest.mark.parametrize(("name", "task"), [("coco", "instances"), ("coco-panoptic", "panoptic")])
def test_datumaro_reads_coco(name: str, task: str, set_name: str, tmp_path: Path) -> None:
    hard = hard_set(set_name)
    written(name, hard, tmp_path / "out")
    tree = as_datumaro_wants_it(tmp_path / "out", task)
    found = readers.by_datumaro(f"coco_{task}", tree)
    compare(name, found, expected(hard, CAPABILITIES[name]))


@pytest.mark.long
def test_datumaro_1_13_12_takes_the_category_id_0_for_none(tmp_path: Path) -> None:
    hard = hard_set("wide ids")
    written("coco", hard, tmp_path / "out")
    found = readers.by_datumaro("coco_instances", as_datumaro_wants_it(tmp_path / "out", "instances"))
    wanted = expected(hard, CAPABILITIES["coco"])
    nought = hard.label_set.get(0).name
    without_it = {
        stem: [Held(None if one.category == nought else one.category, one.mask) for one in segments]
        for stem, segments in wanted.items()
    }
    compare("coco", found, without_it)


@pytest.mark.long
@pytest.mark.parametrize("set_name", ["shapes", "category names", "254 categories"])
def test_datumaro_reads_voc(set_name: str, tmp_path: Path) -> None:
    hard = hard_set(set_name)
    written("voc", hard, tmp_path / "out")
    found = readers.by_datumaro("voc_segmentation", tmp_path / "out")
    name_of = {readers.voc_name(category.name): category.name for category in hard.label_set}
    labelled = {
        stem: [Held(name_of[one.category], one.mask) for one in segments if one.category in name_of]
        for stem, segments in found.items()
    }
    wanted = expected(hard, replace(CAPABILITIES["voc"], unlabelled=False))
    compare("voc", labelled, wanted)


@pytest.mark.long
def test_datumaro_1_13_12_reads_cityscapes_train_ids_but_the_first(tmp_path: Path) -> None:
    hard = hard_set("streets")
    written("cityscapes", hard, tmp_path / "out")
    found = readers.by_datumaro("cityscapes", tmp_path / "out")
    wanted = expected(hard, replace(CAPABILITIES["cityscapes"], apart=Apart.NONE, crowd=False))
    first = hard.label_set.get(7).name
    compare(
        "cityscapes",
        found,
        {stem: [one for one in segments if one.category != first] for stem, segments in wanted.items()},
    )


def both_splits(read: Callable[[Path, str], Found], folder: Path) -> Found:
    return read(folder, "train") | read(folder, "val")


@pytest.mark.long
@pytest.mark.parametrize("set_name", ["shapes", "category names", "300 categories", "image names"])
def test_ultralytics_reads_yolo_as_well_as_the_export_says(set_name: str, tmp_path: Path) -> None:
    hard = hard_set(set_name)
    # ultralytics 8.4.190 leaves out photos with a side below 10 pixels.
    hard = replace(hard, images=tuple(one for one in hard.images if min(one.height, one.width) >= 10))
    report = written("yolo", hard, tmp_path / "out")
    found = both_splits(readers.yolo_by_ultralytics, tmp_path / "out")
    wanted = expected(hard, CAPABILITIES["yolo"])
    assert set(found) == set(wanted)
    ious = []
    for stem, segments in wanted.items():
        assert [one.category for one in found[stem]] == [one.category for one in segments], stem
        ious += map(iou, found[stem], segments)
    (said,) = [loss for loss in report.losses if loss.kind == "iou"]
    assert said.count == len(ious)
    assert f"mean IoU {np.mean(ious):.4f}, least {min(ious):.4f}" in said.what


@pytest.mark.parametrize("set_name", ["shapes", pytest.param("category names", marks=pytest.mark.long)])
def test_supervision_0_31_2_rounds_outlines_up_and_paints_them(set_name: str, tmp_path: Path) -> None:
    hard = hard_set(set_name)
    written("yolo", hard, tmp_path / "out")
    found = both_splits(readers.yolo_by_supervision, tmp_path / "out")
    wanted = expected(hard, CAPABILITIES["yolo"])
    assert set(found) == set(wanted)
    for stem, segments in wanted.items():
        assert [one.category for one in found[stem]] == [one.category for one in segments], stem
        for one, other in zip(found[stem], segments, strict=True):
            assert not (other.mask.to_array() & ~one.mask.to_array()).any()


@pytest.mark.parametrize(
    "set_name", ["shapes", *(pytest.param(one, marks=pytest.mark.long) for one in ("category names", "300 categories"))]
)
def test_maskformers_processor_reads_the_image_folder(set_name: str, tmp_path: Path) -> None:
    hard = hard_set(set_name)
    written("huggingface", hard, tmp_path / "out")
    wanted = expected(hard, replace(CAPABILITIES["huggingface"], crowd=False))
    compare("huggingface", readers.huggingface_by_transformers(tmp_path / "out"), wanted)


@pytest.mark.long
@pytest.mark.parametrize("set_name", ["shapes", "category names", "300 categories", "image names", "1001 segments"])
def test_labelme_reads_every_mask(set_name: str, tmp_path: Path) -> None:
    hard, holds = hard_set(set_name), CAPABILITIES["labelme"]
    written("labelme", hard, tmp_path / "out")
    wanted = {
        stem: [replace(one, category=one.category or UNLABELLED_LABEL) for one in segments]
        for stem, segments in expected(hard, holds).items()
    }
    compare("labelme", readers.by_labelme(tmp_path / "out"), wanted)
