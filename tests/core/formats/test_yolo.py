"""YOLO out: read as ultralytics documents it, by OpenCV alone, and by PyYAML's usual loader."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import yaml
from hypothesis import HealthCheck, given, settings

from core.annotation.labels import Category, LabelSet
from core.annotation.mask import Mask
from core.annotation.truth import Progress, Segment, Source, Truth
from core.annotation.views import labelled
from core.formats.exported import ExportImage
from core.formats.yolo.write import in_split_folder, write_yolo
from tests.core.formats.label_map_sets import opened, png, whole, write_tree
from tests.core.formats.made_truths import LABELS, boxes_truth, export_images, truths


def truth_of(*arrays: np.ndarray, category_id: int = 7) -> Truth:
    segments = (Segment(i, Mask.from_array(array), category_id, i, Source.DRAWN) for i, array in enumerate(arrays, 1))
    return Truth(*arrays[0].shape, segments=tuple(segments))


def with_photos(images: list[ExportImage], folder: Path) -> None:
    write_tree(folder, {in_split_folder(image): png(np.zeros((image.height, image.width))) for image in images})


def painted(line: str, height: int, width: int) -> tuple[int, np.ndarray]:
    """(class, pixels) of a line as ultralytics 8.4 makes them: float32 fractions, whole pixels, cv2.fillPoly."""
    number, *values = line.split()
    points = np.array(values, dtype=np.float32).reshape(-1, 2) * np.array([width, height], dtype=np.float32)
    canvas = np.zeros((height, width), dtype=np.uint8)
    cv2.fillPoly(canvas, [points.astype(np.int32)], 1)
    return int(number), canvas > 0


@settings(deadline=None, max_examples=15, suppress_health_check=[HealthCheck.too_slow])
@given(truth=truths())
def test_an_export_comes_back_whole(truth: Truth, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("export")
    images = export_images([truth])
    write_yolo(images, LABELS, folder)
    with_photos(images, folder)
    data_set = opened("yolo", folder)
    assert data_set.categories == LABELS.categories
    (image,) = whole(data_set)
    assert image.split == "train"
    assert image.labelled
    assert [(segment.mask, segment.category_id) for segment in image.segments] == [
        (segment.mask, category.id) for segment, category in labelled(truth, LABELS)
    ]


def test_one_part_is_painted_exactly_holes_too(tmp_path: Path) -> None:
    rows, columns = np.mgrid[:90, :70]
    distance = np.hypot(rows - 45, columns - 35)
    ring = (distance < 30) & (distance > 12)
    report = write_yolo(export_images([truth_of(ring, distance < 5, rows + columns == 0)]), LABELS, tmp_path)
    lines = (tmp_path / "labels" / "train" / "photo 1.txt").read_text().splitlines()
    for line, expected in zip(lines, (ring, distance < 5, rows + columns == 0), strict=True):
        assert np.array_equal(painted(line, 90, 70)[1], expected)
    assert report.notes == ("3 segments as ultralytics paints outlines: mean IoU 1.0000, least 1.0000",)


def test_the_reported_iou_is_what_opencv_paints(tmp_path: Path) -> None:
    array = np.zeros((40, 60), dtype=bool)
    array[2:12, 3:13] = array[20:30, 40:50] = array[35, 5] = True
    report = write_yolo(export_images([truth_of(array, array[:, ::-1] & array | array)]), LABELS, tmp_path)
    first, _ = (tmp_path / "labels" / "train" / "photo 1.txt").read_text().splitlines()
    _, found = painted(first, 40, 60)
    iou = (found & array).sum() / (found | array).sum()
    assert 0.8 < iou < 1
    assert f"mean IoU {iou:.4f}, least {iou:.4f}" in report.notes[0]


def test_a_line_of_one_pixel_is_exact_in_a_very_wide_image(tmp_path: Path) -> None:
    array = np.zeros((1, 30_000), dtype=bool)
    array[0, 19_999:20_001] = array[0, 29_999] = True
    images = export_images([truth_of(array)])
    write_yolo(images, LABELS, tmp_path)
    with_photos(images, tmp_path)
    (image,) = whole(opened("yolo", tmp_path))
    assert np.array_equal(image.segments[0].mask.to_array(), array)


def test_names_are_yaml_whatever_they_are(tmp_path: Path) -> None:
    names = ["no", "1e3", "a: b # c", "'\"\\", "- x", "😀 ü", "null", "{brown}", "*alias", "%"]
    labels = LabelSet.of(Category(3 * i, name, True, (0, 0, 0)) for i, name in enumerate(names))
    images = export_images([boxes_truth(2, 2, (1, 3, (0, 0, 2, 2)))])
    write_yolo(images, labels, tmp_path)
    with_photos(images, tmp_path)
    content = yaml.safe_load((tmp_path / "data.yaml").read_text(encoding="utf-8"))
    assert content == {"train": "images/train", "val": "images/train", "names": dict(enumerate(names))}
    assert opened("yolo", tmp_path).categories == labels.categories


def test_splits_are_folders(tmp_path: Path) -> None:
    box = boxes_truth(4, 4, (1, 7, (0, 0, 2, 2)))
    images = [
        ExportImage(f"{split}.png", f"{split}.png", i, 4, 4, box, split=split)
        for i, split in enumerate(["val", "test", "minival2014", "train"])
    ]
    write_yolo(images, LABELS, tmp_path)
    with_photos(images, tmp_path)
    assert sorted(image.split for image in whole(opened("yolo", tmp_path))) == ["minival2014", "test", "train", "val"]


def test_what_is_lost_is_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    noise = np.random.default_rng(0).random((12, 12)) < 0.5
    segments = (
        Segment(1, Mask.from_array(noise), 7, 1, Source.DRAWN),
        Segment(2, Mask.empty(12, 12), 7, 2, Source.DRAWN),
        Segment(3, Mask.from_array(noise), None, 3, Source.DRAWN),
        Segment(4, Mask.from_runs(12, 12, [0, 20, 124]), 900, 4, Source.DRAWN, crowd=True),
        Segment(5, Mask.from_array(np.indices((12, 12)).sum(axis=0) % 3 > 0), 7, 5, Source.DRAWN),
    )
    monkeypatch.setattr("core.formats.yolo.write.MAX_VERTICES", 20)
    report = write_yolo(export_images([Truth(12, 12, segments=segments)]), LABELS, tmp_path)
    assert {loss.kind: loss.count for loss in report.losses} == {
        "iou": 3,
        "unlabelled": 1,
        "crowd": 1,
        "simplified": 2,
        "empty": 1,
    }
    assert (report.images, report.segments) == (1, 3)


def test_a_great_outline_becomes_coarser_but_stays_what_it_is(tmp_path: Path) -> None:
    rows, columns = np.mgrid[:1200, :1200]
    waves = np.hypot(rows - 700, columns - 800) % 40 < 20
    images = export_images([truth_of(waves)])
    report = write_yolo(images, LABELS, tmp_path)
    assert [(loss.kind, loss.count) for loss in report.losses] == [("iou", 1), ("simplified", 1)]
    with_photos(images, tmp_path)
    (image,) = whole(opened("yolo", tmp_path))
    found = image.segments[0].mask.to_array()
    assert (found & waves).sum() / (found | waves).sum() > 0.95


def test_an_image_without_segments_has_an_empty_file(tmp_path: Path) -> None:
    images = export_images([Truth(3, 5, progress=Progress.DONE)])
    write_yolo(images, LABELS, tmp_path)
    with_photos(images, tmp_path)
    assert (tmp_path / "labels" / "train" / "photo 1.txt").read_bytes() == b""
    (image,) = whole(opened("yolo", tmp_path))
    assert (image.labelled, image.segments) == (True, ())
