"""COCO panoptic, read back by Pillow and scored by torchmetrics against the truth's panoptic view."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from torchmetrics.detection import PanopticQuality

from core.annotation.truth import Truth
from core.annotation.views import panoptic_view
from core.formats.coco_panoptic.write import write_coco_panoptic
from core.formats.exported import FormatReport
from tests.core.formats.made_truths import LABELS, boxes_truth, export_images, truths

VOID_CATEGORY = 9999
THINGS = {category.id for category in LABELS if category.is_thing}
STUFF = {category.id for category in LABELS if not category.is_thing}


def written(some: list[Truth]) -> tuple[dict[str, list[dict]], list[np.ndarray], FormatReport]:
    """The JSON, each image's id map, and the report."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        report = write_coco_panoptic(export_images(some), LABELS, folder)
        raw = json.loads((folder / "panoptic.json").read_bytes())
        maps = []
        for annotation in raw["annotations"]:
            with Image.open(folder / "panoptic" / annotation["file_name"]) as png:
                assert png.mode == "RGB"
                maps.append(np.asarray(png).astype(np.int64) @ np.array([1, 256, 256**2]))
        return raw, maps, report


def category_and_instance(ids: np.ndarray, segments: list[tuple[int, int]]) -> torch.Tensor:
    """What torchmetrics compares, int [1, H, W, 2], from an id map and (id, category id) of its segments."""
    pairs = np.zeros((*ids.shape, 2), dtype=np.int64)
    pairs[..., 0] = VOID_CATEGORY
    for number, category_id in segments:
        pairs[ids == number] = category_id, number
    return torch.from_numpy(pairs)[None]


@settings(deadline=None, max_examples=30, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(truths(), max_size=2))
def test_the_files_say_what_the_panoptic_view_shows(some: list[Truth]) -> None:
    raw, maps, report = written(some)
    for truth, annotation, ids in zip(some, raw["annotations"], maps, strict=True):
        view = panoptic_view(truth, LABELS)
        assert np.array_equal(ids, view.ids)
        infos = {info["id"]: info for info in annotation["segments_info"]}
        assert set(infos) == set(np.unique(ids)) - {0}
        for number, info in infos.items():
            inside = ids == number
            rows, columns = np.flatnonzero(inside.any(1)), np.flatnonzero(inside.any(0))
            assert info["area"] == inside.sum()
            assert info["bbox"] == [columns[0], rows[0], np.ptp(columns) + 1, np.ptp(rows) + 1]
        stuff = [info["category_id"] for info in infos.values() if info["category_id"] in STUFF and not info["iscrowd"]]
        assert len(set(stuff)) == len(stuff)
    assert report.segments == sum(len(annotation["segments_info"]) for annotation in raw["annotations"])


@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.too_slow])
@given(truths())
def test_panoptic_quality_of_the_files_against_the_truth_is_1(truth: Truth) -> None:
    raw, maps, _ = written([truth])
    view = panoptic_view(truth, LABELS)
    target = category_and_instance(view.ids, [(part.id, part.category_id) for part in view.segments])
    infos = raw["annotations"][0]["segments_info"]
    found = category_and_instance(maps[0], [(info["id"], info["category_id"]) for info in infos])
    metric = PanopticQuality(THINGS, STUFF, allow_unknown_preds_category=True, return_per_class=True)
    metric.update(found, target)
    order = [metric.cat_id_to_continuous_id[number] for number in sorted({part.category_id for part in view.segments})]
    assert metric.compute()[0, order].tolist() == [1.0] * len(order)
    assert metric.iou_sum.sum() == metric.true_positives.sum()
    assert metric.false_positives.sum() == metric.false_negatives.sum() == 0


def test_ids_over_65535_fill_all_three_channels() -> None:
    truth = boxes_truth(2, 3, (1 + 2 * 256 + 3 * 65_536, 7, (0, 0, 2, 1)))
    with TemporaryDirectory() as name:
        write_coco_panoptic(export_images([truth]), LABELS, Path(name))
        with Image.open(Path(name) / "panoptic" / "photo 1.png") as png:
            assert png.getpixel((0, 0)) == (1, 2, 3)
            assert png.getpixel((2, 1)) == (0, 0, 0)


def test_an_id_that_needs_a_fourth_byte_becomes_the_lowest_free_one() -> None:
    """An image keeps the ids it came with, so what is drawn later may be counted past three bytes."""
    truth = boxes_truth(2, 3, (1, 7, (0, 0, 1, 1)), (256**3, 0, (0, 1, 1, 2)), (256**3 - 1, 0, (1, 2, 2, 3)))
    raw, maps, report = written([truth])
    assert [info["id"] for info in raw["annotations"][0]["segments_info"]] == [1, 2, 256**3 - 1]
    assert sorted(np.unique(maps[0])) == [0, 1, 2, 256**3 - 1]
    assert "1 segment numbered anew: an id here is up to 16777215" in report.notes


def test_what_overlaps_hide_is_counted() -> None:
    truth = boxes_truth(
        6,
        6,
        (5, None, (0, 0, 6, 6)),
        (1, 7, (0, 0, 2, 2)),  # hidden whole by 2
        (2, 0, (0, 0, 3, 3)),  # half under 3
        (3, 900, (2, 0, 6, 6)),
        (4, 900, (5, 0, 6, 6)),  # merged into 3
    )
    raw, maps, report = written([truth])
    assert [info["id"] for info in raw["annotations"][0]["segments_info"]] == [2, 3]
    assert (report.segments, report.unlabelled_left_out, report.hidden_left_out) == (2, 1, 1)
    assert report.notes == (
        "1 unlabelled segment left out until labelled",
        "1 segment left out: wholly covered by others",
        "1 segment without the part that others cover",
        "1 stuff or crowd segment merged with another of the same category",
        f"{(maps[0] == 0).sum()} pixels left void: no segment is there, or an unlabelled one on top",
    )


def test_the_folder_is_named_like_the_json_and_files_like_the_photos() -> None:
    raw, _, report = written([boxes_truth(3, 3, (1, 7, (0, 0, 1, 1)))])
    assert raw["annotations"][0]["file_name"] == "photo 1.png"
    assert raw["images"][0] == {"file_name": "photo 1.jpg", "height": 3, "id": 10, "split": "train", "width": 3}
    assert report.files == ("panoptic.json", "panoptic/")
