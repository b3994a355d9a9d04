import json
import re
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pycocotools import mask as coco_masks
from pycocotools.coco import COCO

from core.annotation.errors import FormatError, TrainingError
from core.annotation.mask import Mask
from core.formats.coco.json_slices import Slices, scan
from core.training.data.coco import mask_of
from core.training.data.sources import SourceConfig, read_data_set
from tests.core.training import made_sets as made


def changed_set(folder, change):
    """The made set with its JSON changed in place by `change`."""
    made.coco_set(folder)
    path = folder / "instances.json"
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))
    return folder


def read_changed(folder, change, **settings):
    data_set = read_data_set(changed_set(folder, change), SourceConfig(**settings))
    return data_set, {one.item: one.reason for one in data_set.skipped}


def set_segmentation(segmentation):
    return lambda content: content["annotations"][0].update(segmentation=segmentation)


FAULTY = {
    "no mask": ([], "has no mask"),
    "two points": ([[1, 1, 5, 5]], "no polygon with an area"),
    "a line": ([[1, 1, 5, 5, 9, 9]], "no polygon with an area"),
    "odd count": ([[1, 1, 5, 5, 9, 9, 3]], "x and y in turn"),
    "texts": ([["a"] * 6], "neither polygons nor RLE"),
    "number": (7, "has no mask"),
    "nested": ([[[1, 1], [5, 5], [9, 1], [1, 2], [3, 4], [5, 6]]], "x and y in turn"),
    "infinite": ([[1, 1, 1e999, 5, 9, 9]], "not finite"),
    "outside": ([[100, 1, 120, 1, 120, 30]], "lies outside its photo"),
    "left of it": ([[-20, 1, -5, 1, -5, 30]], "lies outside its photo"),
    "huge": ([[1, 1, 1e9, 1, 1e9, 30]], "reaches far outside"),
    "other size": (Mask.from_array(np.ones((30, 30), dtype=bool)).to_coco(), "is 30×30, but its photo is 64×48"),
    "empty": (Mask.empty(48, 64).to_coco(), "has no mask"),
    "short": ({"size": [48, 64], "counts": [5, 5]}, "cannot be read"),
    "garbage": ({"size": [48, 64], "counts": "\x7f"}, "cannot be read"),
}


@pytest.mark.parametrize(("segmentation", "reason"), FAULTY.values(), ids=FAULTY)
def test_a_segment_that_cannot_be_used_is_skipped_by_name(tmp_path, segmentation, reason):
    data_set, skipped = read_changed(tmp_path, set_segmentation(segmentation))
    assert list(skipped) == ["annotation 1"]
    assert reason in skipped["annotation 1"]
    assert len(data_set.images) == 6
    assert [one.category for one in data_set.images[0].readers[0]().masks] == ["gizmo"]


def test_an_image_with_a_skipped_segment_is_not_complete(tmp_path):
    data_set, _ = read_changed(tmp_path, set_segmentation([]), complete=True)
    assert [image.readers[0]().complete for image in data_set.images] == [False] + [True] * 5


def test_a_polygon_is_drawn_as_pycocotools_draws_it_even_past_the_edge(tmp_path):
    polygons = [[-3.5, 2, 30, -4, 70.2, 20, 20, 60.5], [1, 1, 1, 5, 5, 5], [0, 0, 1, 1]]
    data_set, skipped = read_changed(tmp_path, set_segmentation(polygons))
    assert skipped == {}
    expected = coco_masks.decode(coco_masks.merge(coco_masks.frPyObjects(polygons[:2], 48, 64)))
    np.testing.assert_array_equal(data_set.images[0].readers[0]().masks[0].mask.to_array(), expected)


def test_photos_that_cannot_be_used_are_skipped_by_name(tmp_path):
    def change(content):
        images = content["images"]
        images[0]["file_name"] = "../../secret.png"
        images[1]["file_name"] = "absent.png"
        images[2]["height"] = 49
        images[3]["id"] = 4
        del images[5]["width"]

    made.write_photo(tmp_path / "secret.png")
    data_set, skipped = read_changed(tmp_path / "set", change)
    assert [image.path.name for image in data_set.images] == ["3.png"]
    reasons = {item: reason for item, reason in skipped.items() if item.startswith("photo")}
    assert reasons == {
        "photo '../../secret.png'": "is not in images/",
        "photo 'absent.png'": "is not in images/",
        "photo images/2.png": "is 64×48, but 64×49 in the set's JSON",
        "photo '4.png'": "repeats the id 4",
        "photo '5.png'": "has no width in the file",
    }
    assert sum("belongs to no usable photo" in reason for reason in skipped.values()) == 9


@pytest.mark.parametrize(
    "name", ["0.png", "./0.png", "train2017/0.png", "C:\\photos\\0.png", "/data/0.png", "a/../0.png"]
)
def test_a_photo_is_found_by_its_name_wherever_the_file_puts_it(tmp_path, name):
    data_set, skipped = read_changed(tmp_path, lambda content: content["images"][0].update(file_name=name))
    assert skipped == {}
    assert data_set.images[0].path == tmp_path / "images" / "0.png"


