"""Hugging Face image folders in: other people's layouts, and what is wrong with them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from core.annotation.errors import FormatError
from core.formats.imported import ReadImage
from tests.core.formats.label_map_sets import opened, painted, png, problems_of, whole, write_tree

IDS = np.array([[0, 1, 1], [2, 2, 255]])
NAMES = json.dumps({"1": "road", "2": "sky"})
MAP = png(IDS)


def line(**columns: object) -> str:
    return json.dumps({"file_name": "a.jpg", **columns}) + "\n"


@pytest.mark.parametrize("column", ["label", "annotation", "mask", "mask_file_name", "segmentation"])
def test_a_map_of_categories_has_void_outside_its_names(column: str, tmp_path: Path) -> None:
    files = {"train/metadata.jsonl": line(**{column: "maps/a.png"}), "train/a.jpg": b"photo", "train/maps/a.png": MAP}
    write_tree(tmp_path, {"id2label.json": NAMES, **files})
    (image,) = whole(opened("huggingface", tmp_path))
    assert painted(image, -1).tolist() == [[-1, 1, 1], [2, 2, -1]]
    assert (image.split, image.labelled) == ("train", True)


@pytest.mark.parametrize(
    ("photo", "label"),
    [
        ("images/a.jpg", "labels/a.png"),
        ("images/train/a.jpg", "annotations/train/a.png"),
        ("train/images/a.jpg", "train/masks/a.png"),
    ],
)
def test_folders_without_metadata(photo: str, label: str, tmp_path: Path) -> None:
    write_tree(tmp_path, {"id2label.json": NAMES, photo: b"photo", label: MAP})
    (image,) = whole(opened("huggingface", tmp_path))
    assert painted(image, -1).tolist() == [[-1, 1, 1], [2, 2, -1]]
    assert image.split == ("train" if "train" in photo else "")


def test_metadata_in_the_root_and_photos_elsewhere(tmp_path: Path) -> None:
    rows = line(image_id=7) + "\r\n" + line(file_name="deep/b.jpg", label="b.png", image_id=True)
    write_tree(tmp_path, {"set/id2label.json": NAMES, "set/metadata.jsonl": "\ufeff" + rows, "set/b.png": MAP})
    write_tree(tmp_path, {"photos/a.jpg": b"1", "photos/deep/b.jpg": b"2"})
    first, second = whole(opened("huggingface", tmp_path / "set" / "metadata.jsonl", tmp_path / "photos"))
    assert (first.photo, first.labelled, first.id) == (tmp_path / "photos" / "a.jpg", False, 7)
    assert (second.photo, second.labelled, second.id) == (tmp_path / "photos" / "deep" / "b.jpg", True, None)


def test_segments_keep_their_ids_and_crowds(tmp_path: Path) -> None:
    infos = [{"id": 2, "category_id": 1, "iscrowd": 1}, {"id": 1, "category_id": 2}, {"id": 255, "category_id": 2}]
    write_tree(tmp_path, {"id2label.json": NAMES, "a.png": MAP, "a.jpg": b"photo"})
    write_tree(tmp_path, {"metadata.jsonl": line(mask="a.png", segments_info=infos)})
    (image,) = whole(opened("huggingface", tmp_path))
    assert [(part.id, part.category_id, part.crowd, part.mask.area) for part in image.segments] == [
        (2, 1, True, 2),
        (1, 2, False, 2),
        (255, 2, False, 1),
    ]


def test_a_map_and_a_line_that_do_not_fit_are_reported(tmp_path: Path) -> None:
    infos = [{"id": 1, "category_id": 9}, {"id": 7, "category_id": 1}, {"id": "2"}, None, {"id": 2, "category_id": 1}]
    infos.append({"id": 2, "category_id": 1})
    write_tree(tmp_path, {"id2label.json": NAMES, "a.png": MAP, "a.jpg": b"photo"})
    write_tree(tmp_path, {"metadata.jsonl": line(mask="a.png", segments_info=infos)})
    data_set = opened("huggingface", tmp_path)
    assert problems_of(data_set) == [
        "a.png: segment 1 has the category_id 9, which id2label.json does not name",
        "a.png: segment 2 has the id 7, which no pixel of the map has, or an earlier one took",
        "a.png: segment 3 has the id '2', which no pixel of the map has, or an earlier one took",
        "a.png: segment 4 is no segment with id and category_id: None",
        "a.png: segment 6 has the id 2, which no pixel of the map has, or an earlier one took",
        "a.png: id 1 is not in segments_info: its 2 pixels are left void",
        "a.png: id 255 is not in segments_info: its 1 pixels are left void",
    ]
    (image,) = data_set.images()
    assert isinstance(image, ReadImage)
    assert len(image.segments) == 1


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (line(file_name="../secret.jpg", label="a.png"), "leads out of its folder"),
        (line(label="../secret.png"), "leads out of its folder"),
        (line(label="/etc/passwd"), "leads out of its folder"),
        (line(label="link.png"), "leads out of its folder through a link"),
        (line(label="none.png"), "is missing or no intact PNG"),
        (line(label="a.jpg"), "is missing or no intact PNG"),
        (line(file_name="none.jpg"), "is not in"),
        (line(file_name=5), "has a line without a file_name"),
        ("[]\n", "has a line without a file_name"),
        ("{\n", "is no JSON"),
        ("[" * 100_000 + "\n", "nested too deep"),
        ('{"file_name": "a.jpg", "label": "a\\u0000.png"}\n', "leads out of its folder"),
    ],
)
def test_a_bad_line_is_reported_and_the_rest_goes_in(row: str, reason: str, tmp_path: Path) -> None:
    write_tree(tmp_path, {"secret.png": MAP, "set/id2label.json": NAMES, "set/a.png": MAP, "set/a.jpg": b"photo"})
    write_tree(tmp_path, {"set/metadata.jsonl": row + line(label="a.png")})
    (tmp_path / "set" / "link.png").symlink_to(tmp_path / "secret.png")
    data_set = opened("huggingface", tmp_path / "set")
    first, second, *_ = data_set.images()
    with pytest.raises(FormatError, match=reason):
        raise FormatError(str(first))
    assert isinstance(second, ReadImage)
    assert second.labelled


@pytest.mark.parametrize(
    ("names", "reason"),
    [
        (None, r"has no id2label\.json"),
        ("[]", "names categories by whole numbers"),
        ('{"a": "b"}', "names categories by whole numbers"),
        ('{"-1": "b"}', "names categories by whole numbers"),
        ('{"1": 5}', "1 has a name that is no text: 5"),
        ('{"1": ""}', "a category name has 1 to 120 characters"),
        ("{}", r"has neither metadata\.jsonl nor images/ with labels/"),
    ],
)
def test_what_is_no_such_set_is_said(names: str | None, reason: str, tmp_path: Path) -> None:
    write_tree(tmp_path, {"set/other.txt": b"x"} | ({} if names is None else {"set/id2label.json": names}))
    with pytest.raises(FormatError, match=reason):
        opened("huggingface", tmp_path / "set")


def test_each_folder_with_metadata_has_its_own_photos(tmp_path: Path) -> None:
    files = {"a.jpg": b"root", "metadata.jsonl": line(), "train/a.jpg": b"train", "train/a.png": MAP}
    more = {"train/metadata.jsonl": line(label="a.png"), "validation/b.jpg": b"more", "validation/metadata.jsonl": ""}
    write_tree(tmp_path, {"id2label.json": NAMES, **files, **more})
    found = [(image.photo, image.labelled, image.split) for image in whole(opened("huggingface", tmp_path))]
    assert found == [
        (tmp_path / "a.jpg", False, ""),
        (tmp_path / "train" / "a.jpg", True, "train"),
        (tmp_path / "validation" / "b.jpg", False, "val"),
    ]


def test_what_a_line_of_another_part_names_is_no_photo(tmp_path: Path) -> None:
    rows = {"metadata.jsonl": line(file_name="train/a.jpg", label="maps/a.png", mask="maps/b.png")}
    write_tree(tmp_path, {"id2label.json": NAMES, "train/a.jpg": b"1", "maps/a.png": MAP, "maps/b.png": MAP, **rows})
    write_tree(tmp_path, {"train/metadata.jsonl": ""})
    (image,) = whole(opened("huggingface", tmp_path))
    assert (image.photo, image.labelled) == (tmp_path / "train" / "a.jpg", True)
