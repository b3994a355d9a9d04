"""COCO instances, read by pycocotools as anybody would."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pycocotools.coco import COCO

from core.annotation.mask import Mask
from core.annotation.truth import Segment, Source, Truth
from core.formats.coco.write import FILE_NAME, write_coco_instances
from core.formats.coco_panoptic.write import write_coco_panoptic
from core.formats.exported import FormatReport
from tests.core.formats.made_truths import LABELS, boxes_truth, export_images, truths


def written(some: list[Truth]) -> tuple[COCO, dict[str, list[dict[str, object]]], FormatReport, bytes]:
    with TemporaryDirectory() as folder:
        report = write_coco_instances(export_images(some), LABELS, Path(folder))
        path = Path(folder) / FILE_NAME
        assert [left.name for left in Path(folder).iterdir()] == [FILE_NAME]
        return COCO(str(path)), json.loads(path.read_bytes()), report, path.read_bytes()


@settings(deadline=None, max_examples=30, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(truths(), max_size=3))
def test_pycocotools_reads_every_labelled_segment_pixel_for_pixel(some: list[Truth]) -> None:
    coco, raw, report, _ = written(some)
    ids = [annotation["id"] for annotation in raw["annotations"]]
    assert len(set(ids)) == len(ids) == report.segments
    for image in export_images(some):
        record = coco.imgs[image.image_id]
        assert (record["height"], record["width"]) == (image.truth.height, image.truth.width)
        expected = [segment for segment in image.truth.segments if segment.category_id in (7, 0, 900, 3)]
        found = coco.imgToAnns[image.image_id]
        assert len(found) == len(expected)
        for annotation, segment in zip(found, expected, strict=True):
            mask = coco.annToMask(annotation)
            assert np.array_equal(mask, segment.mask.to_array())
            assert annotation["area"] == mask.sum()
            columns, rows = np.flatnonzero(mask.any(0)), np.flatnonzero(mask.any(1))
            width, height = columns[-1] - columns[0] + 1, rows[-1] - rows[0] + 1
            assert annotation["bbox"] == [columns[0], rows[0], width, height]
            assert annotation["category_id"] == segment.category_id
            assert annotation["iscrowd"] == segment.crowd
            assert isinstance(annotation["segmentation"]["counts"], str)
    unlabelled = sum(segment.category_id in (55, None) for truth in some for segment in truth.segments)
    assert report.unlabelled_left_out == unlabelled


def test_categories_keep_their_ids_names_and_kinds() -> None:
    coco, raw, report, _ = written([boxes_truth(4, 4, (1, 7, (0, 0, 2, 2)))])
    assert [(category["id"], category["name"], category["isthing"]) for category in raw["categories"]] == [
        (7, "person", 1),
        (0, "cat, {brown}", 1),
        (900, "grass", 0),
        (3, "Himmel ü", 0),
    ]
    assert coco.getCatIds(catNms=["Himmel ü"]) == [3]
    assert any("id 0" in note and "cat, {brown}" in note for note in report.notes)


def test_pycocotools_takes_the_annotations_as_results() -> None:
    coco, raw, _, _ = written([boxes_truth(9, 7, (1, 7, (0, 0, 5, 5)), (2, 3, (2, 2, 9, 7)))])
    results = [{**annotation, "score": 1.0} for annotation in raw["annotations"]]
    again = coco.loadRes(results)
    for annotation_id, annotation in coco.anns.items():
        assert np.array_equal(again.annToMask(again.anns[annotation_id]), coco.annToMask(annotation))


def test_imported_segments_that_are_numbered_anew_are_counted(tmp_path: Path) -> None:
    truth = boxes_truth(4, 4, (1, 7, (0, 0, 2, 2)), (41, 3, (2, 2, 4, 4)))
    imported = tuple(replace(one, source=Source.IMPORTED) for one in truth.segments)
    for number, (segments, keeps, lost) in enumerate(
        [(imported, False, 1), (imported, True, 0), (truth.segments, False, 0)]
    ):
        images = [
            replace(image, keeps_segment_ids=keeps) for image in export_images([replace(truth, segments=segments)])
        ]
        (tmp_path / f"{number}").mkdir()
        report = write_coco_instances(images, LABELS, tmp_path / f"{number}")
        assert sum(loss.count for loss in report.losses if loss.kind == "ids") == lost


def test_an_image_says_its_split(tmp_path: Path) -> None:
    (image,) = export_images([boxes_truth(4, 4, (1, 7, (0, 0, 2, 2)))])
    for write, file_name in ((write_coco_instances, FILE_NAME), (write_coco_panoptic, "panoptic.json")):
        write([replace(image, split="minival")], LABELS, tmp_path)
        (entry,) = json.loads((tmp_path / file_name).read_bytes())["images"]
        assert entry["split"] == "minival"


def test_unlabelled_segments_are_left_out_and_counted() -> None:
    truth = boxes_truth(4, 4, (1, None, (0, 0, 2, 2)), (2, 55, (0, 0, 1, 1)), (3, 900, (0, 0, 4, 4)))
    _, raw, report, _ = written([truth])
    assert [annotation["category_id"] for annotation in raw["annotations"]] == [900]
    assert report.unlabelled_left_out == 2
    assert "2 unlabelled segments left out until labelled" in report.notes


def test_a_second_export_is_byte_identical() -> None:
    some = [boxes_truth(5, 6, (1, 7, (0, 0, 2, 2)), (5, 3, (1, 1, 5, 5))), boxes_truth(3, 3)]
    assert written(some)[3] == written(some)[3]


def test_segments_keep_their_ids_where_no_two_share_one() -> None:
    truth = boxes_truth(4, 4, (41, 7, (0, 0, 2, 2)), (9, 900, (0, 0, 4, 4)))
    for keeps, expected in ((True, [41, 9]), (False, [1, 2])):
        images = [replace(image, keeps_segment_ids=keeps) for image in export_images([truth])]
        with TemporaryDirectory() as folder:
            write_coco_instances(images, LABELS, Path(folder))
            found = json.loads((Path(folder) / FILE_NAME).read_bytes())["annotations"]
        assert [one["id"] for one in found] == expected


def test_an_annotation_is_the_line_that_json_writes() -> None:
    """With a backslash in its run lengths, which JSON doubles."""
    array = np.zeros((50, 50), dtype=bool)
    array[:, ::2] = np.random.default_rng(3).random((50, 25)) < 0.5
    mask = Mask.from_array(array)
    assert "\\" in mask.counts
    truth = Truth(50, 50, segments=(Segment(1, mask, 7, 0, Source.DRAWN, crowd=True),))
    _, raw, _, text = written([truth])
    line = json.dumps(raw["annotations"][0], sort_keys=True, separators=(",", ":"))
    assert line.encode() in text.splitlines()