def test_a_photo_in_a_folder_of_the_images_folder_is_taken_from_there(tmp_path):
    made.write_photo(tmp_path / "images" / "deep" / "0.png", seed=99)
    data_set, _ = read_changed(tmp_path, lambda content: content["images"][0].update(file_name="deep/0.png"))
    assert data_set.images[0].path == tmp_path / "images" / "deep" / "0.png"


@pytest.mark.parametrize("name", ["", "..", "/", "x" * 5000, "a\0b", None, 7, ["a"]])
def test_a_hostile_photo_name_is_skipped(tmp_path, name):
    data_set, skipped = read_changed(tmp_path, lambda content: content["images"][0].update(file_name=name))
    assert len(data_set.images) == 5
    assert sum(item.startswith("photo") for item in skipped) == 1


def test_categories_that_clash_are_skipped_by_name(tmp_path):
    def change(content):
        content["categories"] += [
            {"id": 3, "name": "dog"},
            {"id": 3, "name": "cat"},
            {"id": 8, "name": "cat"},
            {"id": 9, "name": "  "},
            {"name": "no id"},
            "nothing",
        ]
        content["annotations"][1]["category_id"] = 8
        content["annotations"][3]["category_id"] = 77

    data_set, skipped = read_changed(tmp_path, change)
    assert [(category.id, category.name) for category in data_set.categories] == [(3, "cat"), (5, "gizmo")]
    assert [one.category for one in data_set.images[0].readers[0]().masks] == ["cat", "cat"]
    assert [one.category for one in data_set.images[1].readers[0]().masks] == [None, "gizmo"]
    assert skipped["category 'dog'"] == "has the id 3 of 'cat', which counts"
    assert skipped["category 77"] == "is not among the categories: 1 masks of it have no name"
    assert {"category number 6", "category number 7", "category number 8"} < set(skipped)


@pytest.mark.parametrize(
    ("category", "said"),
    [
        ({"id": 2**31, "name": "far"}, "id 2147483648"),
        ({"id": 10**30, "name": "far"}, "id 1000"),
        ({"id": 9.5, "name": "half"}, r"id 9\.5"),
        ({"id": float("nan"), "name": "none"}, "id nan"),
        ({"id": True, "name": "yes"}, "id True"),
        ({"id": 9, "name": None}, "name None"),
        ({"id": 9, "name": ["a"]}, "name"),
    ],
)
def test_a_category_without_a_usable_id_or_name_is_skipped(tmp_path, category, said):
    data_set, skipped = read_changed(tmp_path, lambda content: content["categories"].append(category))
    assert [one.name for one in data_set.categories] == ["cat", "gizmo"]
    assert re.search(f"has no usable id and name .*{said}", skipped["category number 3"])


def test_whole_numbers_may_be_written_with_a_point(tmp_path):
    def float_all(content):
        for entry in [*content["images"], *content["annotations"], *content["categories"]]:
            entry.update({name: float(value) for name, value in entry.items() if type(value) is int})

    plain = read_data_set(made.coco_set(tmp_path / "plain"), SourceConfig())
    data_set, skipped = read_changed(tmp_path / "floats", float_all)
    assert (data_set.categories, skipped) == (plain.categories, {})
    assert all(type(category.id) is int for category in data_set.categories)
    for image, other in zip(data_set.images, plain.images, strict=True):
        assert image.readers[0]() == other.readers[0]()


def test_a_flag_is_set_by_one_or_true_alone(tmp_path):
    def flag(content):
        for entry, value in zip(content["annotations"][:4], ("0", 1, True, None), strict=True):
            entry["iscrowd"] = value

    data_set, _ = read_changed(tmp_path, flag)
    first, second = (image.readers[0]() for image in data_set.images[:2])
    assert (len(first.masks), len(second.masks)) == (1, 2)


def test_an_image_without_a_mask_is_used_when_the_labels_are_complete(tmp_path):
    def change(content):
        content["annotations"] = [one for one in content["annotations"] if one["image_id"] != 2]

    data_set, skipped = read_changed(tmp_path / "partial", change)
    assert len(data_set.images) == 5
    assert skipped == {"photo '2.png'": "has no mask and is not completely labelled"}
    data_set, skipped = read_changed(tmp_path / "complete", change, complete=True)
    assert skipped == {}
    labels = data_set.images[2].readers[0]()
    assert (labels.masks, labels.complete) == ((), True)


def test_one_category_is_enough(tmp_path):
    def change(content):
        content["categories"] = content["categories"][:1]
        for entry in content["annotations"]:
            entry["category_id"] = 3

    data_set, skipped = read_changed(tmp_path, change)
    assert ([category.name for category in data_set.categories], skipped) == (["cat"], {})


