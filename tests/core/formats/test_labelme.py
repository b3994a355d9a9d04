"""LabelMe out: read back by its definition, with json, base64 and Pillow alone."""

from __future__ import annotations

import io
import json
from base64 import b64decode
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from PIL import Image

from core.annotation.labels import Category, LabelSet
from core.annotation.mask import Mask
from core.annotation.truth import Segment, Source, Truth
from tests.core.formats.label_map_sets import export, opened, whole
from tests.core.formats.made_truths import LABELS, boxes_truth, export_images, truths


def pasted(shape: dict, height: int, width: int) -> np.ndarray:
    """The pixels of a mask shape: its PNG between its two points, both included (labelme/utils/shape.py)."""
    (x0, y0), (x1, y1) = np.array(shape["points"]).astype(int)
    canvas = np.zeros((height, width), dtype=bool)
    with Image.open(io.BytesIO(b64decode(shape["mask"]))) as image:
        canvas[y0 : y1 + 1, x0 : x1 + 1] = np.asarray(image).astype(bool)
    return canvas


@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.too_slow])
@given(truth=truths())
def test_every_segment_is_a_shape_with_its_own_pixels(truth: Truth, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("export")
    export("labelme", export_images([truth]), LABELS, folder)
    content = json.loads((folder / "images" / "photo 1.json").read_bytes())
    assert (content["imagePath"], content["imageData"]) == ("photo 1.jpg", None)
    assert (content["imageHeight"], content["imageWidth"]) == (truth.height, truth.width)
    for shape, segment in zip(content["shapes"], truth.segments, strict=True):
        category = LABELS.find(segment.category_id)
        assert shape["label"] == ("__unlabelled__" if category is None else category.name)
        assert shape["shape_type"] == "mask"
        assert np.array_equal(pasted(shape, truth.height, truth.width), segment.mask.to_array())
    data_set = opened("labelme", folder)
    names = {category.id: category.name for category in data_set.categories}
    assert names == dict(enumerate((category.name for category in LABELS), start=1))
    (image,) = whole(data_set)
    assert [(part.mask, names.get(part.category_id or 0), part.crowd) for part in image.segments] == [
        (segment.mask, getattr(LABELS.find(segment.category_id), "name", None), segment.crowd)
        for segment in truth.segments
    ]


def test_a_category_may_be_called_like_what_is_unlabelled(tmp_path: Path) -> None:
    labels = LabelSet.of([Category(4, "__unlabelled__", True, (0, 0, 0)), Category(2, "_background_", True, (0, 0, 0))])
    truth = boxes_truth(3, 3, (1, 4, (0, 0, 1, 1)), (2, None, (1, 1, 2, 2)), (3, 2, (2, 2, 3, 3)))
    export("labelme", export_images([truth]), labels, tmp_path)
    data_set = opened("labelme", tmp_path)
    names = {category.id: category.name for category in data_set.categories}
    (image,) = whole(data_set)
    found = [None if part.category_id is None else names[part.category_id] for part in image.segments]
    assert found == ["__unlabelled__", None, "_background_"]


def test_what_is_lost_is_counted(tmp_path: Path) -> None:
    segments = (
        Segment(1, Mask.empty(2, 2), 7, 1, Source.DRAWN),
        Segment(2, Mask.from_runs(2, 2, [0, 4]), 7, 2, Source.DRAWN),
    )
    report = export("labelme", export_images([Truth(2, 2, segments=segments)]), LABELS, tmp_path)
    assert {loss.kind: loss.count for loss in report.losses} == {"empty": 1}
    assert (report.images, report.segments, report.files) == (1, 1, ("images/", "labels.txt"))
