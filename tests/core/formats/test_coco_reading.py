"""COCO instances, read: equal to what pycocotools makes of the file; each bad item named while the rest goes in."""

from __future__ import annotations

import json
import re
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pycocotools import mask as coco_masks
from pycocotools.coco import COCO

from core.annotation.errors import FormatError
from core.annotation.labels import LabelSet
from core.annotation.mask import Mask
from core.annotation.truth import MAX_SEGMENTS, Truth
from core.formats.coco import index as coco_index
from core.formats.coco.masks import MAX_VERTICES
from core.formats.coco.read import read_coco
from core.formats.coco.write import write_coco_instances
from core.formats.imported import Problem, ReadImage
from tests.core.formats.made_truths import LABELS, export_images, truths
from tests.core.training.made_sets import real_set

HEIGHT, WIDTH = 48, 64
SQUARE = [[4, 4, 20, 4, 20, 20, 4, 20]]


def made(folder: Path, **changes: object) -> Path:
    """Two images with two annotations each; the photos are empty files, which reading never opens."""
    content = {
        "images": [
            {"id": 7 + number, "file_name": f"{name}.jpg", "height": HEIGHT, "width": WIDTH}
            for number, name in enumerate("ab")
        ],
        "annotations": [
            {"id": 10 + number, "image_id": 7 + number // 2, "category_id": number % 2, "segmentation": SQUARE}
            for number in range(4)
        ],
        "categories": [{"id": 0, "name": "zero"}, {"id": 1, "name": "one", "isthing": 0, "color": [1, 2, 3]}],
    } | changes
    (folder / "images").mkdir(parents=True, exist_ok=True)
    for name in "ab":
        (folder / "images" / f"{name}.jpg").touch()
    (folder / "instances.json").write_text(json.dumps(content))
    return folder


def read(place: Path, photos: Path | None = None) -> tuple[list[ReadImage], dict[str, str]]:
    """The images, and the reason of each problem by its item."""
    data_set = read_coco(place, photos)
    found = list(data_set.images())
    assert len(found) == data_set.count
    images = [one for one in found if isinstance(one, ReadImage)]
    problems = [one for one in found if isinstance(one, Problem)]
    for image in images:
        problems += image.problems
    return images, {one.item: one.reason for one in (*data_set.problems, *problems)}


def with_segmentation(folder: Path, segmentation: object, **more: object) -> Path:
    first = {"id": 10, "image_id": 7, "category_id": 0, "segmentation": segmentation} | more
    return made(folder, annotations=[first, {"id": 11, "image_id": 7, "category_id": 1, "segmentation": SQUARE}])


def test_ids_categories_kinds_colours_and_order_come_as_they_stand(tmp_path: Path) -> None:
    data_set = read_coco(made(tmp_path), None)
    assert [(one.id, one.name, one.is_thing) for one in data_set.categories] == [(0, "zero", True), (1, "one", False)]
    assert data_set.categories[1].colour == (1, 2, 3)
    assert [data_set.uses(number) for number in (0, 1, 2)] == [True, True, False]
    first, second = data_set.images()
    assert isinstance(first, ReadImage)
    assert isinstance(second, ReadImage)
    assert (first.id, first.file_name, first.photo) == (7, "a.jpg", tmp_path / "images" / "a.jpg")
    assert (first.size, first.split, first.labelled) == ((HEIGHT, WIDTH), "", True)
    assert [(one.id, one.category_id, one.crowd) for one in second.segments] == [(12, 0, False), (13, 1, False)]


@settings(deadline=None, max_examples=12, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(truths(), min_size=1, max_size=3))
def test_what_is_exported_comes_back_exactly(some: list[Truth]) -> None:
    with TemporaryDirectory() as place:
        folder = Path(place)
        images = export_images(some)
        write_coco_instances(images, LABELS, folder)
        for image in images:
            (folder / image.export_name).touch()
        data_set = read_coco(folder, None)
        assert LabelSet(data_set.categories) == LABELS
        for image, back in zip(images, data_set.images(), strict=True):
            assert isinstance(back, ReadImage)
            assert (back.id, back.file_name, back.problems) == (image.image_id, image.export_name, ())
            expected = [one for one in image.truth.segments if LABELS.find(one.category_id)]
            assert [(one.mask, one.category_id, one.crowd) for one in back.segments] == [
                (one.mask, one.category_id, one.crowd) for one in expected
            ]
            fresh = [Mask(*one.mask.shape, one.mask.counts) for one in back.segments]
            assert [(one.mask.area, one.mask.bbox) for one in back.segments] == [(one.area, one.bbox) for one in fresh]


@pytest.mark.parametrize(
    "name", ["coco-mini", *(pytest.param(name, marks=pytest.mark.long) for name in ("facades", "aerial-buildings"))]
)
def test_real_sets_agree_with_pycocotools(name: str) -> None:
    folder = real_set(name)
    theirs = COCO(str(folder / "instances.json"))
    images, problems = read(folder)
    assert problems == {}
    assert [image.id for image in images] == list(theirs.imgs)
    assert sum(len(image.segments) for image in images) == len(theirs.anns)
    for image in images[:: 1 + len(images) // 20]:
        expected = theirs.imgToAnns[image.id]
        assert [one.id for one in image.segments] == [one["id"] for one in expected]
        assert [one.crowd for one in image.segments] == [bool(one["iscrowd"]) for one in expected]
        for one, their in zip(image.segments, expected, strict=True):
            np.testing.assert_array_equal(one.mask.to_array(), theirs.annToMask(their))


def their_mask(segmentation: object) -> np.ndarray:
    """As `COCO.annToMask` does it."""
    rles = coco_masks.frPyObjects(segmentation, HEIGHT, WIDTH)
    return np.asarray(coco_masks.decode(coco_masks.merge(rles) if isinstance(rles, list) else rles))


DRAWN = {
    "past the edge": [[-3.5, 2, 30, -4, 70.2, 20, 20, 60.5]],
    "several parts, one in another": [[2, 2, 30, 2, 30, 30, 2, 30], [5, 5, 9, 5, 9, 9], [40, 40, 60, 40, 60, 47]],
    "half pixels": [[0.5, 0.5, 63.5, 0.5, 63.5, 47.5, 0.5, 47.5]],
    "crossing itself": [[4, 4, 40, 40, 40, 4, 4, 40]],
    "uncompressed": {"size": [HEIGHT, WIDTH], "counts": [100, 3, 45, 3, HEIGHT * WIDTH - 151]},
    "uncompressed with empty runs": {
        "size": [HEIGHT, WIDTH],
        "counts": [0, 3, 0, 4, 45, 0, 20, 3, HEIGHT * WIDTH - 75, 0],
    },
}


@pytest.mark.parametrize("segmentation", DRAWN.values(), ids=DRAWN)
def test_segmentations_are_drawn_as_pycocotools_draws_them(tmp_path: Path, segmentation: object) -> None:
    images, problems = read(with_segmentation(tmp_path, segmentation, iscrowd=1))
    assert problems == {}
    first = images[0].segments[0]
    assert first.crowd
    np.testing.assert_array_equal(first.mask.to_array(), their_mask(segmentation))


def test_compressed_run_lengths_with_needless_characters_and_runs_become_canonical(tmp_path: Path) -> None:
    plain = Mask.from_runs(HEIGHT, WIDTH, [5, 7, HEIGHT * WIDTH - 12])
    # 5 as two groups, of which the second says nothing.
    longer = chr(48 + 5 + 32) + "0" + plain.counts[1:]
    images, problems = read(with_segmentation(tmp_path, {"size": [HEIGHT, WIDTH], "counts": longer}))
    assert problems == {}
    assert images[0].segments[0].mask == plain


REFUSED = {
    "nothing": (None, "has no mask"),
    "no polygon": ([], "has no mask"),
    "two points": ([[1, 1, 5, 5]], "no polygon with an area"),
    "a line": ([[1, 1, 5, 5, 9, 9]], "empty mask"),
    "odd": ([[1, 1, 5, 5, 9, 9, 3]], "x and y in turn"),
    "texts": ([["1"] * 6], "neither polygons nor RLE"),
    "nested": ([[[1, 1], [5, 5], [9, 1]]], "neither polygons nor RLE"),
    "ragged": ([[1, [2], 3, 4, 5, 6]], "neither polygons nor RLE"),
    "flags": ([[True] * 6], "neither polygons nor RLE"),
    "great numbers": ([[10**30] * 6], "neither polygons nor RLE"),
    "not finite": ([[1, 1, float("nan"), 5, 9, 9]], "not finite"),
    "outside": ([[100, 1, 120, 1, 120, 30]], "lies outside its image"),
    "long outline": ([[1, 1, 1e9, 1, 1e9, 30]], "outline of"),
    "zigzag": ([[1, 1, 60_000, 40] * 30], "outline of"),
    "many points": ([[1, 1] * (MAX_VERTICES + 1)], f"{MAX_VERTICES + 1} polygon points, more than {MAX_VERTICES}"),
    "other size": ({"size": [30, 30], "counts": [900]}, r"size \[30, 30\], but its image has \[48, 64\]"),
    "no size": ({"counts": [900]}, "size None"),
    "no counts": ({"size": [HEIGHT, WIDTH]}, "neither a text nor whole numbers"),
    "fractions": ({"size": [HEIGHT, WIDTH], "counts": [0.5, 3071.5]}, "neither a text nor whole numbers"),
    "below zero": ({"size": [HEIGHT, WIDTH], "counts": [-1, 3073]}, "must be at least 0"),
    "short": ({"size": [HEIGHT, WIDTH], "counts": [5, 5]}, "summing to 10"),
    "oversized": ({"size": [HEIGHT, WIDTH], "counts": [2**62, 2**62]}, "must be at least 0 and sum to 3072"),
    "oversized text": ({"size": [HEIGHT, WIDTH], "counts": "oooooo0" * 3}, "cannot be read"),
    "no RLE text": ({"size": [HEIGHT, WIDTH], "counts": "\x7f日"}, "cannot be read"),
    "cut off text": ({"size": [HEIGHT, WIDTH], "counts": "Po"}, "cannot be read"),
    "empty text": ({"size": [HEIGHT, WIDTH], "counts": ""}, "cannot be read"),
    "empty mask": (Mask.empty(HEIGHT, WIDTH).to_coco(), "empty mask"),
}


@pytest.mark.parametrize(("segmentation", "reason"), REFUSED.values(), ids=REFUSED)
def test_a_bad_mask_is_named_and_the_rest_goes_in(tmp_path: Path, segmentation: object, reason: str) -> None:
    images, problems = read(with_segmentation(tmp_path, segmentation))
    assert list(problems) == ["annotation 10"]
    assert [one.id for one in images[0].segments] == [11]
    assert re.search(reason, problems["annotation 10"])


def test_annotations_under_one_number_are_segments_each(tmp_path: Path) -> None:
    """Some programs number from 0 in each image, or not at all."""
    annotations = [
        {"id": 0, "image_id": image_id, "category_id": category_id, "segmentation": SQUARE}
        for image_id in (7, 8)
        for category_id in (0, 1)
    ]
    images, problems = read(made(tmp_path, annotations=annotations))
    assert [[(one.id, one.category_id) for one in image.segments] for image in images] == [[(0, 0), (0, 1)]] * 2
    assert problems == {}


def test_bad_annotations_are_named_and_the_rest_goes_in(tmp_path: Path) -> None:
    good = {"image_id": 7, "category_id": 0, "segmentation": SQUARE}
    annotations = [
        {**good, "id": 1},
        {**good, "id": 1},
        {**good, "id": 2, "category_id": 99},
        {**good, "id": 3, "category_id": "0"},
        {**good, "id": 4, "category_id": [[]]},
        {**good, "id": 5, "image_id": 99},
        {**good, "id": 6, "image_id": None},
        "text",
        {**good, "id": 10**30},
        {key: good[key] for key in ("image_id", "segmentation")},
        {**good, "id": 9.0},
    ]
    images, problems = read(made(tmp_path, annotations=annotations))
    assert [one.id for one in images[0].segments] == [1, 10**30, 9]
    assert problems == {
        "annotation 1": "stands there twice",
        "annotation 2": "has the category_id 99, which no category has",
        "annotation 3": "has the category_id '0', which no category has",
        "annotation 4": "has the category_id [[]], which no category has",
        "annotation 5": "belongs to no image: no image has its image_id",
        "annotation 6": "belongs to no image: no image has its image_id",
        "annotation number 8": "belongs to no image: no image has its image_id",
        "annotation number 10": "has the category_id None, which no category has",
    }
    assert images[1].labelled


def test_bad_images_and_categories_are_named_and_the_rest_goes_in(tmp_path: Path) -> None:
    size = {"height": HEIGHT, "width": WIDTH}
    entries = [
        {"id": 7, "file_name": "a.jpg", **size},
        {"id": 7, "file_name": "b.jpg", **size},
        {"id": 8, "file_name": "../../etc/passwd", **size},
        {"id": 9, "file_name": "/etc/passwd", **size},
        {"id": 10, "file_name": "absent.jpg", **size},
        {"id": 11, "file_name": 5, **size},
        {"id": 12, "file_name": "b.jpg", "height": 0, "width": 5},
        {"id": 13, "file_name": "b.jpg", "height": 10**6, "width": 10**6},
        {"id": 14, "file_name": "b.jpg"},
        [],
        {"id": "text", "file_name": "b.jpg", **size},
        {"id": 15, "file_name": "bad\ud800.jpg", **size},
    ]
    categories = [{"id": 0, "name": "a"}, {"id": -1, "name": "b"}, {"id": 1}, {"id": 3, "name": "a"}]
    data_set = read_coco(made(tmp_path, images=entries, categories=categories), None)
    found = list(data_set.images())
    images = [one for one in found if isinstance(one, ReadImage)]
    assert [(image.id, image.file_name) for image in images] == [(7, "a.jpg"), (None, "b.jpg")]
    assert [one.category_id for one in images[0].segments] == [0]
    assert [one.name for one in data_set.categories] == ["a", "a"]
    said = [f"{one.item} {one.reason}" for one in (*found, *data_set.problems) if isinstance(one, Problem)]
    for line, expected in zip(said, BAD_ENTRIES, strict=True):
        assert re.search(expected, line), line


BAD_ENTRIES = (
    r"image 'b\.jpg' repeats the id 7",
    r"image '\.\./\.\./etc/passwd' .*leads out",
    r"image '/etc/passwd' .*leads out",
    r"image 'absent\.jpg' .*is not in images/",
    r"image number 6 has the file name 5",
    r"image 'b\.jpg' has the impossible size 5×0",
    r"image 'b\.jpg' is 1000000×1000000 in the file, more than 250000000 pixels",
    r"image 'b\.jpg' has no height, width",
    r"image number 10 has no file_name, height, id, width",
    r"image 'bad\\ud800\.jpg' .*none that a file can have",
    r"category number 2 has no usable id and name \(a category id is 0 or more, got -1",
    r"category number 3 has no usable id and name \(name None",
)


def test_a_text_id_of_an_image_finds_its_annotations(tmp_path: Path) -> None:
    size = {"file_name": "a.jpg", "height": HEIGHT, "width": WIDTH}
    annotation = {"id": 1, "image_id": "x-7", "category_id": 0, "segmentation": SQUARE}
    images, problems = read(made(tmp_path, images=[{"id": "x-7", **size}], annotations=[annotation]))
    assert ([len(image.segments) for image in images], images[0].id, problems) == ([1], None, {})


def test_more_segments_than_an_image_may_have_are_counted(tmp_path: Path) -> None:
    annotation = {"image_id": 7, "category_id": 0, "segmentation": SQUARE}
    annotations = [{**annotation, "id": number} for number in range(MAX_SEGMENTS + 3)]
    images, problems = read(made(tmp_path, annotations=annotations))
    assert [one.id for one in images[0].segments] == list(range(MAX_SEGMENTS))
    assert list(problems) == ["image 'a.jpg'"]
    assert f"has {MAX_SEGMENTS + 3} annotations" in problems["image 'a.jpg'"]


def test_annotations_of_no_image_are_listed_up_to_a_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(coco_index, "MAX_LISTED", 2)
    annotations = [{"id": number, "image_id": 99} for number in range(7)]
    _, problems = read(made(tmp_path, annotations=annotations))
    assert list(problems) == ["annotation 0", "annotation 1", "5 more annotations"]


def test_images_are_labelled_unless_nobody_annotated_any_or_all_their_masks_are_bad(tmp_path: Path) -> None:
    images, _ = read(made(tmp_path / "none", annotations=[]))
    assert [image.labelled for image in images] == [False, False]
    bad = {"id": 1, "image_id": 7, "category_id": 0, "segmentation": []}
    images, _ = read(made(tmp_path / "bad", annotations=[bad]))
    assert [image.labelled for image in images] == [False, True]


def test_several_files_are_splits_in_cocos_own_layout(tmp_path: Path) -> None:
    content = json.loads((made(tmp_path / "one") / "instances.json").read_text())
    root = tmp_path / "root"
    (root / "annotations").mkdir(parents=True)
    for name in ("train2017", "val2017"):
        (root / "annotations" / f"instances_{name}.json").write_text(json.dumps(content))
        (root / name).mkdir()
        for letter in "ab":
            (root / name / f"{letter}.jpg").touch()
    images, problems = read(root)
    assert problems == {}
    assert [(image.split, image.photo.parent.name) for image in images] == [("train", "train2017")] * 2 + [
        ("val", "val2017")
    ] * 2
    content["categories"][0]["name"] = "other"
    (root / "annotations" / "instances_val2017.json").write_text(json.dumps(content))
    with pytest.raises(FormatError, match=r"_train2017\.json and annotations/instances_val2017\.json have"):
        read_coco(root, None)


@pytest.mark.parametrize(
    ("json_place", "photo_place", "split"),
    [
        ("instances.json", "images/a.jpg", ""),
        ("instances.json", "a.jpg", ""),
        ("anything.json", "images/a.jpg", ""),
        ("annotations/instances_default.json", "images/default/a.jpg", ""),
        ("annotations/instances_val.json", "images/val/a.jpg", "val"),
        ("annotations/instances_val2017.json", "val2017/a.jpg", "val"),
        ("valid/_annotations.coco.json", "valid/a.jpg", "val"),
        ("annotations/train.json", "images/a.jpg", "train"),
    ],
)
def test_layouts(tmp_path: Path, json_place: str, photo_place: str, split: str) -> None:
    content = json.loads((made(tmp_path / "one") / "instances.json").read_text())
    content["images"] = content["images"][:1]
    content["annotations"] = content["annotations"][:2]
    root = tmp_path / "root"
    for place in (json_place, photo_place):
        (root / place).parent.mkdir(parents=True, exist_ok=True)
    (root / json_place).write_text(json.dumps(content))
    (root / photo_place).touch()
    for place in (root, root / json_place):
        images, problems = read(place)
        assert ([(one.photo, one.split) for one in images], problems) == ([(root / photo_place, split)], {})


def test_photos_may_lie_in_a_folder_of_their_own(tmp_path: Path) -> None:
    place = made(tmp_path / "set")
    (place / "images").rename(tmp_path / "elsewhere")
    assert [image.photo.parent for image in read(place, tmp_path / "elsewhere")[0]] == [tmp_path / "elsewhere"] * 2
    assert read(place)[0] == []


def test_what_is_no_coco_says_what_was_looked_for(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=r"there is no .*absent; give the data set's folder or its JSON file"):
        read_coco(tmp_path / "absent", None)
    with pytest.raises(
        FormatError, match=r"has no instances\.json, annotations/instances_\*\.json or another COCO file"
    ):
        read_coco(tmp_path, None)
    (tmp_path / "instances.json").write_text("{}")
    with pytest.raises(FormatError, match="lacks a list of 'annotations'"):
        read_coco(tmp_path, None)


def test_a_link_out_of_the_data_set_is_refused(tmp_path: Path) -> None:
    secret = tmp_path / "secret.jpg"
    secret.touch()
    place = made(tmp_path / "set")
    (place / "images" / "a.jpg").unlink()
    (place / "images" / "a.jpg").symlink_to(secret)
    images, problems = read(place)
    assert [image.file_name for image in images] == ["b.jpg"]
    assert "leads out of its folder through a link" in problems["image 'a.jpg'"]


def test_a_file_that_changes_while_it_is_read_is_named(tmp_path: Path) -> None:
    data_set = read_coco(made(tmp_path), None)
    (tmp_path / "instances.json").write_text("{}")
    with pytest.raises(FormatError, match=r"instances\.json was changed or removed"):
        list(data_set.images())


def with_photos(folder: Path, files: list[str], *names: str) -> Path:
    images = [{"id": n, "file_name": name, "height": HEIGHT, "width": WIDTH} for n, name in enumerate(names)]
    made(folder, images=images, annotations=[])
    for file in files:
        (folder / file).parent.mkdir(exist_ok=True)
        (folder / file).touch()
    return folder


def test_a_photo_with_the_same_last_part_is_not_taken_for_another(tmp_path: Path) -> None:
    images, problems = read(with_photos(tmp_path / "two", ["images/1.png"], "cam2/1.png", "cam1/1.png"))
    assert images == []
    assert [reason[:19] for reason in problems.values()] == ["'cam2/1.png' is not", "'cam1/1.png' is not"]
    images, problems = read(with_photos(tmp_path / "there", ["images/1.png", "cam2/2.png"], "cam2/1.png"))
    assert (images, list(problems)) == ([], ["image 'cam2/1.png'"])


def test_a_photo_that_is_elsewhere_and_alone_is_taken_with_a_remark(tmp_path: Path) -> None:
    folder = with_photos(tmp_path, ["images/1.png", "cam1/2.png"], "cam2/1.png", "images/a.jpg", "deep/cam1/2.png")
    first, second, third = read_coco(folder, None).images()
    assert isinstance(first, ReadImage)
    assert isinstance(second, ReadImage)
    assert isinstance(third, Problem)
    (remark,) = first.problems
    assert (str(remark), remark.taken, first.photo) == (
        "instances.json: image 'cam2/1.png' is not where the file says; images/1.png was taken",
        True,
        folder / "images" / "1.png",
    )
    assert (second.problems, second.photo) == ((), folder / "images" / "a.jpg")


def test_one_name_in_two_cameras_is_found_in_the_folder_of_its_camera(tmp_path: Path) -> None:
    folder = with_photos(tmp_path, ["cam1/1.png"], "cam1/1.png", "cam2/1.png")
    images, problems = read(folder / "instances.json", folder / "cam1")
    assert [image.photo for image in images] == [folder / "cam1" / "1.png"]
    assert list(problems) == ["image 'cam2/1.png'"]


def test_a_split_of_an_image_wins_over_the_name_of_its_file(tmp_path: Path) -> None:
    made(tmp_path)
    content = json.loads((tmp_path / "instances.json").read_text())
    content["images"][0]["split"] = "validation"
    content["images"][1]["split"] = 7
    (tmp_path / "instances_train2017.json").write_text(json.dumps(content))
    images, problems = read(tmp_path / "instances_train2017.json")
    assert ([image.split for image in images], problems) == (["val", "train"], {})


def test_files_of_one_name_are_told_apart(tmp_path: Path) -> None:
    for split in ("train", "valid"):
        made(tmp_path / split, images=[])
        (tmp_path / split / "instances.json").rename(tmp_path / split / "_annotations.coco.json")
    problems = read_coco(tmp_path, None).problems
    assert {problem.file for problem in problems} == {"train/_annotations.coco.json", "valid/_annotations.coco.json"}