def test_a_file_that_changes_later_is_named(tmp_path):
    image = read_data_set(made.coco_set(tmp_path), SourceConfig()).images[0]
    (tmp_path / "instances.json").write_text("{}")
    with pytest.raises(FormatError, match=r"instances\.json was changed or removed"):
        image.readers[0]()


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=150, deadline=None)
@given(
    content=st.dictionaries(st.text(max_size=5), json_values, max_size=4),
    items=st.lists(json_values, max_size=5),
    ascii_only=st.booleans(),
    indent=st.sampled_from([None, 1]),
    mark=st.sampled_from([b"", b"\xef\xbb\xbf"]),
)
def test_items_are_read_again_alone(tmp_path_factory, content, items, ascii_only, indent, mark):
    path = tmp_path_factory.getbasetemp() / "some.json"
    whole = {**content, "annotations": items, "last": 1}
    path.write_bytes(mark + json.dumps(whole, ensure_ascii=ascii_only, indent=indent).encode())
    bounds = []
    rest = scan(path, {"annotations": lambda _, first, last: bounds.append((first, last))})
    assert rest == {name: value for name, value in whole.items() if name != "annotations"}
    rows = np.arange(len(items))[::-1]
    assert Slices(path, np.array(bounds, dtype=np.int64).reshape(-1, 2)).load(rows) == items[::-1]


@pytest.mark.parametrize(
    "text", ['{"annotations": [1 2]}', '{"annotations": [1,', '{"annotations" [1]}', '{"annotations']
)
def test_broken_json_is_named(tmp_path, text):
    (tmp_path / "instances.json").write_text(text)
    with pytest.raises(FormatError, match=r"instances\.json is no JSON"):
        scan(tmp_path / "instances.json", {"annotations": lambda *_: None})


@pytest.mark.parametrize("name", ["coco-mini", "facades"])
def test_real_sets_agree_with_pycocotools(name):
    folder = made.real_set(name)
    data_set = read_data_set(folder, SourceConfig())
    theirs = COCO(str(folder / "instances.json"))
    by_name = {entry["file_name"]: number for number, entry in theirs.imgs.items()}
    segments = 0
    for image in data_set.images[::7]:
        labels = image.readers[0]()
        annotations = theirs.imgToAnns[by_name[image.path.name]]
        expected = [one for one in annotations if not one["iscrowd"] and theirs.annToMask(one).any()]
        segments += len(expected)
        assert [one.category for one in labels.masks] == [theirs.cats[one["category_id"]]["name"] for one in expected]
        for one, their in zip(labels.masks, expected, strict=True):
            np.testing.assert_array_equal(one.mask.to_array(), theirs.annToMask(their))
    assert segments > 200


def test_something_else_than_a_segmentation_is_refused():
    with pytest.raises(TrainingError, match="neither polygons nor RLE"):
        mask_of("polygon", 5, 5)


MEASURE = """
import resource, sys, pickle, gc, tracemalloc
from pathlib import Path
from core.training.data.sources import SourceConfig, read_data_set
tracemalloc.start()
data_set = read_data_set(Path(sys.argv[1]), SourceConfig())
gc.collect()
print(tracemalloc.get_traced_memory()[0], len(pickle.dumps(data_set.images)))
"""


@pytest.mark.parametrize("count", [3_000, pytest.param(50_000, marks=pytest.mark.long)])
def test_what_is_kept_of_a_segment_does_not_depend_on_its_size(tmp_path, count):
    """50,000 segments of 200 points are 100 MB of JSON."""
    kept = []
    for points in (4, 200):
        folder = many_segments(tmp_path / str(points), count=count, points=points)
        out = subprocess.run([sys.executable, "-c", MEASURE, str(folder)], capture_output=True, text=True, check=True)
        kept.append([int(number) for number in out.stdout.split()])
    (few, few_pickled), (many, many_pickled) = kept
    # 16 bytes for a segment's place in the file, 8 for its row, and what an image and the imports take.
    assert many < 1.05 * few
    assert few < 3_000_000 + 40 * count
    assert many_pickled < 1.05 * few_pickled < 50_000 + 40 * count


def many_segments(folder, *, count, points):
    made.write_photo(folder / "images" / "a.png", height=48, width=64)
    angle = np.linspace(0, 2 * np.pi, points, endpoint=False)
    polygon = np.round(np.stack([32 + 20 * np.cos(angle), 24 + 20 * np.sin(angle)], axis=1).ravel(), 1).tolist()
    images = []
    for number in range(50):
        name = f"{number}.png"
        (folder / "images" / name).symlink_to(folder / "images" / "a.png")
        images.append({"id": number, "file_name": name, "height": 48, "width": 64})
    annotations = [
        {"id": number, "image_id": number % 50, "category_id": 1, "segmentation": [polygon]} for number in range(count)
    ]
    content = {"images": images, "annotations": annotations, "categories": [{"id": 1, "name": "disc"}]}
    (folder / "instances.json").write_text(json.dumps(content))
    return folder
