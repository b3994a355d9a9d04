"""Names of a data set's parts, and label files as other systems name them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core.formats.places import split_named
from tests.core.formats.label_map_sets import opened, png, problems_of, whole, write_tree

MAP = png(np.array([[1, 2], [1, 1]]))


@pytest.mark.parametrize(
    ("word", "split"),
    [("train", "train"), ("Training", "train"), ("valid", "val"), ("validation", "val"), ("testing", "test")],
)
def test_a_split_has_one_name_here(word: str, split: str) -> None:
    assert split_named(word) == split


@pytest.mark.parametrize("word", ["minival", "Fold1", ""])
def test_an_own_split_keeps_its_name(word: str) -> None:
    assert split_named(word) == word


@pytest.mark.parametrize(
    ("format", "files"),
    [
        ("semantic-png", {"labels/a.PNG": MAP, "labels.txt": "null\nx\ny\n", "images/a.jpg": b""}),
        ("voc", {"SegmentationClass/a.PNG": MAP, "SegmentationObject/a.Png": MAP, "JPEGImages/a.jpg": b""}),
        ("bsds", {"validation/a_0.PNG": MAP, "validation/a.jpg": b""}),
        (
            "cityscapes",
            {
                "gtFine/validation/x/a_gtFine_instanceIds.PNG": png([[7, 8], [7, 7]]),
                "gtFine/validation/x/a_gtFine_labelIds.PNG": png([[7, 8], [7, 7]]),
                "leftImg8bit/validation/x/a_leftImg8bit.jpg": b"",
            },
        ),
    ],
)
def test_label_files_may_end_in_capitals(format: str, files: dict[str, bytes | str], tmp_path: Path) -> None:
    data_set = opened(format, write_tree(tmp_path, files))
    (image,) = whole(data_set)
    assert (len(image.segments), problems_of(data_set)) == (2, [])
    assert image.split == ("val" if format in ("bsds", "cityscapes") else "")
