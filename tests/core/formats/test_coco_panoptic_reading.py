"""COCO panoptic, read: the ids of the PNG and of the JSON must agree; where they do not, both are told apart."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from core.annotation.errors import FormatError
from core.annotation.truth import Truth
from core.annotation.views import panoptic_view
from core.formats.coco_panoptic.read import read_coco_panoptic
from core.formats.coco_panoptic.write import write_coco_panoptic
from core.formats.imported import Problem, ReadImage
from tests.core.formats.made_truths import LABELS, export_images, truths
from tests.core.training.made_sets import real_set

HEIGHT, WIDTH = 6, 8
GREAT = 256**3 - 1


def made(folder: Path, **changes: object) -> Path:
    """Image 7 has the segments 1 (left column), 300 and 2^24 − 1 (a row), void elsewhere; image 8 is all void."""
    ids = np.zeros((HEIGHT, WIDTH), dtype=np.int64)
    ids[:, 0], ids[2, 2:5], ids[4, 1:] = 1, 300, GREAT
    infos = [{"id": 1, "category_id": 0}, {"id": GREAT, "category_id": 1}, {"id": 300, "category_id": 0, "iscrowd": 1}]
    content = {
        "images": [
            {"id": 7 + number, "file_name": f"{name}.jpg", "height": HEIGHT, "width": WIDTH}
            for number, name in enumerate("ab")
        ],
        "annotations": [
            {"image_id": 7, "file_name": "a.png", "segments_info": infos},
            {"image_id": 8, "file_name": "b.png", "segments_info": []},
        ],
        "categories": [{"id": 0, "name": "cat", "isthing": 1}, {"id": 1, "name": "grass", "isthing": 0}],
    } | changes
    (folder / "images").mkdir(parents=True, exist_ok=True)
    (folder / "panoptic").mkdir(exist_ok=True)
    for name, values in (("a", ids), ("b", ids * 0)):
        (folder / "images" / f"{name}.jpg").touch()
        pixels = np.stack([values % 256, values // 256 % 256, values // 65_536], axis=2).astype(np.uint8)
        Image.fromarray(pixels).save(folder / "panoptic" / f"{name}.png")
    (folder / "panoptic.json").write_text(json.dumps(content))
    return folder


def read(place: Path) -> tuple[list[ReadImage], dict[str, str]]:
    data_set = read_coco_panoptic(place, None)
    found = list(data_set.images())
    images = [one for one in found if isinstance(one, ReadImage)]
    problems = [one for one in found if isinstance(one, Problem)]
    for image in images:
        problems += image.problems
    return images, {one.item: one.reason for one in (*data_set.problems, *problems)}


def with_infos(folder: Path, *infos: object) -> tuple[list[ReadImage], dict[str, str]]:
    annotation = {"image_id": 7, "file_name": "a.png", "segments_info": list(infos)}
    return read(made(folder, annotations=[annotation]))


def test_ids_kinds_crowds_and_void(tmp_path: Path) -> None:
    data_set = read_coco_panoptic(made(tmp_path), None)
    assert [(one.name, one.is_thing) for one in data_set.categories] == [("cat", True), ("grass", False)]
    assert [data_set.uses(number) for number in (0, 1, 2)] == [True, True, False]
    (first, second), problems = read(tmp_path)
    assert problems == {}
    assert [(one.id, one.category_id, one.crowd, one.mask.area) for one in first.segments] == [
        (1, 0, False, HEIGHT),
        (GREAT, 1, False, WIDTH - 1),
        (300, 0, True, 3),
    ]
    assert first.segments[2].mask.bbox == (2, 2, 3, 1)
    assert (second.segments, second.labelled) == ((), True)


@settings(deadline=None, max_examples=12, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(truths(), min_size=1, max_size=2))
def test_what_is_exported_comes_back_as_its_panoptic_view(some: list[Truth]) -> None:
    with TemporaryDirectory() as place:
        folder = Path(place)
        images = export_images(some)
        write_coco_panoptic(images, LABELS, folder)
        for image in images:
            (folder / image.export_name).touch()
        data_set = read_coco_panoptic(folder, None)
        assert data_set.categories == tuple(LABELS)
        for image, back in zip(images, data_set.images(), strict=True):
            assert isinstance(back, ReadImage)
            view = panoptic_view(image.truth, LABELS)
            assert (back.id, back.problems, back.labelled) == (image.image_id, (), True)
            assert [(one.id, one.category_id, one.crowd) for one in back.segments] == [
                (one.id, one.category_id, one.crowd) for one in view.segments
            ]
            for one in back.segments:
                np.testing.assert_array_equal(one.mask.to_array(), view.ids == one.id)


def test_the_real_sample_agrees_with_its_own_areas_and_boxes() -> None:
    folder = real_set("coco-panoptic-sample")
    images, problems = read(folder)
    assert problems == {}
    entries = json.loads((folder / "panoptic_examples.json").read_text())["annotations"]
    for image, entry in zip(images, entries, strict=True):
        assert [(one.id, one.category_id, one.mask.area, list(one.mask.bbox)) for one in image.segments] == [
            (info["id"], info["category_id"], info["area"], info["bbox"]) for info in entry["segments_info"]
        ]


def test_ids_that_only_one_of_both_has_are_named(tmp_path: Path) -> None:
    good = {"id": 1, "category_id": 0}
    images, problems = with_infos(tmp_path, good, {"id": 5, "category_id": 0}, {"id": GREAT, "category_id": 0}, good)
    assert [one.id for one in images[0].segments] == [1, GREAT]
    assert problems == {
        "segment 5 of 'a.png'": "is in its segments_info, but not in the PNG",
        "segment 1 of 'a.png'": "stands twice in its segments_info; the first counts",
        "segment 300 of 'a.png'": "is in the PNG, with 3 pixels, but not in its segments_info; they are void",
    }
    assert [image.labelled for image in images] == [True, False]


def test_an_id_past_three_bytes_is_known_by_those_that_the_png_has(tmp_path: Path) -> None:
    infos = [{"id": number, "category_id": 0} for number in (2**24 + 1, 300, 2**24 + 300, 2**25 - 1, 2**24)]
    images, problems = with_infos(tmp_path, *infos)
    assert [(one.id, one.mask.area) for one in images[0].segments] == [(2**24 + 1, 6), (300, 3), (2**25 - 1, 7)]
    assert set(problems) == {"segment 16777516 of 'a.png'", "segment 16777216 of 'a.png'"}


@pytest.mark.parametrize(
    ("info", "item", "reason"),
    [
        ({"id": 1, "category_id": 9}, "segment 1 of", "category_id 9, which no category has"),
        ({"id": 0, "category_id": 0}, "segment 0 of", "no whole number above 0"),
        ({"id": "1", "category_id": 0}, "segment '1' of", "no whole number above 0"),
        ({"category_id": 0}, "segment None of", "no whole number above 0"),
        ("text", "segment None of", "no whole number above 0"),
    ],
)
def test_a_bad_segment_is_named_and_the_rest_goes_in(tmp_path: Path, info: object, item: str, reason: str) -> None:
    rest = [{"id": 300, "category_id": 0}, {"id": GREAT, "category_id": 1}]
    images, problems = with_infos(tmp_path, info, *rest)
    assert [one.id for one in images[0].segments] == [300, GREAT]
    assert any(name.startswith(item) and reason in said for name, said in problems.items())


def truncated(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-30])


def resized(path: Path) -> None:
    Image.new("RGB", (3, 3)).save(path)


def grey(path: Path) -> None:
    Image.new("L", (WIDTH, HEIGHT)).save(path)


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [(truncated, "no intact PNG"), (Path.unlink, "is missing"), (resized, "PNG of 3×3, but"), (grey, "colours L")],
)
def test_an_image_whose_png_cannot_be_used_is_not_labelled(tmp_path: Path, spoil, reason: str) -> None:
    place = made(tmp_path)
    spoil(place / "panoptic" / "a.png")
    images, problems = read(place)
    assert [(image.labelled, image.segments) for image in images] == [(False, ()), (True, ())]
    assert list(problems) == ["image 'a.jpg'"]
    assert reason in problems["image 'a.jpg'"]


@pytest.mark.parametrize("name", ["../images/a.png", "/etc/passwd", "C:\\a.png", None, "", 5])
def test_a_png_name_that_leads_out_is_refused(tmp_path: Path, name: object) -> None:
    annotation = {"image_id": 7, "file_name": name, "segments_info": []}
    images, problems = read(made(tmp_path, annotations=[annotation]))
    assert [image.labelled for image in images] == [False, False]
    assert any(words in problems["image 'a.jpg'"] for words in ("leads out", "which is no text"))


def test_splits_in_cocos_own_layout(tmp_path: Path) -> None:
    place = made(tmp_path / "set")
    root = tmp_path / "root"
    (root / "annotations").mkdir(parents=True)
    (place / "panoptic.json").rename(root / "annotations" / "panoptic_val2017.json")
    (place / "panoptic").rename(root / "annotations" / "panoptic_val2017")
    (place / "images").rename(root / "val2017")
    images, problems = read(root)
    assert ([(image.split, len(image.segments)) for image in images], problems) == ([("val", 3), ("val", 0)], {})


def test_what_is_no_panoptic_set_says_what_was_looked_for(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=r"has no panoptic\.json or annotations/panoptic_\*\.json with a folder"):
        read_coco_panoptic(tmp_path, None)
