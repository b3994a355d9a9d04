"""ADE20K: the label files read by Pillow and shifted once by numpy, and read back."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from PIL import Image

from core.annotation.errors import FormatError
from core.annotation.labels import Category, LabelSet
from core.annotation.truth import Truth
from core.annotation.views import SEMANTIC_VOID, semantic_view
from core.formats.ade20k.read import read_ade20k
from tests.core.formats.label_map_sets import export, opened, painted, png, problems_of, whole, write_tree
from tests.core.formats.made_truths import LABELS, boxes_truth, export_images, many_categories, truths

INFO = "Idx\tRatio\tTrain\tVal\tStuff\tName\n1\t0.16\t11664\t1172\t1\twall\n2\t0.1\t9\t8\t0\tbuilding, edifice\n"


@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.too_slow])
@given(truth=truths())
def test_a_value_is_one_more_than_the_id_once(truth: Truth, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("set")
    export("ade20k", export_images([truth]), LABELS, folder)
    with Image.open(folder / "annotations" / "training" / "photo 1.png") as picture:
        assert picture.mode == "I;16"
        values = np.asarray(picture).astype(int)
    view = semantic_view(truth, LABELS)
    np.testing.assert_array_equal(values, np.where(view == SEMANTIC_VOID, 0, view + 1))
    (image,) = whole(opened("ade20k", folder))
    np.testing.assert_array_equal(painted(image, SEMANTIC_VOID), view)


@pytest.mark.parametrize(("most", "mode"), [(254, "L"), (255, "I;16"), (65_534, "I;16")])
def test_16_bits_begin_over_the_id_254(most: int, mode: str, tmp_path: Path) -> None:
    labels = LabelSet.of([Category(0, "first", False, (0, 0, 0)), Category(most, "last", True, (9, 9, 9))])
    truth = boxes_truth(1, 3, (1, 0, (0, 0, 1, 1)), (2, most, (0, 1, 1, 2)))
    report = export("ade20k", export_images([truth]), labels, tmp_path)
    with Image.open(tmp_path / "annotations" / "training" / "photo 1.png") as picture:
        assert picture.mode == mode
        assert np.asarray(picture).tolist() == [[1, most + 1, 0]]
    assert f"{most - 1:,} values up to {most + 1} without a category, as the ids leave gaps" in report.notes
    data_set = opened("ade20k", tmp_path)
    assert [(c.id, c.name, c.is_thing) for c in data_set.categories] == [(0, "first", False), (most, "last", True)]
    assert painted(whole(data_set)[0], -1).tolist() == [[0, most, -1]]


def test_an_id_over_the_16_bits_is_refused(tmp_path: Path) -> None:
    labels = LabelSet.of([Category(65_535, "far", False, (0, 0, 0))])
    with pytest.raises(FormatError, match="category 'far' has the id 65535, over 65534"):
        export("ade20k", [], labels, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_two_splits_of_one_folder_are_refused_and_training_is_counted_as_training(tmp_path: Path) -> None:
    first, second = export_images([boxes_truth(2, 3, (1, 7, (0, 0, 1, 1)))] * 2)
    training = replace(first, split="training")
    with pytest.raises(FormatError, match="'training' and 'train' are one"):
        export("ade20k", [training, second], LABELS, tmp_path / "both")
    export("ade20k", [training], LABELS, tmp_path / "one")
    rows = [line.split("\t") for line in (tmp_path / "one" / "objectInfo.txt").read_text(encoding="utf-8").splitlines()]
    assert rows[1][2] == "1"


def test_300_categories_and_what_the_list_counts(tmp_path: Path) -> None:
    labels = many_categories(300)
    boxes = [(i + 1, 3 * i, (0, i, 2, i + 1)) for i in range(300)]
    image, other = export_images([boxes_truth(2, 300, *boxes), boxes_truth(1, 4, *boxes[:1])])
    export("ade20k", [image, replace(other, split="val")], labels, tmp_path)
    rows = [line.split("\t") for line in (tmp_path / "objectInfo.txt").read_text().splitlines()]
    assert rows[:3] == [
        ["Idx", "Ratio", "Train", "Val", "Stuff", "Name"],
        ["1", f"{3 / 601:.4f}", "1", "1", "0", "category 0"],
        ["4", f"{2 / 601:.4f}", "1", "0", "1", "category 1"],
    ]
    first, second = whole(opened("ade20k", tmp_path))
    assert (first.split, second.split) == ("train", "val")
    assert second.photo == tmp_path / "images" / "validation" / "photo 2.jpg"
    np.testing.assert_array_equal(painted(first, -1), np.tile(3 * np.arange(300), (2, 1)))


def test_the_set_as_it_is_published(tmp_path: Path) -> None:
    files = {
        "objectInfo150.txt": INFO,
        "annotations/training/a.png": png([[0, 1, 2]]),
        "annotations/validation/b.png": png([[2, 2, 3]]),
        "images/training/a.jpg": b"",
        "images/training/more.jpg": b"",
        "images/validation/b.jpg": b"",
        "images/testing/c.jpg": b"",
    }
    data_set = opened("ade20k", write_tree(tmp_path, files))
    assert [(c.id, c.name, c.is_thing) for c in data_set.categories] == [
        (0, "wall", False),
        (1, "building, edifice", True),
    ]
    images = {image.file_name: image for image in data_set.images()}
    assert {name: (image.split, image.labelled) for name, image in images.items()} == {
        "a.jpg": ("train", True),
        "more.jpg": ("train", False),
        "b.jpg": ("val", True),
        "c.jpg": ("test", False),
    }
    assert painted(images["a.jpg"], -1).tolist() == [[-1, 0, 1]]
    assert painted(images["b.jpg"], -1).tolist() == [[1, 1, -1]]
    assert problems_of(data_set) == [
        "annotations/validation/b.png: id 3 is not in objectInfo150.txt: its 1 pixels are left void"
    ]


def test_a_folder_of_all_photos_has_no_photos_without_labels(tmp_path: Path) -> None:
    files = {"objectInfo.txt": INFO, "annotations/training/a.png": png([[1]])}
    write_tree(tmp_path, {**{f"set/{name}": content for name, content in files.items()}, "photos/a.jpg": b""})
    (image,) = whole(opened("ade20k", tmp_path / "set", tmp_path / "photos"))
    assert (image.photo, image.split) == (tmp_path / "photos" / "a.jpg", "train")


@pytest.mark.parametrize(
    ("info", "message"),
    [
        ("", r"objectInfo\.txt has the columns \[\]; needed are Idx and Name"),
        ("Number\tName\n1\twall\n", r"has the columns \['Number', 'Name'\]"),
        ("Idx\tName\nwall\t1\n", r"objectInfo\.txt, line 2: \['wall', '1'\] has no Idx and Name"),
        ("Idx\tName\n1\n", r"line 2: \['1'\] has no Idx and Name"),
        ("Idx\tName\n0\tother\n", r"line 2: the Idx 0 is no category, they begin at 1"),
        ("Idx\tName\tStuff\n1\t\t1\n", r"line 2: a category name has 1 to 120"),
    ],
)
def test_a_list_that_names_nothing_is_refused(info: str, message: str, tmp_path: Path) -> None:
    write_tree(tmp_path, {"objectInfo.txt": info, "annotations/a.png": png([[0]])})
    with pytest.raises(FormatError, match=message):
        read_ade20k(tmp_path, None)


def test_what_is_no_set_is_told_why(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=r"has no PNG in annotations/ or annotations/training/"):
        read_ade20k(tmp_path, None)
    write_tree(tmp_path, {"annotations/a.png": png([[0]])})
    with pytest.raises(FormatError, match=r"has no objectInfo\.txt; ADE20K needs one"):
        read_ade20k(tmp_path, None)
    write_tree(tmp_path, {"objectInfo.txt": INFO, "objectInfo150.txt": INFO})
    with pytest.raises(FormatError, match=r"several lists \(objectInfo\.txt, objectInfo150\.txt\)"):
        read_ade20k(tmp_path, None)
