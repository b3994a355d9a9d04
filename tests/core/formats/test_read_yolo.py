"""YOLO in: the layouts that people have, and what is wrong with them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core.annotation.errors import FormatError
from core.formats.imported import ReadImage
from tests.core.formats.label_map_sets import opened, png, problems_of, whole, write_tree

PHOTO = png(np.zeros((10, 20)))
SQUARE = "0 0.1 0.2 0.4 0.2 0.4 0.6 0.1 0.6\n"
NAMES = "names: [person, car]\n"


@pytest.mark.parametrize(
    ("yaml", "photo", "label"),
    [
        ("train: images/train\n", "images/train/a.jpg", "labels/train/a.txt"),
        ("train: images/train\n", "images/train/deep/a.jpg", "labels/train/deep/a.txt"),
        ("train: ../train/images\n", "train/images/a.jpg", "train/labels/a.txt"),
        ("train: /srv/someone/set/images/train\n", "images/train/a.jpg", "labels/train/a.txt"),
        ("train: C:\\sets\\x\\images\\train\n", "images/train/a.jpg", "labels/train/a.txt"),
        ("path: ../datasets/set\ntrain: images/train\n", "images/train/a.jpg", "labels/train/a.txt"),
        ("path: set\ntrain: images/train\n", "set/images/train/a.jpg", "set/labels/train/a.txt"),
        ("train: [images/one, images/train]\n", "images/train/a.jpg", "labels/train/a.txt"),
        ("train: .\n", "a.jpg", "a.txt"),
        ("train: images\nval: images\ntest:\n", "images/a.jpg", "labels/a.txt"),
    ],
)
def test_layouts(yaml: str, photo: str, label: str, tmp_path: Path) -> None:
    write_tree(tmp_path, {"data.yaml": yaml + NAMES, photo: PHOTO, label: SQUARE, "images/one/.keep": ""})
    (image,) = whole(opened("yolo", tmp_path))
    assert (image.photo, image.split, image.size) == (tmp_path / photo, "train", (10, 20))
    expected = np.zeros((10, 20), dtype=bool)
    expected[2:6, 2:8] = True
    assert np.array_equal(image.segments[0].mask.to_array(), expected)


def test_lists_of_photos(tmp_path: Path) -> None:
    files = {f"images/{name}.jpg": PHOTO for name in "abc"} | {f"labels/{name}.txt": SQUARE for name in "abc"}
    lists = {
        "train.txt": "\ufeff./images/a.jpg\r\n\r\n/elsewhere/images/b.jpg\r\n",
        "val.txt": "images/c.jpg\nimages/a.jpg\nimages/none.jpg\n../../etc/passwd\n",
    }
    write_tree(tmp_path, {"data.yaml": "train: train.txt\nval: val.txt\n" + NAMES, **files, **lists})
    data_set = opened("yolo", tmp_path)
    assert [(image.photo.name, image.split) for image in data_set.images()] == [
        ("a.jpg", "train"),
        ("b.jpg", "train"),
        ("c.jpg", "val"),
    ]
    assert [str(problem)[:40] for problem in data_set.problems] == [
        "val.txt: line 3 'images/none.jpg' is not",
        "val.txt: line 4 '../../etc/passwd' is no",
        "data.yaml: val: names 1 photos that an e",
    ]


def test_photos_elsewhere(tmp_path: Path) -> None:
    write_tree(tmp_path, {"set/data.yaml": "train: images/train\n" + NAMES, "set/labels/train/a.txt": SQUARE})
    write_tree(tmp_path, {"photos/train/a.jpg": PHOTO})
    (image,) = whole(opened("yolo", tmp_path / "set" / "data.yaml", tmp_path / "photos"))
    assert image.photo == tmp_path / "photos" / "train" / "a.jpg"
    assert len(image.segments) == 1


def test_a_photo_without_a_file_is_not_labelled_and_a_file_without_a_photo_is_reported(tmp_path: Path) -> None:
    write_tree(tmp_path, {"data.yaml": "train: images\n" + NAMES, "images/a.jpg": PHOTO, "labels/b.txt": SQUARE})
    write_tree(tmp_path, {"images/c.jpg": PHOTO, "labels/c.txt": "\n"})
    data_set = opened("yolo", tmp_path)
    assert [getattr(image, "labelled", None) for image in data_set.images()] == [False, True, None]
    assert problems_of(data_set) == ["labels/b.txt: has no photo; put it where data.yaml says"]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("0 0.1 0.2 0.4", "has 3 coordinates, an odd number"),
        ("0 0.1 0.2", "needs at least three points"),
        ("0", "needs at least three points"),
        ("2 0.1 0.2 0.4 0.2 0.4 0.6", "has the class 2, which data.yaml does not name"),
        ("-1 0.1 0.2 0.4 0.2 0.4 0.6", "has the class -1"),
        ("1.5 0.1 0.2 0.4 0.2 0.4 0.6", "has the class 1.5"),
        ("nan 0.1 0.2 0.4 0.2 0.4 0.6", "has the class nan"),
        ("inf 0.1 0.2 0.4 0.2 0.4 0.6", "has the class inf"),
        ("person 0.1 0.2 0.4 0.2 0.4 0.6", "something else than numbers"),
        ("0 0.1 0.2 0.4 0.2 0.4 nan", "has the coordinate nan"),
        ("0 0.1 0.2 0.4 0.2 1e308 0.6", r"has the coordinate 1e\+308"),
        ("0 0.1 0.2 0.4 0.2 -inf 0.6", "has the coordinate -inf"),
        ("0 10 20 40 20 40 60", "has the coordinate 10; they are fractions"),
        ("0 0.1 0.1 0.1 0.1 0.1 0.1", "holds no pixel's centre"),
        ("0" + " 0.5" * 40_002, "has 20001 points, more than 20000"),
    ],
)
def test_a_bad_line_is_reported_and_the_rest_goes_in(line: str, reason: str, tmp_path: Path) -> None:
    write_tree(tmp_path, {"data.yaml": "train: images\n" + NAMES, "images/a.jpg": PHOTO})
    write_tree(tmp_path, {"labels/a.txt": f"{SQUARE}{line}\r\n{SQUARE}"})
    data_set = opened("yolo", tmp_path)
    (problem,) = problems_of(data_set)
    assert problem.startswith("labels/a.txt: line 2 ")
    with pytest.raises(AssertionError, match=reason):
        raise AssertionError(problem)
    (image,) = data_set.images()
    assert len(getattr(image, "segments", ())) == 2


def test_boxes_become_rectangles_and_are_reported(tmp_path: Path) -> None:
    write_tree(tmp_path, {"data.yaml": "train: images\n" + NAMES, "images/a.jpg": PHOTO})
    write_tree(tmp_path, {"labels/a.txt": "1 0.5 0.5 0.5 0.4\n1 0.5 0.5 1 1\n"})
    data_set = opened("yolo", tmp_path)
    assert problems_of(data_set) == ["labels/a.txt: line 1, 2 is a box and became a rectangle; draw its outline"]
    (image,) = data_set.images()
    assert [segment.mask.bbox for segment in getattr(image, "segments", ())] == [(5, 3, 10, 4), (0, 0, 20, 10)]


def test_more_segments_than_an_image_holds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.formats.yolo.read.MAX_SEGMENTS", 5)
    write_tree(tmp_path, {"data.yaml": "train: images\n" + NAMES, "images/a.jpg": PHOTO, "labels/a.txt": SQUARE * 9})
    (problem,) = problems_of(opened("yolo", tmp_path))
    assert problem.startswith("labels/a.txt: line 6 is beyond the 5 segments")


@pytest.mark.parametrize(
    ("yaml", "reason"),
    [
        ("train: images\n", "has no names"),
        ("train: images\nnames: person\n", "names is a list or a mapping"),
        ("train: images\nnames: {a: person}\n", "names has the key 'a'"),
        ("train: images\nnames: [[x]]\n", r"name 0 is no text: \['x'\]"),
        ("names: [person]\n", "neither train, val nor test"),
        ("train: {a: b}\nnames: [x]\n", "train is a folder or a list of folders"),
        ("train: [\n", "is no YAML"),
        ("a: &a [1]\nb: *a\ntrain: images\nnames: [x]\n", "has an alias"),
        ("!!python/object/apply:os.system [echo]", "says nothing of train"),
        ("[" * 3_000, "nested too deep"),
        ("- " * 3_000, "nested too deep"),
        ("just text", "says nothing of train"),
        ("train: elsewhere\nnames: [x]\n", "no photo was found: data.yaml: train: 'elsewhere' is not in"),
        ("train: ../../..\nnames: [x]\n", "no photo was found"),
        ("#" * (2**17 + 1), "is over 0.125 MiB"),
    ],
)
def test_a_data_yaml_that_cannot_be_used(yaml: str, reason: str, tmp_path: Path) -> None:
    write_tree(tmp_path / "set", {"data.yaml": yaml, "images/a.txt": "x"})
    with pytest.raises(FormatError, match=reason):
        opened("yolo", tmp_path / "set")


def test_names_stay_text_and_keep_their_numbers(tmp_path: Path) -> None:
    write_tree(tmp_path, {"data.yaml": "train: .\nnames:\n  7: no\n  0: 1e3\n  3: ' ü '\n  5: ''\n", "a.png": PHOTO})
    data_set = opened("yolo", tmp_path)
    assert [(category.id, category.name) for category in data_set.categories] == [(0, "1e3"), (3, "ü"), (7, "no")]
    (problem,) = data_set.problems
    assert str(problem).startswith("data.yaml: name 5 cannot be used")


def test_a_labels_file_of_other_categories_is_not_taken(tmp_path: Path) -> None:
    write_tree(tmp_path, {"data.yaml": "train: .\n" + NAMES, "a.png": PHOTO, "labels.json": '{"labels": []}'})
    data_set = opened("yolo", tmp_path)
    assert [category.id for category in data_set.categories] == [0, 1]
    assert [problem.file for problem in data_set.problems] == ["labels.json"]


def test_links_lead_nowhere(tmp_path: Path) -> None:
    write_tree(tmp_path, {"secret.png": PHOTO, "secret.txt": SQUARE})
    write_tree(tmp_path / "set", {"data.yaml": "train: images\n" + NAMES, "images/a.png": PHOTO, "labels/b.txt": ""})
    (tmp_path / "set" / "images" / "b.png").symlink_to(tmp_path / "secret.png")
    (tmp_path / "set" / "labels" / "a.txt").symlink_to(tmp_path / "secret.txt")
    found = problems_of(opened("yolo", tmp_path / "set"))
    assert len(found) == 2
    assert all("leads out of its folder through a link" in problem for problem in found)


def test_no_data_yaml_is_said(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=r"looked for one data\.yaml in .* and found none"):
        opened("yolo", tmp_path)
    write_tree(tmp_path, {"a.yaml": "", "b.yaml": ""})
    with pytest.raises(FormatError, match=r"found a\.yaml, b\.yaml; give the file itself"):
        opened("yolo", tmp_path)


@pytest.mark.parametrize("stray", ["images/b.jpg", "valid/b.jpg", "train/images/b.jpg"])
def test_another_folder_is_not_taken_for_a_split_that_is_missing(stray: str, tmp_path: Path) -> None:
    yaml = "train: ../train/images\nval: ../valid/images\n" + NAMES
    write_tree(tmp_path, {"data.yaml": yaml, "train/images/a.jpg": PHOTO, "train/labels/a.txt": SQUARE, stray: PHOTO})
    data_set = opened("yolo", tmp_path)
    assert {image.split for image in data_set.images() if isinstance(image, ReadImage)} == {"train"}
    assert problems_of(data_set)[0].startswith("data.yaml: val: '../valid/images' is not in ")


def test_photos_that_are_given_are_not_all_of_each_split(tmp_path: Path) -> None:
    yaml = "train: images/train\nval: images/val\n" + NAMES
    write_tree(tmp_path, {"set/data.yaml": yaml, "photos/train/a.jpg": PHOTO, "set/labels/train/a.txt": SQUARE})
    data_set = opened("yolo", tmp_path / "set", tmp_path / "photos")
    assert [getattr(image, "split", None) for image in data_set.images()] == ["train"]
    assert len(data_set.problems) == 1


def test_photos_that_are_given_are_those_of_the_only_place(tmp_path: Path) -> None:
    yaml = "train: images/train\nval: images/train\n" + NAMES
    write_tree(tmp_path, {"set/data.yaml": yaml, "photos/a.jpg": PHOTO, "set/labels/train/a.txt": SQUARE})
    (image,) = whole(opened("yolo", tmp_path / "set", tmp_path / "photos"))
    assert (image.split, len(image.segments)) == ("train", 1)


def test_labelimgs_list_of_names_is_no_label_file(tmp_path: Path) -> None:
    write_tree(tmp_path, {"data.yaml": "train: images\n" + NAMES, "images/a.jpg": PHOTO, "labels/a.txt": SQUARE})
    write_tree(tmp_path, {"labels/classes.txt": "person\ncar\n"})
    assert len(whole(opened("yolo", tmp_path))) == 1


def test_a_box_goes_in_with_a_remark(tmp_path: Path) -> None:
    write_tree(tmp_path, {"data.yaml": "train: images\n" + NAMES, "images/a.jpg": PHOTO})
    write_tree(tmp_path, {"labels/a.txt": "0 0.5 0.5 0.4 0.4\n"})
    (image,) = opened("yolo", tmp_path).images()
    assert isinstance(image, ReadImage)
    assert [problem.taken for problem in image.problems] == [True]
