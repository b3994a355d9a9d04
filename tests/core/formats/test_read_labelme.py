"""LabelMe in: files as LabelMe and its kin write them, and what is wrong with them."""

from __future__ import annotations

import json
from base64 import b64encode
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.annotation.errors import FormatError
from core.formats.imported import ReadImage
from tests.core.formats.label_map_sets import opened, png, problems_of, whole, write_tree

SQUARE = [[2, 1], [6, 1], [6, 5], [2, 5]]
ONES = b64encode(png(np.ones((2, 3)))).decode()


def shape(
    kind: str | None = "polygon", points: object = SQUARE, label: object = "cat", **more: object
) -> dict[str, Any]:
    return {"label": label, "points": points, "group_id": None, "shape_type": kind, "flags": {}, **more}


def labelme(*shapes: object, path: object = "a.jpg", height: object = 10, width: object = 20, **more: object) -> str:
    content = {"version": "5.5.0", "flags": {}, "shapes": list(shapes), "imagePath": path, "imageData": None}
    return json.dumps({**content, "imageHeight": height, "imageWidth": width, **more})


def image_of(folder: Path, *shapes: object, **more: Any) -> ReadImage:
    write_tree(folder, {"a.jpg": b"photo", "a.json": labelme(*shapes, **more)})
    (image,) = whole(opened("labelme", folder))
    return image


def test_shapes_become_masks(tmp_path: Path) -> None:
    image = image_of(
        tmp_path,
        shape(),
        shape(None),
        shape("rectangle", [[6, 5], [2, 1]]),
        shape("rectangle", SQUARE),
        shape("oriented_rectangle", SQUARE),
        shape("circle", [[10, 5], [13, 5]]),
        shape("mask", [[2, 1], [4, 2]], mask=ONES),
    )
    boxes = [segment.mask.bbox for segment in image.segments]
    assert boxes == [(2, 1, 4, 4)] * 5 + [(7, 2, 6, 6), (2, 1, 3, 2)]
    rows, columns = np.mgrid[:10, :20] + 0.5
    disk = (columns - 10) ** 2 + (rows - 5) ** 2 <= 9
    assert np.array_equal(image.segments[5].mask.to_array(), disk)


def test_a_group_of_one_label_is_one_segment(tmp_path: Path) -> None:
    far = [[x + 10, y] for x, y in SQUARE]
    image = image_of(
        tmp_path,
        shape(group_id=1),
        shape(label="dog", group_id=1),
        shape(points=far, group_id=1, flags={"crowd": True}),
        shape(points=far),
        shape(points=far),
    )
    assert [(segment.mask.area, segment.category_id, segment.crowd) for segment in image.segments] == [
        (32, 1, True),
        (16, 2, False),
        (16, 1, False),
        (16, 1, False),
    ]


def test_what_lies_outside_is_cut_off(tmp_path: Path) -> None:
    image = image_of(tmp_path, shape(points=[[-5, -5], [30, -5], [30, 3], [-5, 3]]), shape("circle", [[0, 0], [2, 0]]))
    assert [segment.mask.bbox for segment in image.segments] == [(0, 0, 20, 3), (0, 0, 2, 2)]


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (shape("line", [[0, 0], [5, 5]]), "is a 'line', which has no pixels"),
        (shape("linestrip"), "is a 'linestrip', which has no pixels"),
        (shape("point", [[0, 0]]), "is a 'point', which has no pixels"),
        (shape([[]]), r"is a \[\[\]\], which has no pixels"),
        (shape(points=[[0, 0], [1, 1]]), "needs at least three points"),
        (shape(points=[[0, 0], [1, 1], [1e308, 5]]), "is no place in an image"),
        (shape(points=[[90, 90], [99, 90], [99, 99]]), "holds no pixel's centre"),
        (shape("circle", [[0, 0]]), "circle has two points"),
        (shape("circle", [[0, 0], [1e300, 0]]), "circle has two points"),
        (shape("rectangle", "no"), "rectangle has two points"),
        (shape("mask", [[0, 0], [5, 5]], mask=ONES), r"has a mask of 3×2; its points say 6×6"),
        (shape("mask", [[18, 0], [20, 1]], mask=ONES), "is not inside its image 20×10"),
        (shape("mask", [[-1, 0], [1, 1]], mask=ONES), "is not inside its image"),
        (shape("mask", [[0, 0], [2, 1]]), "has no PNG in base64"),
        (shape("mask", [[0, 0], [2, 1]], mask="%%%"), "is no base64"),
        (shape("mask", [[0, 0], [2, 1]], mask=ONES[:60]), "is no intact PNG|is no base64"),
        (shape("mask", [[0, 0], [2, 1]], mask=b64encode(b"GIF89a").decode()), "is no intact PNG"),
        (shape(label=None), "has no label"),
        (shape(label=" "), "has the label '', which cannot be a category's name"),
        (shape(label="x" * 500), "which cannot be a category's name"),
        ("shape", "has no label: 'shape'"),
        (None, "has no label: None"),
    ],
)
def test_a_bad_shape_is_reported_and_the_rest_goes_in(bad: object, reason: str, tmp_path: Path) -> None:
    write_tree(tmp_path, {"a.jpg": b"photo", "a.json": labelme(shape(), bad, shape())})
    data_set = opened("labelme", tmp_path)
    (image,) = data_set.images()
    assert isinstance(image, ReadImage)
    (problem,) = image.problems
    assert str(problem).startswith("a.json: shape 2 ")
    with pytest.raises(FormatError, match=reason):
        raise FormatError(problem.reason)
    assert len(image.segments) == 2


