"""Cityscapes: the maps by Pillow and the set's own arithmetic, and read back."""

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
from core.annotation.truth import Truth
from core.annotation.views import panoptic_view
from core.formats.cityscapes.labels import CATEGORIES
from core.formats.cityscapes.read import read_cityscapes
from core.formats.imported import Problem, ReadImage
from tests.core.formats.label_map_sets import export, opened, png, problems_of, whole, write_tree
from tests.core.formats.made_truths import boxes_truth, export_images, truths

LABELS = LabelSet.of(
    [
        Category(65, "person", True, (200, 10, 10)),
        Category(1, "cat, {brown}", True, (10, 200, 10)),
        Category(9, "grass", False, (10, 120, 10)),
        Category(30, "Himmel ü", False, (100, 150, 255)),
    ]
)
NEW_IDS = {7: 65, 0: 1, 900: 9, 3: 30}
START = "gtFine/train/photos/photo 1_gtFine"


@st.composite
def fitting_truths(draw: st.DrawFn) -> Truth:
    """Truths with ids that the format has."""
    truth = draw(truths())
    segments = tuple(replace(one, category_id=NEW_IDS.get(one.category_id, one.category_id)) for one in truth.segments)
    return replace(truth, segments=segments)


def pixels(path: Path, mode: str) -> np.ndarray:
    with Image.open(path) as picture:
        assert picture.mode == mode
        return np.asarray(picture).astype(int)


def parts_of(image: ReadImage) -> set[tuple[int | None, bool, str]]:
    return {(segment.category_id, segment.crowd, segment.mask.counts) for segment in image.segments}


