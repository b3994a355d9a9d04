"""Pascal VOC: the PNGs by Pillow, painted pixel by pixel beside, and read back."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from core.annotation.errors import FormatError
from core.annotation.labels import Category, LabelSet
from core.annotation.truth import Progress, Truth
from core.formats.imported import Problem, ReadImage
from core.formats.voc.read import NAMES, read_voc
from tests.core.formats.label_map_sets import export, opened, painted, png, problems_of, whole, write_tree
from tests.core.formats.made_truths import LABELS, boxes_truth, export_images, many_categories, truths

VALUE_OF = {category.id: value for value, category in enumerate(LABELS, start=1)}
# From the development kit's colour map.
FIRST_COLOURS = [(0, 0, 0), (128, 0, 0), (0, 128, 0), (128, 128, 0), (0, 0, 128), (128, 0, 128)]


def pixels(path: Path) -> np.ndarray:
    with Image.open(path) as picture:
        assert picture.mode == "P"
        palette = picture.getpalette()
        assert [tuple(palette[3 * i : 3 * i + 3]) for i in range(6)] == FIRST_COLOURS
        assert tuple(palette[-3:]) == (224, 224, 192)
        return np.asarray(picture)


def topmost(truth: Truth) -> list[list[int | None]]:
    """The place of the topmost segment at each pixel, None for no segment."""
    masks = [segment.mask.to_array() for segment in truth.segments]
    return [
        [next((i for i in reversed(range(len(masks))) if masks[i][row, column]), None) for column in range(truth.width)]
        for row in range(truth.height)
    ]


@settings(deadline=None, max_examples=20, suppress_health_check=[HealthCheck.too_slow])
@given(truth=truths(), done=st.booleans())
def test_the_maps_and_what_comes_back(truth: Truth, done: bool, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("set")
    export("voc", export_images([replace(truth, progress=Progress.DONE if done else Progress.OPEN)]), LABELS, folder)
    top = topmost(truth)
    values = [VALUE_OF.get(segment.category_id, 255) for segment in truth.segments]
    expected = [[values[i] if i is not None else 0 if done else 255 for i in row] for row in top]
    assert pixels(folder / "SegmentationClass" / "photo 1.png").tolist() == expected
    shown = [i for i in range(len(values)) if values[i] != 255 and any(i in row for row in top)]
    number_of = {i: shown.index(i) + 1 if i in shown else 255 for i in range(len(values))}
    objects = [[number_of[i] if i is not None else 0 if done else 255 for i in row] for row in top]
    assert pixels(folder / "SegmentationObject" / "photo 1.png").tolist() == objects

    data_set = opened("voc", folder)
    assert data_set.categories == LABELS.categories
    (image,) = whole(data_set)
    assert (image.file_name, image.split) == ("photo 1.jpg", "train")
    *labelled, void = [*image.segments, None] if not any(255 in row for row in expected) else image.segments
    assert [(one.id, one.category_id) for one in labelled] == [
        (number, truth.segments[i].category_id) for number, i in enumerate(shown, start=1)
    ]
    for one in labelled:
        np.testing.assert_array_equal(one.mask.to_array(), np.array(objects) == one.id)
    if void is not None:
        assert (void.category_id, void.crowd) == (None, False)
        np.testing.assert_array_equal(void.mask.to_array(), np.array(expected) == 255)


def test_void_comes_back_a_second_time(tmp_path: Path) -> None:
    """In an image in work void is where nobody looked; imported, it is an unlabelled segment, and void again."""
    first, second = tmp_path / "first", tmp_path / "second"
    for folder in (first, second):
        folder.mkdir()
    (image,) = export_images([boxes_truth(2, 3, (1, 900, (0, 0, 1, 2)), (2, None, (1, 0, 2, 1)))])
    export("voc", [image], LABELS, first)
    (back,) = whole(opened("voc", first))
    assert [(one.category_id, one.mask.area) for one in back.segments] == [(900, 2), (None, 4)]
    segments = tuple(
        replace(image.truth.segments[0], id=number, mask=one.mask, category_id=one.category_id, order=number)
        for number, one in enumerate(back.segments, start=1)
    )
    export(
        "voc", [replace(image, truth=replace(image.truth, segments=segments, progress=Progress.DONE))], LABELS, second
    )
    for name in ("SegmentationClass", "SegmentationObject"):
        path = f"{name}/photo 1.png"
        assert (first / path).read_bytes() == (second / path).read_bytes()


def test_lists_names_and_losses(tmp_path: Path) -> None:
    labels = LabelSet.of(
        [
            Category(5, "Background", False, (1, 1, 1)),
            Category(2, "a:b", True, (2, 2, 2)),
            Category(9, "Himmel ü", False, (3, 3, 3)),
        ]
    )
    truth = boxes_truth(
        4,
        4,
        (1, 9, (0, 0, 1, 4)),
        (2, 5, (0, 0, 1, 2)),
        (3, 2, (2, 0, 3, 1)),
        (4, 9, (2, 0, 3, 1)),
        (5, None, (3, 3, 4, 4)),
    )
    crowd = tuple(replace(one, crowd=one.id == 4) for one in truth.segments)
    images = export_images([replace(truth, segments=crowd, progress=Progress.DONE), boxes_truth(1, 1)])
    report = export("voc", [images[0], replace(images[1], split="val")], labels, tmp_path)
    assert (tmp_path / "ImageSets/Segmentation/train.txt").read_text() == "photo 1\n"
    assert (tmp_path / "ImageSets/Segmentation/val.txt").read_text() == "photo 2\n"
    assert (tmp_path / "labelmap.txt").read_text(encoding="utf-8") == (
        "# label:color_rgb:parts:actions\nbackground:0,0,0::\na_b:128,0,0::\nHimmel ü:0,128,0::\n"
        "ignored:224,224,192::\n"
    )
    assert (report.segments, {loss.kind: loss.count for loss in report.losses}) == (
        2,
        {"unlabelled": 1, "hidden": 1, "covered": 1, "background": 1, "crowd": 1, "names": 1},
    )
    assert pixels(tmp_path / "SegmentationClass/photo 1.png")[0].tolist() == [0, 0, 2, 2]
    first, second = whole(opened("voc", tmp_path))
    assert (first.split, second.split, second.segments[0].category_id) == ("train", "val", None)
    (tmp_path / "labels.json").unlink()
    by_list = opened("voc", tmp_path)
    assert [(c.id, c.name, c.colour) for c in by_list.categories] == [
        (1, "a_b", (128, 0, 0)),
        (2, "Himmel ü", (0, 128, 0)),
    ]
    np.testing.assert_array_equal(painted(whole(by_list)[0], -1), [[-1, -1, 2, 2], [-1] * 4, [2, -1, -1, -1], [-1] * 4])


def test_254_categories_fit_and_one_more_is_refused(tmp_path: Path) -> None:
    labels = many_categories(254)
    truth = boxes_truth(1, 254, *((i + 1, 3 * i, (0, i, 1, i + 1)) for i in range(254)))
    export("voc", export_images([truth]), labels, tmp_path)
    data_set = opened("voc", tmp_path)
    assert data_set.categories == labels.categories
    assert painted(whole(data_set)[0], -1).tolist() == [[3 * i for i in range(254)]]
    with pytest.raises(FormatError, match="255 categories, more than the 254 of Pascal VOC"):
        export("voc", [], many_categories(255), tmp_path / "more")
    assert not (tmp_path / "more").exists()


def test_254_segments_fit_and_one_more_is_refused(tmp_path: Path) -> None:
    boxes = [(i + 1, 7, (0, i, 1, i + 1)) for i in range(255)]
    hidden = (300, 7, (0, 0, 1, 1))
    export("voc", export_images([boxes_truth(1, 255, hidden, *boxes[:254])]), LABELS, tmp_path)
    assert len(whole(opened("voc", tmp_path))[0].segments) == 255
    (tmp_path / "more").mkdir()
    with pytest.raises(FormatError, match=r"photo 1\.jpg: 255 segments, more than the 254 of Pascal VOC"):
        export("voc", export_images([boxes_truth(1, 255, *boxes)]), LABELS, tmp_path / "more")


def test_the_set_as_it_is_published(tmp_path: Path) -> None:
    classes, objects = [[0, 255, 15, 15, 2]], [[0, 255, 1, 2, 3]]
    files = {
        "SegmentationClass/2007_1.png": png(classes, "P"),
        "SegmentationObject/2007_1.png": png(objects, "P"),
        "SegmentationClass/2007_2.png": png([[20]], "P"),
        **{f"JPEGImages/2007_{i}.jpg": b"" for i in range(1, 6)},
        "ImageSets/Segmentation/train.txt": "2007_1\r\n2007_3\r\n",
        "ImageSets/Segmentation/trainval.txt": "2007_1\n2007_2\n2007_3\n",
        "ImageSets/Segmentation/val.txt": "2007_2\n",
    }
    data_set = opened("voc", write_tree(tmp_path, files))
    assert [(c.id, c.name) for c in data_set.categories] == list(enumerate(NAMES, start=1))
    images = {image.file_name: image for image in whole(data_set)}
    assert {name: (one.split, one.labelled) for name, one in images.items()} == {
        "2007_1.jpg": ("train", True),
        "2007_3.jpg": ("train", False),
        "2007_2.jpg": ("val", True),
    }
    assert [(one.category_id, one.id, one.mask.bbox) for one in images["2007_1.jpg"].segments] == [
        (15, 1, (2, 0, 1, 1)),
        (15, 2, (3, 0, 1, 1)),
        (2, 3, (4, 0, 1, 1)),
        (None, None, (1, 0, 1, 1)),
    ]
    assert [one.category_id for one in images["2007_2.jpg"].segments] == [20]


def test_colours_are_read_by_the_list_of_labels(tmp_path: Path) -> None:
    """As CVAT writes them."""
    lines = ["car:10,20,30::", "background:0,128,0::", "ignored:224,224,192::", "road:1,2,3:a,b:"]
    green, car, void, road = (0, 128, 0), (10, 20, 30), (224, 224, 192), (1, 2, 3)
    files = {
        "labelmap.txt": "\n".join(["# label:color_rgb:parts:actions", *lines]),
        "SegmentationClass/a.png": png([[green, car, car, void, road, (9, 9, 9)]]),
        "SegmentationObject/a.png": png([[(0, 0, 0), (128, 0, 0), (0, 128, 0), void, (77, 7, 7), (0, 0, 0)]]),
        "JPEGImages/a.jpg": b"",
    }
    data_set = opened("voc", write_tree(tmp_path, files))
    assert [(c.id, c.name, c.colour) for c in data_set.categories] == [(1, "car", car), (3, "road", road)]
    (image,) = data_set.images()
    assert isinstance(image, ReadImage)
    assert [(one.category_id, one.mask.bbox[0]) for one in image.segments] == [(1, 1), (1, 2), (3, 4), (None, 3)]
    assert [one.id for one in image.segments[:2]] == [1, 2]
    assert problems_of(data_set) == [
        "SegmentationClass/a.png: colour 9,9,9 is not in labelmap.txt: its 1 pixels are left void"
    ]


def test_maps_that_do_not_agree_are_told(tmp_path: Path) -> None:
    files = {
        "SegmentationClass/a.png": png([[1, 2, 0, 3, 30, 4]]),
        "SegmentationObject/a.png": png([[1, 1, 1, 0, 2, 3]]),
        "SegmentationClass/b.png": png([[1, 2]]),
        "SegmentationObject/b.png": png([[1], [2]]),
        "JPEGImages/a.jpg": b"",
        "JPEGImages/b.jpg": b"",
    }
    data_set = opened("voc", write_tree(tmp_path, files))
    first, second = data_set.images()
    assert isinstance(first, ReadImage)
    assert [(one.category_id, one.id) for one in first.segments] == [(1, 1), (2, None), (4, 3)]
    assert isinstance(second, Problem)
    assert [problem.taken for problem in first.problems] == [False, False, True, False]
    assert problems_of(data_set) == [
        "SegmentationClass/a.png: bird belongs to no object at 1 pixels, left out",
        "SegmentationClass/a.png: object 1 has no category at 1 pixels, left out",
        "SegmentationClass/a.png: object 1 has several categories; each became a segment",
        "SegmentationClass/a.png: id 30 is not in VOC's names: its 1 pixels are left void",
        "SegmentationClass/b.png: is 2×1, but 1×2 in SegmentationObject/; take intact copies",
    ]


@pytest.mark.parametrize("name", ["../a", "/etc/a", "C:\\a", "..\\..\\a", "x/../../a"])
def test_a_name_that_leads_out_is_a_problem(name: str, tmp_path: Path) -> None:
    write_tree(tmp_path, {"a.png": png([[1]]), "a.jpg": b"", "set/JPEGImages/b.jpg": b""})
    write_tree(
        tmp_path / "set", {"SegmentationClass/b.png": png([[1]]), "ImageSets/Segmentation/train.txt": f"{name}\nb\n"}
    )
    data_set = opened("voc", tmp_path / "set")
    bad, good = data_set.images()
    assert isinstance(good, ReadImage)
    assert isinstance(bad, Problem)
    assert "leads out of its folder" in str(bad)


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({}, r"has no SegmentationClass/; give the folder with it"),
        ({"SegmentationClass/a.txt": ""}, r"has no PNG in SegmentationClass/ and no list"),
        (
            {"SegmentationClass/a.png": b"", "labelmap.txt": "car:red::\n"},
            r"labelmap\.txt: 'car:red::' is no name:r,g,b::",
        ),
        ({"SegmentationClass/a.png": b"", "labelmap.txt": "car:1,2,300::\n"}, r"labelmap\.txt: a colour is three"),
    ],
)
def test_what_is_no_set_is_told_why(files: dict[str, bytes | str], message: str, tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=message):
        read_voc(write_tree(tmp_path, files), None)


def test_names_that_other_readers_would_cut_have_stand_ins_of_their_own(tmp_path: Path) -> None:
    names = ("a:b", "a_b", "a:b:", "#1", "plain")
    labels = LabelSet.of(Category(number, name, True, (1, 1, number)) for number, name in enumerate(names, start=1))
    report = export("voc", export_images([boxes_truth(4, 4, (1, 1, (0, 0, 1, 4)))]), labels, tmp_path)
    lines = (tmp_path / "labelmap.txt").read_text(encoding="utf-8").splitlines()
    assert [line.split(":")[0] for line in lines[2:-1]] == ["a_b_", "a_b", "a_b__", "_1", "plain"]
    assert {loss.kind: loss.count for loss in report.losses}["names"] == 3
    assert [category.name for category in opened("voc", tmp_path).categories] == list(names)