@pytest.mark.parametrize(
    "path", ["a.jpg", "./a.jpg", "..\\photos\\a.jpg", "../photos/a.jpg", "/elsewhere/x/a.jpg", "C:\\x\\a.jpg"]
)
def test_photos_are_found_beside_and_in_other_folders_of_the_set(path: str, tmp_path: Path) -> None:
    beside = "photos/a.jpg" if "photos" in path else "json/a.jpg"
    write_tree(tmp_path, {beside: b"photo", "json/a.json": labelme(shape(), path=path)})
    (image,) = whole(opened("labelme", tmp_path))
    assert image.photo == tmp_path / beside


def test_photos_may_have_a_folder_of_their_own(tmp_path: Path) -> None:
    write_tree(tmp_path, {"photos/a.jpg": b"1", "photos/b.jpg": b"2", "set/x.json": labelme(path="../../a.jpg")})
    images = whole(opened("labelme", tmp_path / "set" / "x.json", tmp_path / "photos"))
    assert [(image.photo, image.labelled) for image in images] == [
        (tmp_path / "photos" / "a.jpg", True),
        (tmp_path / "photos" / "b.jpg", False),
    ]


def test_a_folder_of_photos_inside_the_set_is_read_once(tmp_path: Path) -> None:
    write_tree(tmp_path, {"images/a.jpg": b"1", "images/b.jpg": b"2", "images/a.json": labelme(shape())})
    names = [image.file_name for image in whole(opened("labelme", tmp_path, tmp_path / "images"))]
    assert names == ["a.jpg", "b.jpg"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (labelme(path="../../secret.jpg"), "its photo '../../secret.jpg' is not in the data set"),
        (labelme(path="link.jpg"), "leads out of its folder through a link"),
        (labelme(path="a\0.jpg"), "leads out of its folder"),
        (labelme(path=""), "imagePath is the photo's file, got ''"),
        (labelme(path=["a.jpg"]), "imagePath is the photo's file"),
        (labelme(path="none.jpg", imageData="abc"), "has its photo only in imageData; save it as the file 'none.jpg'"),
        (labelme(height=0), "are whole numbers, got 0 and 20"),
        (labelme(width="20"), "are whole numbers"),
        (labelme(height=10**6, width=10**6), "more than 51000000 pixels"),
        (labelme(height=None, width=None), "the picture is damaged|not a PNG"),
        ("[" * 100_000, "nested too deep"),
        ('{"shapes": NaN}', "NaN is no number"),
    ],
)
def test_a_bad_file_is_reported_and_the_rest_goes_in(content: str, reason: str, tmp_path: Path) -> None:
    write_tree(tmp_path, {"secret.jpg": b"s", "set/a.jpg": b"photo", "set/a.json": content, "set/b.jpg": b"photo"})
    write_tree(tmp_path, {"set/b.json": labelme(shape(), path="b.jpg"), "set/export-report.json": "{}"})
    (tmp_path / "set" / "link.jpg").symlink_to(tmp_path / "secret.jpg")
    data_set = opened("labelme", tmp_path / "set")
    problem = next(text for text in problems_of(data_set) if text.startswith("a.json: "))
    with pytest.raises(FormatError, match=reason):
        raise FormatError(problem)
    assert "a.json: a.json" not in problem
    assert sum(isinstance(image, ReadImage) and image.labelled for image in data_set.images()) == 1


def test_names_come_from_the_list_first(tmp_path: Path) -> None:
    write_tree(tmp_path, {"labels.txt": "__ignore__\n_background_\nzebra\n\nant\n", "a.jpg": b"photo"})
    image_of(tmp_path, shape(label="cat"), shape(label="ant"), shape(label=" Ünï "))
    names = [(category.id, category.name) for category in opened("labelme", tmp_path).categories]
    assert names == [(1, "zebra"), (2, "ant"), (3, "cat"), (4, "Ünï")]


def test_old_files_leave_the_size_to_the_photo(tmp_path: Path) -> None:
    write_tree(tmp_path, {"a.jpg": png(np.zeros((7, 9))), "a.json": labelme(shape(), height=None, width=None)})
    (image,) = whole(opened("labelme", tmp_path))
    assert image.size == (7, 9)


def test_no_labelme_file_is_said(tmp_path: Path) -> None:
    write_tree(tmp_path, {"coco.json": '{"images": []}', "bad.json": "{"})
    with pytest.raises(FormatError, match=r"looked for LabelMe's files in .*: bad\.json: is no JSON"):
        opened("labelme", tmp_path)


def test_labelmes_own_labels_name_no_category(tmp_path: Path) -> None:
    write_tree(tmp_path, {"labels.txt": "__ignore__\n_background_\ncat\n"})
    own = [shape(label="__ignore__"), shape(label="_background_"), shape()]
    write_tree(tmp_path, {"a.jpg": b"photo", "a.json": labelme(*own)})
    data_set = opened("labelme", tmp_path)
    assert [category.name for category in data_set.categories] == ["cat"]
    (image,) = data_set.images()
    assert isinstance(image, ReadImage)
    assert [segment.category_id for segment in image.segments] == [None, 1]
    assert [(problem.item, problem.reason, problem.taken) for problem in image.problems] == [
        ("shape 1", "has the label '__ignore__' and became an unlabelled segment", True),
        ("shape 2", "has the label '_background_' and became no segment", True),
    ]