@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.too_slow])
@given(truth=fitting_truths())
def test_the_maps_hold_the_panoptic_view(truth: Truth, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("set")
    export("cityscapes", export_images([truth]), LABELS, folder)
    instances = pixels(folder / f"{START}_instanceIds.png", "I;16")
    labels = pixels(folder / f"{START}_labelIds.png", "L")
    training = pixels(folder / f"{START}_labelTrainIds.png", "L")
    np.testing.assert_array_equal(labels, np.where(instances < 1000, instances, instances // 1000))
    np.testing.assert_array_equal(training, np.vectorize({65: 0, 1: 1, 9: 2, 30: 3, 0: 255}.get)(labels))
    # Two maps are the same parts when their values pair off one to one; stuff and its crowds are one part here.
    view = panoptic_view(truth, LABELS)
    meaning = {0: (0, False)}
    for part in view.segments:
        meaning[part.id] = (part.category_id, part.id if part.is_thing and not part.crowd else 0)
    expected = [meaning[number] for number in view.ids.ravel().tolist()]
    pairs = set(zip(expected, instances.ravel().tolist(), strict=True))
    assert len(pairs) == len({one for one, _ in pairs}) == len({value for _, value in pairs})
    for (category, thing), value in pairs:
        assert value // 1000 == category if thing else value == category


@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.too_slow])
@given(truth=fitting_truths())
def test_what_is_exported_comes_back(truth: Truth, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("set")
    export("cityscapes", export_images([truth]), LABELS, folder)
    data_set = opened("cityscapes", folder)
    assert data_set.categories == LABELS.categories
    (image,) = whole(data_set)
    assert (image.file_name, image.split, image.size) == ("photo 1.jpg", "train", (truth.height, truth.width))
    plain = replace(
        truth, segments=tuple(replace(one, crowd=one.crowd and one.category_id in (65, 1)) for one in truth.segments)
    )
    view = panoptic_view(plain, LABELS)
    masks = {part.id: view.ids == part.id for part in view.segments}
    back = {(part.category_id, part.crowd, masks[part.id].tobytes()) for part in view.segments}
    assert back == {(one.category_id, one.crowd, one.mask.to_array().tobytes("C")) for one in image.segments}


def test_names_of_cities_keep_their_folder(tmp_path: Path) -> None:
    (image,) = export_images([boxes_truth(1, 1, (1, 9, (0, 0, 1, 1)))])
    export("cityscapes", [replace(image, export_name="bad-honnef_000001_000019.png", split="val")], LABELS, tmp_path)
    start = "val/bad-honnef/bad-honnef_000001_000019"
    assert (tmp_path / f"leftImg8bit/{start}_leftImg8bit.png").is_file()
    assert (tmp_path / f"gtFine/{start}_gtFine_instanceIds.png").is_file()
    (back,) = whole(opened("cityscapes", tmp_path / "gtFine"))
    assert (back.file_name, back.split) == ("bad-honnef_000001_000019.png", "val")


def test_losses_are_counted(tmp_path: Path) -> None:
    truth = boxes_truth(
        4,
        4,
        (1, 9, (0, 0, 1, 4)),
        (2, 9, (1, 0, 2, 4)),
        (3, 65, (0, 0, 1, 1)),
        (4, 1, (0, 0, 1, 1)),
        (5, 65, (2, 0, 3, 1)),
        (6, None, (3, 3, 4, 4)),
    )
    segments = tuple(replace(one, crowd=one.id in (2, 5)) for one in truth.segments)
    report = export("cityscapes", export_images([replace(truth, segments=segments)]), LABELS, tmp_path)
    assert (report.segments, {loss.kind: loss.count for loss in report.losses}) == (
        3,
        {"unlabelled": 1, "hidden": 1, "covered": 1, "merged": 1, "crowd": 1, "void": 7},
    )


@pytest.mark.parametrize(
    ("category", "message"),
    [(66, "has the id 66, over 65, the highest of Cityscapes"), (0, "has the id 0, which is void in Cityscapes")],
)
def test_an_id_beyond_the_format_is_refused(category: int, message: str, tmp_path: Path) -> None:
    labels = LabelSet.of([Category(category, "far", False, (0, 0, 0))])
    with pytest.raises(FormatError, match=message):
        export("cityscapes", [], labels, tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("category", "most"), [(1, 999), (65, 536)])
def test_more_instances_than_the_format_has_are_refused(category: int, most: int, tmp_path: Path) -> None:
    boxes = [(i + 1, category, (i // 40, i % 40, i // 40 + 1, i % 40 + 1)) for i in range(most + 1)]
    fits, beyond = boxes_truth(40, 40, *boxes[:-1]), boxes_truth(40, 40, *boxes)
    export("cityscapes", export_images([fits]), LABELS, tmp_path)
    assert len(whole(opened("cityscapes", tmp_path))[0].segments) == most
    (tmp_path / "beyond").mkdir()
    with pytest.raises(FormatError, match=f"photo 1.jpg: {most + 1} segments of '.*', more than the {most} that"):
        export("cityscapes", export_images([beyond]), LABELS, tmp_path / "beyond")


def test_the_set_as_it_is_published(tmp_path: Path) -> None:
    start = "train/aachen/aachen_000000_000019"
    files = {
        f"gtFine/{start}_gtFine_instanceIds.png": png([[7, 26, 26000, 26001, 0, 3]], "I;16"),
        f"gtFine/{start}_gtFine_labelIds.png": png([[7, 26, 26, 26, 0, 3]]),
        f"gtFine/{start}_gtFine_polygons.json": b"{}",
        f"leftImg8bit/{start}_leftImg8bit.png": b"",
        "leftImg8bit/test/berlin/berlin_000000_000001_leftImg8bit.png": b"",
    }
    data_set = opened("cityscapes", write_tree(tmp_path, files))
    assert data_set.categories == CATEGORIES
    assert sorted(c.id for c in CATEGORIES if c.is_thing) == list(range(24, 34))
    berlin, aachen = sorted(whole(data_set), key=lambda image: image.labelled)
    assert (berlin.labelled, berlin.split) == (False, "test")
    assert [(one.category_id, one.crowd, one.id, one.mask.area) for one in aachen.segments] == [
        (3, False, 3, 1),
        (7, False, 7, 1),
        (26, True, 26, 1),
        (26, False, 26000, 1),
        (26, False, 26001, 1),
    ]


def test_own_labels_of_the_set_keep_their_train_ids(tmp_path: Path) -> None:
    labels = LabelSet.of([CATEGORIES[6], CATEGORIES[25], CATEGORIES[3]])
    truth = boxes_truth(1, 4, (1, 7, (0, 0, 1, 1)), (2, 26, (0, 1, 1, 2)), (3, 4, (0, 2, 1, 3)))
    export("cityscapes", export_images([truth]), labels, tmp_path)
    assert pixels(tmp_path / f"{START}_labelTrainIds.png", "L").tolist() == [[0, 13, 255, 255]]


def test_categories_alone_make_things_groups(tmp_path: Path) -> None:
    files = {"gtFine/val/x/a_gtFine_labelIds.png": png([[26, 7]]), "leftImg8bit/val/x/a_leftImg8bit.jpg": b""}
    (image,) = whole(opened("cityscapes", write_tree(tmp_path, files)))
    assert parts_of(image) == {(26, True, image.segments[1].mask.counts), (7, False, image.segments[0].mask.counts)}


def test_maps_that_do_not_agree_are_told(tmp_path: Path) -> None:
    files = {
        "gtFine/val/x/a_gtFine_instanceIds.png": png([[26001, 7, 40, 40]], "I;16"),
        "gtFine/val/x/a_gtFine_labelIds.png": png([[25, 7, 40, 41]]),
        "gtFine/val/x/b_gtFine_instanceIds.png": png([[26001, 7]], "I;16"),
        "gtFine/val/x/b_gtFine_labelIds.png": png([[26], [7]]),
        **{f"leftImg8bit/val/x/{name}_leftImg8bit.jpg": b"" for name in "ab"},
    }
    data_set = opened("cityscapes", write_tree(tmp_path, files))
    first, second = data_set.images()
    assert isinstance(first, ReadImage)
    assert [(one.category_id, one.mask.area) for one in first.segments] == [(7, 1), (26, 1)]
    assert problems_of(data_set) == [
        "gtFine/val/x/a: has another category in a_gtFine_labelIds.png at 2 pixels; the instance ids were taken",
        "gtFine/val/x/a: id 40 is not in labels.json or Cityscapes' labels: its 2 pixels are left void",
        "gtFine/val/x/b: is 2×1, but 1×2 in b_gtFine_labelIds.png; take intact copies",
    ]
    assert isinstance(second, Problem)


def test_what_is_no_set_is_told_why(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=r"has no gtFine/SPLIT/CITY/NAME_gtFine_instanceIds\.png"):
        read_cityscapes(tmp_path, None)
