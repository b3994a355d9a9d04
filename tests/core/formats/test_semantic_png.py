"""Semantic PNG, read back by Pillow and compared with a painting done pixel by pixel."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from PIL import Image

from core.annotation.errors import FormatError
from core.annotation.labels import Category, LabelSet
from core.annotation.truth import Truth
from core.annotation.views import semantic_view
from core.formats.semantic_png.write import index_png, void_value, write_semantic_png
from tests.core.formats.made_truths import LABELS, boxes_truth, export_images, many_categories, truths


def read_back(path: Path) -> np.ndarray:
    with Image.open(path) as png:
        assert png.mode in {"L", "I;16"}
        return np.asarray(png)


@settings(deadline=None, max_examples=30, suppress_health_check=[HealthCheck.too_slow])
@given(truth=truths())
def test_pixels_are_indices_in_the_label_sets_order(truth: Truth, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("export")
    write_semantic_png(export_images([truth]), LABELS, folder)
    expected = np.full((truth.height, truth.width), 255)
    index_of = {category.id: index for index, category in enumerate(LABELS)}
    for row in range(truth.height):
        for column in range(truth.width):
            for segment in reversed(truth.segments):
                if segment.mask.to_array()[row, column]:
                    expected[row, column] = index_of.get(segment.category_id, 255)
                    break
    assert np.array_equal(read_back(folder / "masks" / "photo 1.png"), expected)


@pytest.mark.parametrize(("count", "mode", "void"), [(255, "L", 255), (256, "I;16", 65_535), (1000, "I;16", 65_535)])
def test_bits_follow_the_size_of_the_label_set(count: int, mode: str, void: int, tmp_path: Path) -> None:
    labels = many_categories(count)
    truth = boxes_truth(3, 4, (1, labels.categories[-1].id, (0, 0, 3, 1)), (2, 0, (0, 1, 1, 2)))
    write_semantic_png(export_images([truth]), labels, tmp_path)
    with Image.open(tmp_path / "masks" / "photo 1.png") as png:
        assert png.mode == mode
    pixels = read_back(tmp_path / "masks" / "photo 1.png")
    assert pixels.tolist() == [[count - 1, 0, void, void], [count - 1, void, void, void], [count - 1, void, void, void]]


def test_too_many_categories_are_refused() -> None:
    labels = LabelSet.of(Category(i, f"c{i}", True, (0, 0, 0)) for i in range(65_536))
    with pytest.raises(FormatError, match="65536 categories"):
        void_value(labels)


def test_an_empty_label_set_gives_void() -> None:
    labels = LabelSet.of([])
    view = semantic_view(boxes_truth(2, 2, (1, 5, (0, 0, 1, 1))), labels)
    assert index_png(view, labels).startswith(b"\x89PNG")


def test_the_labels_stand_beside(tmp_path: Path) -> None:
    report = write_semantic_png(export_images([boxes_truth(2, 2, (1, 3, (0, 0, 1, 1)))]), LABELS, tmp_path)
    assert (tmp_path / "labels.txt").read_text(encoding="utf-8").splitlines() == [
        "person",
        "cat, {brown}",
        "grass",
        "Himmel ü",
    ]
    labels = json.loads((tmp_path / "labels.json").read_bytes())
    assert labels["void"] == 255
    assert labels["labels"][2] == {"index": 2, "id": 900, "name": "grass", "is_thing": False, "colour": [10, 120, 10]}
    assert report.files == ("masks/", "labels.txt", "labels.json")


def test_what_is_lost_is_counted(tmp_path: Path) -> None:
    truth = boxes_truth(
        4,
        4,
        (5, None, (0, 0, 4, 4)),
        (1, 7, (0, 0, 1, 1)),
        (2, 0, (0, 0, 2, 2)),
        (3, 900, (0, 1, 1, 4)),
        (4, 900, (3, 0, 4, 1)),
    )
    report = write_semantic_png(export_images([truth]), LABELS, tmp_path)
    assert (report.images, report.segments, report.unlabelled_left_out, report.hidden_left_out) == (1, 3, 1, 1)
    assert report.notes == (
        "1 unlabelled segment left out until labelled",
        "1 segment left out: wholly covered by others",
        "1 segment without the part that others cover",
        "1 segment merged with another of the same category",
        "9 pixels left void (255): no segment is there, or an unlabelled one on top",
    )
