import json

import cv2
import numpy as np
import pytest

from core.annotation.errors import FormatError, TrainingError
from core.annotation.labels import Category, LabelSet
from core.annotation.mask import Mask
from core.annotation.truth import Progress, Segment, Source, Truth
from core.formats.coco.write import write_coco_instances
from core.formats.coco_panoptic.write import write_coco_panoptic
from core.formats.exported import ExportImage
from core.formats.semantic_png.write import write_semantic_png
from core.training.data.sources import SourceConfig, read_data_set
from tests.core.training import made_sets as made

DEFAULT = SourceConfig()


def first_labels(folder, config=DEFAULT):
    return read_data_set(folder, config).images[0].readers[0]()


def skipped_of(folder, config=DEFAULT):
    return {one.item: one.reason for one in read_data_set(folder, config).skipped}


def test_panoptic_segments_crowds_and_void(tmp_path):
    data_set = read_data_set(made.panoptic_set(tmp_path), DEFAULT)
    assert (data_set.format, data_set.unnamed) == ("panoptic", "any")
    assert [(c.name, c.is_thing) for c in data_set.categories] == [("grass", False), ("cat", True)]
    labels = data_set.images[0].readers[0]()
    assert labels.complete
    assert [one.category for one in labels.masks] == ["grass", "cat"]
    np.testing.assert_array_equal(labels.masks[1].mask.to_array(), made.box(40, 40, 0, 0, 10, 10))
    unknown = made.box(40, 40, 0, 30, 10, 40) | made.box(40, 40, 30, 0, 40, 10) | made.box(40, 40, 30, 30, 40, 40)
    np.testing.assert_array_equal(labels.ignored.to_array(), unknown)
    np.testing.assert_array_equal(labels.masks[0].mask.to_array(), ~unknown & ~labels.masks[1].mask.to_array())


def test_the_panoptic_sample_agrees_with_its_own_areas_and_boxes():
    folder = made.real_set("coco-panoptic-sample")
    data_set = read_data_set(folder, DEFAULT)
    assert (len(data_set.images), len(data_set.categories), data_set.skipped) == (2, 133, ())
    content = json.loads((folder / "panoptic_examples.json").read_text())
    names = {one["id"]: one["name"] for one in content["categories"]}
    annotations = {one["file_name"].partition(".")[0]: one["segments_info"] for one in content["annotations"]}
    for image in data_set.images:
        labels = image.readers[0]()
        segments = [one for one in annotations[image.path.stem] if not one["iscrowd"]]
        assert [(one.category, one.mask.area, list(one.mask.bbox)) for one in labels.masks] == [
            (names[one["category_id"]], one["area"], one["bbox"]) for one in segments
        ]
        covered = sum(one.mask.area for one in labels.masks) + labels.ignored.area
        assert covered == labels.ignored.height * labels.ignored.width


def test_panoptic_images_and_labels_that_miss_each_other_are_named(tmp_path):
    path = made.panoptic_set(tmp_path) / "panoptic.json"
    content = json.loads(path.read_text())
    made.write_photo(tmp_path / "images" / "b.png", height=40, width=40)
    made.write_photo(tmp_path / "images" / "c.png", height=40, width=40)
    content["images"] += [{"id": n, "file_name": f"{n}.png", "height": 40, "width": 40} for n in "bc"]
    content["annotations"] += [
        {"image_id": "b", "file_name": "b.png", "segments_info": []},
        {"image_id": 99, "file_name": "d.png", "segments_info": []},
        "nothing",
    ]
    path.write_text(json.dumps(content))
    data_set = read_data_set(tmp_path, DEFAULT)
    assert [image.path.name for image in data_set.images] == ["a.png"]
    assert {one.item: one.reason for one in data_set.skipped} == {
        "labels 'd.png'": "belong to no usable photo (image_id 99)",
        "labels 'None'": "belong to no usable photo (image_id None)",
        "photo 'c.png'": "has no labels in panoptic.json",
        "photo images/b.png": "its labels panoptic/b.png are missing",
    }


def test_two_panoptic_files_and_no_photos_are_refused(tmp_path):
    made.panoptic_set(tmp_path)
    (tmp_path / "images").rename(tmp_path / "pictures")
    with pytest.raises(TrainingError, match="has labels but no photos"):
        read_data_set(tmp_path, DEFAULT)
    made.write_ids(tmp_path / "other" / "a.png", np.zeros((4, 4), dtype=np.uint8))
    (tmp_path / "other.json").write_text("{}")
    with pytest.raises(TrainingError, match=r"several panoptic files \(other\.json, panoptic\.json\)"):
        read_data_set(tmp_path, DEFAULT)


