"""Semantic PNGs in: our own export, sets of others by hand, and real ones beside numpy."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from PIL import Image

from core.annotation.errors import FormatError
from core.annotation.truth import Truth
from core.annotation.views import SEMANTIC_VOID, semantic_view
from core.formats.imported import Problem
from core.formats.semantic_png.read import read_semantic_png
from tests.core.formats.label_map_sets import SHARED, export, opened, painted, png, problems_of, whole, write_tree
from tests.core.formats.made_truths import LABELS, boxes_truth, export_images, many_categories, truths

NAMES = "null\nroad\nHimmel ü, blau\n"


@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.too_slow])
@given(truth=truths())
def test_what_is_exported_comes_back_as_the_semantic_view(
    truth: Truth, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("set")
    export("semantic-png", export_images([truth]), LABELS, folder)
    data_set = opened("semantic-png", folder)
    (image,) = whole(data_set)
    assert data_set.categories == LABELS.categories
    assert (image.file_name, image.size, image.labelled) == ("photo 1.jpg", (truth.height, truth.width), True)
    view = semantic_view(truth, LABELS)
    np.testing.assert_array_equal(painted(image, SEMANTIC_VOID), view)
    used = [segment.category_id for segment in image.segments]
    assert sorted(used) == sorted(set(view.ravel().tolist()) - {SEMANTIC_VOID})
    assert [data_set.uses(category.id) for category in LABELS] == [category.id in used for category in LABELS]


def test_300_categories_come_back_from_16_bits(tmp_path: Path) -> None:
    labels = many_categories(300)
    truth = boxes_truth(2, 300, *((i + 1, 3 * i, (0, i, 2, i + 1)) for i in range(300)))
    export("semantic-png", export_images([truth]), labels, tmp_path)
    data_set = opened("semantic-png", tmp_path / "labels.json")
    assert data_set.categories == labels.categories
    np.testing.assert_array_equal(painted(whole(data_set)[0], -1), np.tile(3 * np.arange(300), (2, 1)))


def test_a_line_of_the_list_names_its_number(tmp_path: Path) -> None:
    labels = [[0, 1, 2], [255, 1, 1]]
    write_tree(tmp_path, {"labels.txt": NAMES, "labels/a.png": png(labels), "images/a.webp": b"", "images/b.jpg": b""})
    data_set = opened("semantic-png", tmp_path)
    assert [(c.id, c.name, c.is_thing) for c in data_set.categories] == [
        (1, "road", False),
        (2, "Himmel ü, blau", False),
    ]
    image, other = whole(data_set)
    np.testing.assert_array_equal(painted(image, -1), [[-1, 1, 2], [-1, 1, 1]])
    assert (other.file_name, other.labelled, other.segments) == ("b.jpg", False, ())


@pytest.mark.parametrize(("lines", "void"), [(255, True), (256, False)])
def test_255_is_void_unless_it_has_a_name(lines: int, void: bool, tmp_path: Path) -> None:
    names = "".join(f"name {i}\n" for i in range(lines))
    write_tree(tmp_path, {"labels.txt": names, "labels/a.png": png([[255, 7]]), "images/a.jpg": b""})
    (image,) = whole(opened("semantic-png", tmp_path))
    assert painted(image, -1).tolist() == [[-1 if void else 255, 7]]


def test_parts_are_splits_and_photos_may_lie_elsewhere(tmp_path: Path) -> None:
    files = {"labels.txt": NAMES, "train-labels/a.png": png([[1]]), "val-labels/a.png": png([[2]])}
    folder = write_tree(tmp_path / "set", files)
    write_tree(tmp_path / "photos", {"train/a.jpg": b"", "val/a.jpg": b"", "val/more.jpg": b""})
    images = whole(opened("semantic-png", folder, tmp_path / "photos"))
    assert [(image.split, image.photo.parent.name, image.labelled) for image in images] == [
        ("train", "train", True),
        ("val", "val", True),
        ("val", "val", False),
    ]


def test_bad_items_are_problems_and_the_rest_goes_in(tmp_path: Path) -> None:
    good = png([[1, 1], [9, 2]])
    names = {f"labels/{name}.png": content for name, content in {"a": good, "b": good[:45], "c": good}.items()}
    write_tree(tmp_path, {"labels.txt": NAMES, "images/a.jpg": b"", "images/b.jpg": b"", **names})
    first, second, third = opened("semantic-png", tmp_path).images()
    assert painted(first, -1).tolist() == [[1, 1], [-1, 2]]
    assert [str(one) for one in first.problems] == [
        "labels/a.png: id 9 is not in labels.txt: its 1 pixels are left void"
    ]
    assert isinstance(second, Problem)
    assert str(second).startswith("labels/b.png: is missing or no intact PNG")
    assert str(third) == "labels/c.png: no photo 'c' is in images/, " + tmp_path.name + "/"


def test_a_link_that_leads_out_is_a_problem(tmp_path: Path) -> None:
    write_tree(tmp_path, {"secret.png": png([[1]]), "set/labels.txt": NAMES, "set/labels/a.png": png([[1]])})
    (tmp_path / "set" / "images").mkdir()
    for name in ("labels/b.png", "images/a.png", "images/c.png"):
        (tmp_path / "set" / name).symlink_to(tmp_path / "secret.png")
    (tmp_path / "set" / "images" / "b.png").write_bytes(b"")
    problems = problems_of(opened("semantic-png", tmp_path / "set"))
    assert [problem.partition(": ")[0] for problem in problems] == ["labels/a.png", "labels/b.png", "c.png"]
    assert all("leads out of its folder through a link" in problem for problem in problems)


def test_many_unnamed_ids_are_told_together(tmp_path: Path) -> None:
    ids = np.arange(60).reshape(6, 10)
    write_tree(tmp_path, {"labels.txt": NAMES, "labels/a.png": png(ids), "images/a.jpg": b""})
    problems = problems_of(opened("semantic-png", tmp_path))
    assert len(problems) == 11
    assert problems[-1] == "labels/a.png: 47 more ids are not in labels.txt: their pixels are left void"


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"labels/a.png": b""}, r"neither labels\.json nor labels\.txt.*add a labels\.txt"),
        ({"labels.txt": NAMES}, r"neither masks/, labels/ nor PART-labels/"),
        ({"labels/a.png": b"", "labels.txt": "a\n\nb\n"}, r"labels\.txt: line 2 is empty; write null"),
        ({"labels/a.png": b"", "labels.txt": b"\xff\xfe\xe4"}, r"labels\.txt: is no UTF-8"),
        ({"labels/a.png": b"", "labels.txt": "x" * 200}, r"labels\.txt: a category name has 1 to 120"),
        ({"labels/a.png": b"", "labels.json": "[1]"}, r"labels\.json: has no list of labels"),
        ({"labels/a.png": b"", "labels.json": '{"labels": [{}]}'}, r"label 1 cannot be read: 'index' is missing"),
        ({"labels/a.png": b"", "labels.json": "{" * 100_000}, r"labels\.json: is n"),
    ],
)
def test_what_is_no_set_is_told_why(files: dict[str, bytes | str], message: str, tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=message):
        read_semantic_png(write_tree(tmp_path, files), None)


def test_a_changed_list_of_labels_is_refused(tmp_path: Path) -> None:
    export("semantic-png", export_images([boxes_truth(2, 2)]), LABELS, tmp_path)
    intact = json.loads((tmp_path / "labels.json").read_bytes())
    for change, message in [
        ({"void": 1}, "void is a value that no category has, got 1"),
        ({"void": "255"}, "void is a value that no category has, got '255'"),
        ({"labels": intact["labels"][:1] * 2}, "label 2 cannot be read: index 0 stands there twice"),
        ({"labels": [{**intact["labels"][0], "id": 1.5}]}, "label 1 cannot be read: 1.5 is no whole number"),
        ({"labels": [{**intact["labels"][0], "name": " "}]}, "label 1 cannot be read: a category name"),
    ]:
        (tmp_path / "labels.json").write_text(json.dumps({**intact, **change}))
        with pytest.raises(FormatError, match=message):
            read_semantic_png(tmp_path, None)


@pytest.mark.skipif(not (SHARED / "clothing").is_dir(), reason="needs ../shared/data, which is not here")
def test_the_clothing_set_is_read_as_numpy_reads_it() -> None:
    data_set = opened("semantic-png", SHARED / "clothing")
    assert (data_set.count, len(data_set.categories), data_set.categories[0].id) == (640, 58, 1)
    for image, _ in zip(data_set.images(), range(10), strict=False):
        labels = np.asarray(Image.open(SHARED / "clothing" / "labels" / f"{image.photo.stem}.png"))
        np.testing.assert_array_equal(painted(image, 0), labels)
        assert image.problems == ()


@pytest.mark.skipif(not (SHARED / "camvid").is_dir(), reason="needs ../shared/data, which is not here")
def test_camvid_needs_names_and_is_read_with_them(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=r"add a labels\.txt"):
        read_semantic_png(SHARED / "camvid", None)
    for name in ("train-labels", "val-labels"):
        (tmp_path / name).symlink_to(SHARED / "camvid" / name)
    (tmp_path / "labels.txt").write_text("\n".join([*(f"kind {i}" for i in range(11)), "null"]))
    data_set = opened("semantic-png", tmp_path, SHARED / "camvid")
    assert data_set.count == 468
    for image, _ in zip(data_set.images(), range(5), strict=False):
        assert (image.split, image.problems) == ("train", ())
        labels = np.asarray(Image.open(SHARED / "camvid" / "train-labels" / f"{image.photo.stem}.png"))
        np.testing.assert_array_equal(painted(image, 11), labels)