@pytest.mark.parametrize(("old", "new"), [('"segments_info"', '"segments"'), ('"id": 9', '"id": [9]')])
def test_segments_without_information_are_refused_when_read(tmp_path, old, new):
    path = made.panoptic_set(tmp_path) / "panoptic.json"
    path.write_text(path.read_text().replace(old, new))
    image = read_data_set(tmp_path, DEFAULT).images[0]
    with pytest.raises(TrainingError, match="no usable segments_info"):
        image.readers[0]()


def test_instances_are_one_a_number_also_in_parts(tmp_path):
    data_set = read_data_set(made.instance_set(tmp_path / "nuclei"), DEFAULT)
    assert (data_set.format, data_set.unnamed, [c.name for c in data_set.categories]) == (
        "instances",
        "thing",
        ["nuclei"],
    )
    labels = data_set.images[0].readers[0]()
    assert labels.complete
    assert [(one.category, one.mask.area) for one in labels.masks] == [("nuclei", 36), ("nuclei", 56)]
    named = read_data_set(tmp_path / "nuclei", SourceConfig(category="nucleus"))
    assert [c.name for c in named.categories] == ["nucleus"]
    assert named.images[0].readers[0]().masks[0].category == "nucleus"


def test_the_nuclei_are_read_as_their_files_say():
    folder = made.real_set("nuclei")
    data_set = read_data_set(folder, DEFAULT)
    assert len(data_set.images) == 100
    for image in data_set.images[:5]:
        ids = cv2.imread(str(folder / "labels" / f"{image.path.stem}.png"), cv2.IMREAD_UNCHANGED)
        areas = np.bincount(ids.ravel())[1:]
        assert [one.mask.area for one in image.readers[0]().masks] == areas[areas > 0].tolist()


def test_an_image_of_nothing_is_complete(tmp_path):
    made.instance_set(tmp_path)
    made.write_ids(tmp_path / "labels" / "a.png", np.zeros((20, 30), dtype=np.uint16))
    labels = first_labels(tmp_path)
    assert (labels.masks, labels.ignored, labels.complete) == ((), None, True)


@pytest.mark.parametrize(("made_set", "folder"), [(made.instance_set, "labels"), (made.salient_set, "masks")])
def test_label_files_that_do_not_fit_are_skipped_by_name(tmp_path, made_set, folder):
    made_set(tmp_path)
    for name in "bcde":
        made.write_photo(tmp_path / "images" / f"{name}.png", height=20, width=30)
    made.write_ids(tmp_path / folder / "b.png", np.zeros((30, 20), dtype=np.uint8))
    (tmp_path / folder / "c.png").write_bytes(b"no PNG, though long enough for a header")
    (tmp_path / folder / "d.png").write_bytes(b"\x89PNG")
    made.write_ids(tmp_path / folder / "z.png", np.zeros((20, 30), dtype=np.uint8))
    data_set = read_data_set(tmp_path, DEFAULT)
    assert [image.path.name for image in data_set.images] == ["a.png"]
    reasons = {one.item: one.reason for one in data_set.skipped}
    assert reasons.pop("photo images/d.png").startswith(f"its labels {folder}/d.png cannot be read")
    assert reasons == {
        f"{folder}/z.png": "has no photo in images/",
        "photo images/b.png": "is 30×20, but 20×30 in b.png",
        "photo images/c.png": f"its labels {folder}/c.png are no PNG",
        "photo images/e.png": f"its labels {folder}/e.png are missing",
    }


def test_a_photo_without_partitions_is_skipped(tmp_path):
    made.partition_set(tmp_path)
    made.write_photo(tmp_path / "train" / "b.png")
    made.write_ids(tmp_path / "train" / "a_x_0.png", np.ones((20, 30), dtype=np.uint16))
    assert skipped_of(tmp_path) == {"train/b.png": "has no b_0.png beside it"}
    assert len(read_data_set(tmp_path, DEFAULT).images[0].readers) == 2


def test_specks_are_ignored_where_labels_are_complete_and_kept_in_whole_categories(tmp_path):
    made.named_semantic_set(tmp_path)
    ids = cv2.imread(str(tmp_path / "labels" / "a.png"), cv2.IMREAD_UNCHANGED)
    (tmp_path / "labels.txt").write_text("table cloth\nhat\nshoe\n")
    image = read_data_set(tmp_path, DEFAULT).images[0]
    labels, whole = image.readers[0](), image.category_labels()
    assert labels.complete
    assert [one.category for one in labels.masks] == ["table cloth", "hat", "hat"]
    np.testing.assert_array_equal(labels.ignored.to_array(), ids == 2)
    assert [one.category for one in whole.masks] == ["table cloth", "hat", "shoe"]
    for value, one in enumerate(whole.masks):
        np.testing.assert_array_equal(one.mask.to_array(), ids == value)
    assert whole.ignored is None


def test_an_id_beyond_the_names_has_no_name(tmp_path):
    made.named_semantic_set(tmp_path)
    (tmp_path / "labels.txt").write_text("null\n")
    assert [one.category for one in first_labels(tmp_path).masks] == [None, None]


def test_names_that_are_no_text_are_refused(tmp_path):
    made.named_semantic_set(tmp_path)
    (tmp_path / "labels.txt").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(FormatError, match=r"labels\.txt: is no UTF-8"):
        read_data_set(tmp_path, DEFAULT)


def exported(folder, write):
    """Maskwright's own export of one photo: grass with a cat before it, and a crowd of cats."""
    label_set = LabelSet.of([Category(7, "old grass", False, (0, 99, 0)), Category(4, "cat", True, (9, 9, 9))])
    masks = [made.box(20, 30, 8, 0, 20, 30), made.box(20, 30, 4, 4, 16, 16), made.box(20, 30, 0, 20, 8, 30)]
    segments = tuple(
        Segment(number, Mask.from_array(mask), category, number, Source.DRAWN, crowd=number == 3)
        for number, (mask, category) in enumerate(zip(masks, (7, 4, 4), strict=True), start=1)
    )
    made.write_photo(folder / "images" / "a.png", height=20, width=30)
    truth = Truth(20, 30, segments=segments, progress=Progress.DONE)
    image = ExportImage("mine.png", export_name="a.png", image_id=1, height=20, width=30, truth=truth)
    write([image], label_set, folder)
    return read_data_set(folder, DEFAULT), masks


def test_what_is_exported_as_coco_comes_back(tmp_path):
    data_set, masks = exported(tmp_path, write_coco_instances)
    assert [(c.id, c.name, c.is_thing) for c in data_set.categories] == [(7, "old grass", False), (4, "cat", True)]
    labels = data_set.images[0].readers[0]()
    for one, expected in zip(labels.masks, masks[:2], strict=True):
        np.testing.assert_array_equal(one.mask.to_array(), expected)
    np.testing.assert_array_equal(labels.ignored.to_array(), masks[2])


def test_what_is_exported_as_panoptic_comes_back(tmp_path):
    data_set, (grass, cat, crowd) = exported(tmp_path, write_coco_panoptic)
    labels = data_set.images[0].readers[0]()
    by_name = {one.category: one.mask.to_array() for one in labels.masks}
    np.testing.assert_array_equal(by_name["cat"], cat)
    np.testing.assert_array_equal(by_name["old grass"], grass & ~cat)
    np.testing.assert_array_equal(labels.ignored.to_array(), crowd | ~(grass | cat))


def test_what_is_exported_as_semantic_png_comes_back(tmp_path):
    data_set, (grass, cat, crowd) = exported(tmp_path, write_semantic_png)
    assert data_set.format == "semantic"
    assert [(c.id, c.name, c.is_thing) for c in data_set.categories] == [(7, "old grass", False), (4, "cat", True)]
    labels = data_set.images[0].category_labels()
    by_name = {one.category: one.mask.to_array() for one in labels.masks}
    np.testing.assert_array_equal(by_name["cat"], cat | crowd)
    np.testing.assert_array_equal(by_name["old grass"], grass & ~cat)
    np.testing.assert_array_equal(labels.ignored.to_array(), ~(grass | cat | crowd))


@pytest.mark.parametrize("content", ["", "[]", '{"labels": [{"index": 3}], "void": 255}', '{"labels": []}'])
def test_a_broken_list_of_labels_is_named(tmp_path, content):
    exported(tmp_path, write_semantic_png)
    (tmp_path / "labels.json").write_text(content)
    with pytest.raises(FormatError, match=r"labels\.json: (is no JSON|has no list|label 1 cannot|void is)"):
        read_data_set(tmp_path, DEFAULT)
